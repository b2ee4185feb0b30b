import datetime as dt

import pytest

from preferences import ledger
from preferences.enums import Actor, Channel, ContactKind, Kind, Route, Source, State
from preferences.ledger import Change, Evidence
from preferences.models import Choice, ContactPoint, Event, Recipient
from preferences.models.wording import WordingText
from preferences.scope import Scope
from tests.factories import ContactPointFactory, RecipientFactory

NOW = dt.datetime(2026, 5, 3, 14, 0, 0, 123456, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)


def test_person_as_json(run, kari, support, news, activity):
    news_by_email = Scope(kind=Kind.MARKETING, brand=news.brand_id, purpose=news.pk, channel=Channel.EMAIL)
    (yes,) = ledger.record(
        recipient=kari.pk,
        changes=[
            Change(
                scope=news_by_email,
                state=State.OPTED_IN,
                wording=WordingText(language="nb", text="Produktnytt på e-post."),
            )
        ],
        evidence=Evidence(source=Source.LINK, fresh=True),
        now=NOW,
    ).results
    stopped, refused = ledger.record(
        recipient=kari.pk,
        changes=[
            Change(scope=Scope.all_marketing(), state=State.OPTED_OUT),
            Change(scope=Scope(kind=Kind.PROFILING, purpose=activity.pk), state=State.OPTED_OUT),
        ],
        evidence=Evidence(
            source=Source.STAFF,
            actor=Actor.STAFF,
            staff=support.pk,
            route=Route.PHONE,
            reason="Called and asked.",
            occurred_at=NOW + dt.timedelta(minutes=30),
        ),
        now=LATER,
    ).results

    ended = run("person", "  KARI@Example.COM", "--json")

    assert (ended.status, ended.err) == (0, "")
    by_email = {"kind": "marketing", "brand": "acme", "purpose": "acme-news", "channel": "email"}
    everything = {"kind": "marketing", "brand": None, "purpose": None, "channel": None}
    profiling = {"kind": "profiling", "brand": None, "purpose": "activity", "channel": None}
    by_staff = {
        "source": "staff",
        "actor": "staff",
        "reason": "Called and asked.",
        "wording": None,
        "occurred_at": "2026-05-03T14:30:00.123456Z",
        "recorded_at": "2026-05-03T15:00:00.123456Z",
    }
    asked = {"source": "staff", "occurred_at": "2026-05-03T14:30:00.123456Z"}
    assert ended.json == {
        "recipient": {
            "id": kari.pk,
            "external_id": None,
            "language": "nb",
            "country": "NO",
            "relationship": "business_customer",
            "organisation": "",
            "account": True,
            "created_at": "2025-01-01T12:00:00Z",
            "contact_points": [{"kind": "email", "value": "kari@example.com", "verified_at": None}],
            "absorbed": [],
        },
        "choices": [
            {
                **by_email,
                "state": "opted_in",
                "source": "link",
                "occurred_at": "2026-05-03T14:00:00.123456Z",
                "event": yes.event,
            },
            {**everything, "state": "opted_out", **asked, "event": stopped.event},
            {**profiling, "state": "opted_out", **asked, "event": refused.event},
        ],
        "events": [
            {
                "id": yes.event,
                "recipient": kari.pk,
                **by_email,
                "state": "opted_in",
                "source": "link",
                "actor": "recipient",
                "reason": "",
                "wording": "Produktnytt på e-post.",
                "occurred_at": "2026-05-03T14:00:00.123456Z",
                "recorded_at": "2026-05-03T14:00:00.123456Z",
            },
            {"id": stopped.event, "recipient": kari.pk, **everything, "state": "opted_out", **by_staff},
            {"id": refused.event, "recipient": kari.pk, **profiling, "state": "opted_out", **by_staff},
        ],
    }


def test_person_shows_the_events_of_those_absorbed(run, kari, anonymous):
    stop = [Change(scope=Scope.all_profiling(), state=State.OPTED_OUT)]
    ledger.record(recipient=anonymous.pk, changes=stop, evidence=Evidence(source=Source.LINK), now=NOW)
    ledger.merge(surviving=kari.pk, absorbed=anonymous.pk, reason="One person.", now=LATER)

    person = run("person", "anonymous@example.com", "--json").json

    assert person["recipient"]["id"] == kari.pk
    assert person["recipient"]["absorbed"] == [anonymous.pk]
    assert [(event["recipient"], event["source"]) for event in person["events"]] == [
        (anonymous.pk, "link"),
        (kari.pk, "merge"),
    ]
    assert [choice["source"] for choice in person["choices"]] == ["merge"]


def test_person_as_text(run, kari, news):
    (result,) = ledger.record(
        recipient=kari.pk,
        changes=[Change(scope=Scope(kind=Kind.MARKETING, brand=news.brand_id), state=State.OPTED_OUT)],
        evidence=Evidence(source=Source.ACCOUNT),
        now=NOW,
    ).results

    assert run("person", "kari@example.com").out == (
        f"recipient\t{kari.pk}\tNO\tbusiness_customer\tnb\n"
        "email\tkari@example.com\tnot verified\n"
        f"choice\tmarketing/acme/*/*\topted_out\taccount\t2026-05-03T14:00:00.123456Z\t#{result.event}\n"
        f"event #{result.event}\tmarketing/acme/*/*\topted_out\taccount\trecipient\t"
        "2026-05-03T14:00:00.123456Z\t-\n"
    )


@pytest.mark.parametrize("events", [1, 12])
def test_person_needs_as_many_queries_for_a_long_history(run, kari, django_assert_num_queries, events):
    for number in range(events):
        # Each repeals the one before on another scope, so that each is written.
        ledger.record(
            recipient=kari.pk,
            changes=[
                Change(
                    scope=Scope(kind=Kind.MARKETING, channel=list(Channel)[number % 7]), state=State.OPTED_OUT
                ),
                Change(scope=Scope.all_profiling(), state=State.OPTED_OUT),
            ],
            evidence=Evidence(source=Source.LINK),
            now=NOW,
        )
    with django_assert_num_queries(5):
        run("person", "kari@example.com", "--json")


def test_create_adds_somebody_unknown(run, db):
    ended = run(
        "person",
        "Ny.Person@Example.com",
        "--create",
        *("--country", "NO", "--relationship", "business_customer", "--language", "nb", "--json"),
    )

    recipient = Recipient.objects.get()
    point = ContactPoint.objects.get()
    assert ended.status == 0
    assert ended.err == f"Created recipient {recipient.pk}.\n"
    assert ended.json["recipient"] == {
        "id": recipient.pk,
        "external_id": None,
        "language": "nb",
        "country": "NO",
        "relationship": "business_customer",
        "organisation": "",
        "account": False,
        "created_at": ended.json["recipient"]["created_at"],
        "contact_points": [{"kind": "email", "value": "Ny.Person@Example.com", "verified_at": None}],
        "absorbed": [],
    }
    assert (ended.json["choices"], ended.json["events"]) == ([], [])
    assert (point.recipient, point.kind, point.normalized) == (
        recipient,
        ContactKind.EMAIL,
        "ny.person@example.com",
    )


def test_create_without_details_leaves_them_unknown(run, db):
    recipient = run("person", "new@example.com", "--create", "--json").json["recipient"]

    assert (recipient["country"], recipient["relationship"], recipient["language"]) == ("", "", "")


@pytest.mark.parametrize("spelling", ["old@example.com", " OLD@EXAMPLE.COM ", "ｏｌｄ@example.com"])
def test_create_fills_only_what_is_missing_of_somebody_known(run, db, spelling):
    known = RecipientFactory(email="old@example.com", country="SE", language="", relationship="")
    ledger.record(
        recipient=known.pk,
        changes=[Change(scope=Scope.all_marketing(), state=State.OPTED_OUT)],
        evidence=Evidence(source=Source.LINK),
        now=NOW,
    )
    before = (list(Choice.objects.values()), list(Event.objects.values()), ContactPoint.objects.count())

    ended = run("person", spelling, "--create", "--country", "NO", "--language", "nb", "--json")

    assert ended.err == f"Recipient {known.pk} exists; filled: language; kept as it was: country.\n"
    recipient = ended.json["recipient"]
    assert (recipient["id"], recipient["country"], recipient["language"]) == (known.pk, "SE", "nb")
    assert (
        list(Choice.objects.values()),
        list(Event.objects.values()),
        ContactPoint.objects.count(),
    ) == before


def test_create_twice_is_one_person(run, db):
    first = run("person", "new@example.com", "--create", "--country", "NO", "--json")
    second = run("person", "NEW@example.com", "--create", "--country", "NO", "--json")

    assert first.json == second.json
    assert second.err.endswith("filled: nothing; kept as it was: nothing.\n")
    assert Recipient.objects.count() == 1


def test_an_erased_person_is_unknown(run, kari):
    ledger.erase(recipient=kari.pk, now=NOW)

    assert run("person", "kari@example.com").status == 1


def test_a_number_that_looks_like_nobody_is_not_mixed_up(run, kari):
    ContactPointFactory(recipient=kari, kind=ContactKind.PHONE, value="+4740000000")

    points = run("person", "kari@example.com", "--json").json["recipient"]["contact_points"]

    assert [(point["kind"], point["value"]) for point in points] == [
        ("email", "kari@example.com"),
        ("phone", "+4740000000"),
    ]
