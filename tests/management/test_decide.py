import datetime as dt

import pytest
from django.utils import timezone

from preferences import ledger
from preferences.decisions.rules_in_force import current_rules
from preferences.enums import Channel, Kind, Source, State
from preferences.ledger import Change, Evidence
from preferences.models import Choice, Event, Recipient
from preferences.scope import Scope
from tests.factories import CREATED_AT, BrandFactory, TopicFactory

pytestmark = pytest.mark.django_db

KARI = "kari@example.com"


def say(person, topic, state, *, now=None):
    ledger.record(
        recipient=person.pk,
        changes=[
            Change(
                scope=Scope(
                    kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=Channel.EMAIL
                ),
                state=state,
            )
        ],
        evidence=Evidence(source=Source.ACCOUNT),
        now=now or timezone.now(),
    )
    return Event.objects.order_by("pk").last()


def test_json(run, kari, news):
    event = say(kari, news, State.OPTED_IN)

    ended = run("decide", " KARI@example.com ", "--topic", "acme-news", "--channel", "email", "--json")

    assert (ended.status, ended.err) == (0, "")
    assert ended.json == {
        "allowed": True,
        "reason": "choice_opted_in",
        "sentence": ended.json["sentence"],
        "legal_basis": "consent",
        "rule": "NO/email/business_customer",
        "rules_version": current_rules().version,
        "event": event.pk,
        "tracking": False,
        "recipient": kari.pk,
    }
    assert ended.json["sentence"]


def test_text_is_one_line_in_the_same_order(run, kari, news):
    say(kari, news, State.OPTED_OUT)

    as_json = run("decide", KARI, "--topic", "acme-news", "--channel", "email", "--json").json
    text = run("decide", KARI, "--topic", "acme-news", "--channel", "email").out

    assert text.endswith("\n")
    assert text.rstrip("\n").split("\t") == [
        "-" if value in (None, "") else str(value) for value in as_json.values()
    ]
    assert as_json["reason"] == "choice_opted_out"


def test_somebody_nobody_knows_is_denied(run, news):
    ended = run("decide", "nobody@example.com", "--topic", "acme-news", "--channel", "email", "--json")

    assert (ended.status, ended.json["allowed"], ended.json["reason"]) == (0, False, "recipient_unknown")
    assert ended.json["recipient"] is None
    assert not Recipient.objects.exists()


def test_a_service_message_passes_a_no(run, kari, news):
    say(kari, news, State.OPTED_OUT)

    ended = run(
        *("decide", KARI, "--topic", "acme-news", "--channel", "email"),
        *("--message-class", "service", "--json"),
    )

    assert (ended.json["allowed"], ended.json["reason"]) == (True, "service_message")


def test_profiling(run, kari, activity):
    ended = run("decide", KARI, "--profiling", "activity", "--json")

    assert (ended.json["allowed"], ended.json["reason"], ended.json["rule"]) == (
        True,
        "law_allows",
        "activity/*",
    )


@pytest.mark.parametrize(
    ("topic", "channel", "reason"),
    [
        ("acme-news", "phone", "channel_not_offered"),
        ("retired", "email", "purpose_retired"),
        ("of-retired-brand", "email", "purpose_retired"),
    ],
)
def test_what_is_not_offered_is_denied(run, kari, news, topic, channel, reason):
    TopicFactory(key="retired", retired_at=CREATED_AT)
    TopicFactory(key="of-retired-brand", brand=BrandFactory(retired_at=CREATED_AT))

    ended = run("decide", KARI, "--topic", topic, "--channel", channel, "--json")

    assert (ended.status, ended.json["allowed"], ended.json["reason"]) == (0, False, reason)


class TestAsOf:
    # Making a profiling purpose publishes the rules as of long ago.
    @pytest.fixture
    def ask(self, run, activity):
        def ask(moment):
            return run(
                *("decide", KARI, "--topic", "acme-news", "--channel", "email", "--json"), "--as-of", moment
            ).json

        return ask

    def test_answers_by_what_had_been_recorded(self, ask, kari, news):
        first, second = (timezone.now() - dt.timedelta(days=days) for days in (20, 10))
        yes = say(kari, news, State.OPTED_IN, now=first)
        no = say(kari, news, State.OPTED_OUT, now=second)
        minute = dt.timedelta(minutes=1)

        before, between, after = (
            ask(moment.isoformat()) for moment in (first - minute, second - minute, second + minute)
        )

        assert [(one["reason"], one["event"]) for one in (before, between, after)] == [
            (before["reason"], None),
            ("choice_opted_in", yes.pk),
            ("choice_opted_out", no.pk),
        ]

    def test_takes_z_and_any_offset_for_the_same_moment(self, ask, kari, news):
        event = say(kari, news, State.OPTED_IN, now=dt.datetime(2026, 5, 3, 14, tzinfo=dt.UTC))

        assert ask("2026-05-03T14:00:01Z")["event"] == event.pk
        assert ask("2026-05-03T16:00:01+02:00")["event"] == event.pk
        assert ask("2026-05-03T13:59:59Z")["event"] is None


TOPIC = ["--topic", "acme-news", "--channel", "email"]
CASES = {
    "no address": (TOPIC, "EMAIL"),
    "nothing asked about": ([KARI], "--topic"),
    "both asked about": ([KARI, *TOPIC, "--profiling", "activity"], "--profiling"),
    "not an address": (["kari", *TOPIC], "not a valid e-mail address"),
    "empty address": (["", *TOPIC], "not a valid e-mail address"),
    "unknown topic": ([KARI, "--topic", "acme-olds", "--channel", "email"], "acme-olds"),
    "unknown profiling purpose": ([KARI, "--profiling", "acme-olds"], "acme-olds"),
    "topic without a channel": ([KARI, "--topic", "acme-news"], "--channel"),
    "profiling with a channel": ([KARI, "--profiling", "activity", "--channel", "email"], "no channel"),
    "a topic as profiling": ([KARI, "--profiling", "acme-news"], "--channel"),
    "profiling as a topic": ([KARI, "--topic", "activity", "--channel", "email"], "--profiling"),
    "unknown channel": ([KARI, "--topic", "acme-news", "--channel", "fax"], "fax"),
    "unknown message class": ([KARI, *TOPIC, "--message-class", "spam"], "spam"),
    "no time": ([KARI, *TOPIC, "--as-of", "yesterday"], "yesterday"),
    "empty time": ([KARI, *TOPIC, "--as-of", ""], "no time"),
    "time without a zone": ([KARI, *TOPIC, "--as-of", "2026-05-03T14:00:00"], "time zone"),
}


@pytest.mark.parametrize(("words", "says"), CASES.values(), ids=CASES.keys())
def test_bad_input_ends_with_one_line(run, kari, news, activity, words, says):
    ended = run("decide", *words)

    assert (ended.status, ended.out) == (1, "")
    assert ended.err.count("\n") == 1
    assert says in ended.err


def test_nothing_is_written(run, kari, news):
    before = [model.objects.count() for model in (Recipient, Event, Choice)]
    run("decide", KARI, *TOPIC)
    assert [model.objects.count() for model in (Recipient, Event, Choice)] == before
