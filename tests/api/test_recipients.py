"""Tell who people are."""

import pytest
from django.utils import timezone

from preferences.enums import State
from preferences.models import Choice, ContactPoint, Recipient, Sale
from preferences.scope import Scope

pytestmark = pytest.mark.django_db

FULL = {
    "external_id": "C-1042",
    "email": "Kari@Example.com",
    "phone": "+47 900 00 000",
    "postal": "Storgata 1, 0155 Oslo",
    "country": "NO",
    "relationship": "consumer_customer",
    "organisation": "",
    "language": "nb",
    "born_on": "1990-05-03",
    "sales": [{"brand": "acme", "sold_on": "2026-01-01", "subject": "A lamp", "refusal_offered": True}],
    "screening": {"screened_at": "2026-10-01T00:00:00Z", "on_register": False},
}


def put(program, *people):
    return program.put("/recipients", {"people": list(people)})


def test_somebody_new(shop, acme):
    (result,) = put(shop, FULL).json["results"]
    row = Recipient.objects.get()
    assert (result["recipient"], result["created"], result["problem"]) == (row.pk, True, None)
    assert result["sentence"] == ""
    assert (row.external_id, row.country, row.relationship, row.language) == (
        "C-1042",
        "NO",
        "consumer_customer",
        "nb",
    )
    assert ContactPoint.objects.count() == 3
    assert Sale.objects.get().subject == "A lamp"


def test_twice_changes_nothing(shop, acme):
    put(shop, FULL)
    (result,) = put(shop, FULL).json["results"]
    assert (result["created"], result["filled"], result["changed"], result["kept"]) == (False, [], [], [])


def test_each_record_by_itself(shop):
    results = put(
        shop,
        {"external_id": "C-1", "country": "XX"},
        {"external_id": "C-2", "country": "no"},
        {"external_id": "C-3", "relationship": "friend"},
        {"email": "kari(at)example.com"},
        {},
        {"external_id": "C-4", "country": "NO"},
        {"external_id": "C-4", "country": "NO"},
    ).json["results"]
    assert [result["problem"] for result in results] == [
        "country_invalid",
        "country_invalid",
        "relationship_invalid",
        "email_invalid",
        "nobody_named",
        None,
        None,
    ]
    assert results[0]["sentence"] == "A country is two capital letters, ISO 3166-1."
    assert results[5]["recipient"] == results[6]["recipient"]
    assert Recipient.objects.count() == 1


def test_nobody_at_all(shop):
    assert put(shop).json == {"results": []}
    assert put(shop, *[{}] * 1001).problem == (422, "invalid")


def test_a_profile_never_widens(shop, say):
    """Out of the strictest countries nobody moves into a laxer one by an upload."""
    put(shop, {"external_id": "C-1", "country": "DE", "relationship": "consumer_prospect"})
    row = Recipient.objects.get()
    say(row, State.OPTED_OUT, Scope.all_marketing())
    (result,) = put(shop, {"external_id": "C-1", "country": "US", "relationship": "business_customer"}).json[
        "results"
    ]
    assert result["kept"]
    assert Choice.objects.get().state == "opted_out"


@pytest.mark.parametrize(
    "record",
    [
        {"external_id": 1},
        {"external_id": "C-1", "born_on": "3 May 1990"},
        {"external_id": "C-1", "born_on": 0},
        {"external_id": "C-1", "born_on": "0"},
        {"external_id": "C-1", "born_on": "86400"},
        {"external_id": "C-1", "born_on": "1990-05-03T00:00:00"},
        {"external_id": "C-1", "born_on": "1990-5-3"},
        {"external_id": "C-1", "born_on": "1990-02-30"},
        {"external_id": "C-1", "sales": [{"brand": "acme"}]},
        {"external_id": "C-1", "screening": {"screened_at": "2026-10-01", "on_register": False}},
        {"external_id": "C-1", "screening": {"screened_at": "2026-10-01T00:00:00Z", "on_register": "no"}},
        {"external_id": "C-1", "choices": []},
        "C-1",
    ],
)
def test_a_record_of_another_shape_refuses_them_all(shop, acme, record):
    assert put(shop, {"external_id": "C-0"}, record).problem == (422, "invalid")
    assert not Recipient.objects.exists()


def test_the_answer_repeats_no_address(shop, acme):
    content = put(shop, FULL, {**FULL, "email": "kari(at)example.com"}).content
    for text in (b"ari@", b"kari", b"900", b"Storgata", b"C-1042"):
        assert text not in content


def test_look_up(shop, kari, anonymous):
    assert shop.post("/recipients/lookup", {"email": "KARI@example.com"}).json == {"recipient": kari.pk}
    assert shop.post("/recipients/lookup", {"email": "x@example.com"}).problem == (404, "recipient_unknown")
    assert shop.post("/recipients/lookup", {"recipient": 2**62}).problem == (404, "recipient_unknown")
    type(kari).objects.filter(pk=kari.pk).update(merged_into=anonymous, external_id="C-9")
    assert shop.post("/recipients/lookup", {"external_id": "C-9"}).json == {"recipient": anonymous.pk}
    fault = shop.post("/recipients/lookup", {"email": "not an address"})
    assert (fault.problem, fault.json["errors"][0]["location"]) == ((422, "address_invalid"), "body")


def test_constant_queries(shop, acme, django_assert_max_num_queries):
    put(shop, {"external_id": "C-0"})
    with django_assert_max_num_queries(14):
        put(
            shop,
            *[{"external_id": f"D-{number}", "email": f"d{number}@example.com"} for number in range(500)],
        )


def test_made_now(shop):
    before = timezone.now()
    put(shop, {"external_id": "C-1"})
    assert before <= Recipient.objects.get().created_at <= timezone.now()


@pytest.mark.parametrize(
    "external_id", ['=HYPERLINK("http://x.example","y")', "+1", "-1", "@a", "\t1", "\r=1"]
)
def test_an_external_id_is_no_formula(shop, external_id):
    (result,) = shop.put("/recipients", {"people": [{"external_id": external_id}]}).json["results"]
    assert (result["created"], result["problem"]) == (False, "external_id_invalid")
