"""What staff put right about a person: each by its own small form, with a permission of its own, and on record."""

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from preferences import ledger
from preferences.decisions.decide import ask_about, decide
from preferences.enums import Channel, ContactKind, MessageClass, Reason
from preferences.imports.suppress import suppress_domain
from preferences.models import Event, Sale
from tests.factories import ContactPointFactory, RecipientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(kari):
    return reverse("admin:preferences_recipient_facts", args=[kari.pk])


@pytest.fixture
def phone(kari):
    return ContactPointFactory(recipient=kari, kind=ContactKind.PHONE, value="+4740000000")


def details(**fields) -> dict[str, str]:
    known = {"country": "NO", "relationship": "business_customer", "language": "nb", "organisation": ""}
    return {"form": "details", **{f"details-{name}": value for name, value in {**known, **fields}.items()}}


def sale(seller, **fields) -> dict[str, object]:
    told = {"brand": seller.pk, "sold_on": "2026-05-20", "subject": "Payroll, one year", **fields}
    return {"form": "sale", **{f"sale-{name}": value for name, value in told.items()}}


def screening(point, **fields) -> dict[str, object]:
    told = {"number": point.pk, "screened_at": "2026-05-20T12:00", "on_register": "no", **fields}
    return {"form": "screening", **{f"screening-{name}": value for name, value in told.items()}}


def text_of(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_details_are_put_right_and_the_edit_is_on_record(kari, path, staff):
    answer = staff.post(
        path, details(relationship="business_prospect", language="en", organisation="Fjord AS"), follow=True
    )

    kari.refresh_from_db()
    assert (kari.country, kari.relationship, kari.language, kari.organisation) == (
        *("NO", "business_prospect", "en", "Fjord AS"),
    )
    edit = LogEntry.objects.get()
    assert (edit.user, edit.object_id) == (staff.user, str(kari.pk))
    assert edit.change_message == (
        "Language; Relationship: business_customer → business_prospect; Organisation"
    )
    assert "business_customer → business_prospect" in text_of(answer)
    assert not Event.objects.exists()


def test_what_makes_the_law_laxer_has_to_be_meant(kari, path, staff):
    answer = staff.post(path, details(country="us"))

    assert answer.status_code == 400
    kari.refresh_from_db()
    assert kari.country == "NO"
    assert "E-mail" in answer.context["relaxed"]
    assert 'name="details-may_relax"' in text_of(answer)

    staff.post(path, details(country="us", may_relax="on"))
    kari.refresh_from_db()
    assert kari.country == "US"


def test_a_gap_is_filled_and_emptied_without_further_ado(path, staff, kari):
    kari.country = kari.relationship = ""
    kari.save()

    assert staff.post(path, details()).status_code == 302
    kari.refresh_from_db()
    assert (kari.country, kari.relationship) == ("NO", "business_customer")

    assert staff.post(path, details(country="", relationship="")).status_code == 302
    kari.refresh_from_db()
    assert (kari.country, kari.relationship) == ("", "")


def test_a_language_we_have_no_texts_in_is_kept(path, staff, kari):
    kari.language = "fr"
    kari.save()

    assert staff.post(path, details(language="fr", organisation="Fjord AS")).status_code == 302
    kari.refresh_from_db()
    assert (kari.language, kari.organisation) == ("fr", "Fjord AS")


@pytest.mark.parametrize(
    "fields",
    [
        {"country": "Norway"},
        {"country": "XX"},
        {"relationship": "friend"},
        {"language": "xx"},
        {"organisation": "F" * 161},
        {"born_on": "2999-01-01"},
        {"born_on": "1800-01-01"},
        {"born_on": "yesterday"},
    ],
)
def test_bad_details_change_nothing(fields, kari, path, staff):
    answer = staff.post(path, details(**fields))

    assert answer.status_code == 400
    assert answer.context["forms"]["details"].errors
    kari.refresh_from_db()
    assert (kari.country, kari.born_on) == ("NO", None)
    assert not LogEntry.objects.exists()


def test_a_sale_is_put_on_record_and_lets_customers_be_written_to(kari, news, path, staff):
    ask = ask_about(key=news.key, channel=Channel.EMAIL)

    def reason() -> Reason:
        return decide(
            recipient=kari.pk, ask=ask, message_class=MessageClass.MARKETING, now=timezone.now()
        ).reason

    assert reason() is Reason.LAW_REQUIRES_SALE
    staff.post(path, sale(news.brand))
    assert reason() is Reason.LAW_REQUIRES_SALE, "nobody could refuse"
    staff.post(path, sale(news.brand, subject="Time sheets", refusal_offered="on"))
    assert reason() is Reason.LAW_ALLOWS_CUSTOMERS

    answer = staff.post(path, sale(news.brand, subject="Time sheets", refusal_offered="on"), follow=True)
    assert "It was already so." in text_of(answer)
    assert Sale.objects.count() == 2
    assert "Time sheets" in text_of(staff.get(reverse("admin:preferences_recipient_change", args=[kari.pk])))
    assert not LogEntry.objects.filter(change_message__contains="Time sheets").exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"brand": ""},
        {"brand": "0"},
        {"sold_on": "2999-01-01"},
        {"sold_on": "1800-01-01"},
        {"subject": ""},
        {"subject": "To kari@example.com"},
        {"subject": "x" * 161},
    ],
)
def test_a_bad_sale_is_not_recorded(fields, acme, path, staff):
    answer = staff.post(path, sale(acme, **fields))

    assert answer.status_code == 400
    assert not Sale.objects.exists()


def test_a_look_into_the_register_is_put_on_record(phone, path, staff):
    staff.post(path, screening(phone, on_register="yes"))

    phone.refresh_from_db()
    assert (phone.screened_at, phone.on_register) == (dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC), True)

    staff.post(path, screening(phone, screened_at="2026-05-19T12:00"))
    phone.refresh_from_db()
    assert phone.on_register is True, "an older look changes nothing"

    staff.post(path, screening(phone, screened_at="2026-05-21T12:00"))
    phone.refresh_from_db()
    assert phone.on_register is False


def test_a_look_at_what_is_no_number_of_theirs_is_refused(kari, phone, path, staff):
    other = ContactPointFactory(kind=ContactKind.PHONE, value="+4740000001")
    for point in (other, kari.contact_points.get(kind=ContactKind.EMAIL)):
        assert staff.post(path, screening(point)).status_code == 400
        point.refresh_from_db()
        assert point.screened_at is None
    for fields in ({"screened_at": "2999-01-01T12:00"}, {"on_register": ""}, {"number": ""}):
        assert staff.post(path, screening(phone, **fields)).status_code == 400


def test_an_address_works_again(kari, path, staff):
    point = kari.contact_points.get()
    point.unreachable_at = timezone.now()
    point.save()
    other = ContactPointFactory(unreachable_at=timezone.now())
    assert "unreachable since" in text_of(
        staff.get(reverse("admin:preferences_recipient_change", args=[kari.pk]))
    )

    for number in (other.pk, "x", "9" * 30, ""):
        staff.post(path, {"form": "reachable", "contact_point": number})
    staff.post(path, {"form": "reachable", "contact_point": point.pk})

    point.refresh_from_db()
    other.refresh_from_db()
    assert point.unreachable_at is None
    assert other.unreachable_at is not None


def test_every_form_has_its_permission(kari, acme, phone, path, sign_in):
    forms = {
        "change_recipient": details(organisation="Fjord AS"),
        "add_sale": sale(acme),
        "change_contactpoint": screening(phone),
    }
    for permission in forms:
        client = sign_in("")
        granted = Permission.objects.filter(
            content_type__app_label="preferences", codename__in=["view_recipient", permission]
        )
        client.user.user_permissions.set(granted)
        statuses = {name: client.post(path, data).status_code for name, data in forms.items()}
        assert statuses == {name: 302 if name == permission else 403 for name in forms}
    assert sign_in("support").post(path, {"form": "everything"}).status_code == 403


def test_who_was_erased_or_merged_has_no_facts(kari, anonymous, path, staff):
    ledger.merge(surviving=anonymous.pk, absorbed=kari.pk, reason="One person.", now=timezone.now())
    screen = reverse("admin:preferences_recipient_change", args=[kari.pk])
    assert staff.post(path, details(organisation="Fjord AS")).headers["Location"] == screen
    ledger.erase(recipient=anonymous.pk, now=timezone.now())
    other = reverse("admin:preferences_recipient_facts", args=[anonymous.pk])
    assert staff.get(other).status_code == 302
    kari.refresh_from_db()
    assert kari.organisation == ""


def test_the_screen_shows_what_stands_in_the_way(kari, phone, acme, staff, path):
    suppress_domain(domain="example.com", reason="competitor", note="", by=None, now=timezone.now())
    kari.born_on = timezone.now().date() - dt.timedelta(days=5 * 365)
    kari.save()
    staff.post(path, screening(phone, on_register="yes"))

    shown = text_of(staff.get(reverse("admin:preferences_recipient_change", args=[kari.pk])))

    for part in (
        "domain suppressed",
        "in the do-not-call register on 20 May 2026",
        "below the minimum of 15 years",
        path,
    ):
        assert part in shown, part
    assert str(kari.born_on.year) not in shown


def test_the_number_of_queries_does_not_grow(kari, acme, staff, path):
    screen = reverse("admin:preferences_recipient_change", args=[kari.pk])

    def queries(page: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert staff.get(page).status_code == 200
        return len(captured)

    def more(number: int) -> None:
        ContactPointFactory(recipient=kari, kind=ContactKind.PHONE, value=f"+474000000{number}")
        staff.post(path, sale(acme, subject=f"Payroll {number}"))

    more(1)
    with_one = [queries(page) for page in (path, screen)]
    for number in range(2, 8):
        more(number)
    assert [queries(page) for page in (path, screen)] == with_one


def test_nobody_there(staff):
    RecipientFactory()
    assert staff.get(reverse("admin:preferences_recipient_facts", args=[0])).status_code == 404
