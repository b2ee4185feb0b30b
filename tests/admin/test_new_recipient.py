"""Adding a person who calls: an address or number, and nothing said on their behalf."""

import pytest
from django.urls import reverse

from preferences.models import ContactPoint, Event, Recipient

pytestmark = pytest.mark.django_db


@pytest.fixture
def path():
    return reverse("admin:preferences_recipient_add")


def test_a_person_is_added_with_what_is_known(path, staff):
    answer = staff.post(
        path,
        {
            "email": "Berit@Example.com",
            "phone": "0047 99 88 77 66",
            "country": "no",
            "relationship": "business_prospect",
            "language": "nb",
            "organisation": "Fjord AS",
            "external_id": "",
        },
    )

    recipient = Recipient.objects.get()
    assert answer.headers["Location"] == reverse("admin:preferences_recipient_change", args=[recipient.pk])
    assert (recipient.country, recipient.relationship, recipient.language, recipient.organisation) == (
        "NO",
        "business_prospect",
        "nb",
        "Fjord AS",
    )
    assert recipient.external_id is None
    assert {
        (point.kind, point.normalized, point.verified_at) for point in recipient.contact_points.all()
    } == {
        ("email", "berit@example.com", None),
        ("phone", "+4799887766", None),
    }
    assert not Event.objects.exists()


BAD = {
    "nothing": {},
    "only details": {"country": "NO"},
    "not an address": {"email": "berit"},
    "not a number": {"phone": "call me"},
    "a number without country code": {"phone": "99887766"},
    "not a country": {"email": "berit@example.com", "country": "Norway"},
    "not a relationship": {"email": "berit@example.com", "relationship": "friend"},
    "an address of somebody": {"email": "KARI@example.com"},
    "an id of somebody": {"email": "berit@example.com", "external_id": "CRM-1"},
    "a line break": {"email": "berit@example.com\nBcc: x@example.com"},
    "a null byte": {"email": "berit\x00@example.com"},
}


@pytest.mark.parametrize("fields", BAD.values(), ids=BAD.keys())
def test_bad_input_adds_nobody(fields, path, kari, staff):
    Recipient.objects.filter(pk=kari.pk).update(external_id="CRM-1")

    answer = staff.post(path, fields)

    assert answer.status_code == 400
    assert answer.context["form"].errors
    assert Recipient.objects.count() == 1
    assert ContactPoint.objects.count() == 1


def test_an_address_that_is_known_names_its_recipient(path, kari, staff):
    answer = staff.post(path, {"email": "kari@example.com"})

    assert answer.context["form"].errors["email"] == [f"This belongs to recipient #{kari.pk} already."]
