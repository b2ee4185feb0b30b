"""The start page: counts of what happened, and signs that nothing waits."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from preferences import ledger
from preferences.admin.plot import round_up
from preferences.admin.start_page import count_answers, daily_counts, plot, shares_opted_out
from preferences.decisions.choices import load_choices
from preferences.decisions.covering import deciding_statement
from preferences.enums import Channel, Kind, Source, State
from preferences.models import LinkRequest, Recipient, Topic
from preferences.scope import Scope
from tests.factories import RecipientFactory, TopicFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 31, 12, tzinfo=dt.UTC)


def test_days_and_sources_are_counted(kari, anonymous, say):
    say(kari, State.OPTED_OUT, source=Source.LINK, now=NOW - dt.timedelta(days=1))
    say(anonymous, State.OPTED_OUT, source=Source.ONE_CLICK, now=NOW)
    say(RecipientFactory(), State.OPTED_OUT, source=Source.LINK, now=NOW)
    say(RecipientFactory(), State.OPTED_OUT, source=Source.LINK, now=NOW - dt.timedelta(days=30))

    counts = daily_counts(now=NOW)

    assert [(count.day.day, count.source, count.state, count.count) for count in counts] == [
        (30, Source.LINK, State.OPTED_OUT, 1),
        (31, Source.LINK, State.OPTED_OUT, 1),
        (31, Source.ONE_CLICK, State.OPTED_OUT, 1),
    ]
    drawn = plot(counts=counts, state=State.OPTED_OUT, name="", title="", today=NOW.date())
    assert drawn.total == 3
    assert drawn.legend == ((0, "Link in a message", 2), (1, "Unsubscribe button of the mail program", 1))
    assert drawn.rows == (("31 May 2026", (1, 1), 2), ("30 May 2026", (1, 0), 1))
    first, below, above = drawn.bars
    assert above.y + above.height == below.y, "bars stand on each other"
    assert first.x < below.x == above.x


@pytest.mark.parametrize(
    ("value", "expected"), [(0, 2), (1, 2), (3, 4), (9, 10), (11, 20), (101, 200), (999, 1000)]
)
def test_the_scale_ends_on_a_round_number(value, expected):
    assert round_up(value) == expected


def test_the_shares_agree_with_the_read_path(say):
    topics = [TopicFactory(), TopicFactory(channels=["email"]), TopicFactory(channels=["sms", "post"])]
    people = RecipientFactory.create_batch(4)

    def single(topic, channel=Channel.EMAIL):
        return Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=channel)

    minutes = iter(range(60))
    for person, state, scope in [
        (0, State.OPTED_OUT, Scope.all_marketing()),
        (0, State.OPTED_IN, single(topics[0])),
        (1, State.OPTED_IN, single(topics[0])),
        (1, State.OPTED_IN, single(topics[2], Channel.SMS)),
        (1, State.OPTED_OUT, Scope(kind=Kind.MARKETING, channel=Channel.SMS)),
        (2, State.OPTED_OUT, Scope(kind=Kind.MARKETING, brand=topics[1].brand_id)),
        (2, State.OPTED_OUT, Scope.all_profiling()),
        (3, State.OPTED_OUT, Scope(kind=Kind.MARKETING, brand=topics[2].brand_id, purpose=topics[2].pk)),
    ]:
        say(people[person], state, scope=scope, now=NOW + dt.timedelta(minutes=next(minutes)))
    ledger.merge(
        surviving=people[3].pk, absorbed=people[2].pk, reason="Same.", now=NOW + dt.timedelta(hours=2)
    )
    ledger.erase(recipient=people[1].pk, now=NOW + dt.timedelta(hours=3))

    expected = {}
    for topic in Topic.objects.all():
        states = [
            decided.state
            for person in Recipient.objects.filter(merged_into=None, erased_at=None)
            for channel in topic.channels
            if (
                decided := deciding_statement(
                    choices=load_choices(person.pk), scope=single(topic, Channel(channel))
                )
            )
        ]
        expected[topic.pk] = (states.count(State.OPTED_OUT), len(states))

    assert count_answers() == expected
    assert all(share.answers for share in shares_opted_out())


def test_a_request_that_waits_is_an_alarm_and_a_fresh_one_is_not(staff):
    now = timezone.now()
    for minutes, answered in [(1, False), (20, False), (30, True)]:
        LinkRequest.objects.create(
            mailbox_hash="m",
            client_hash="c",
            requested_at=now - dt.timedelta(minutes=minutes),
            answered_at=now if answered else None,
        )

    answer = staff.get(reverse("admin:index"))

    assert answer.context["waiting"] == 1
    assert "tile--alarm" in answer.content.decode()


def test_an_empty_system_says_so(staff):
    page = staff.get(reverse("admin:index")).content.decode()

    assert page.count("Nothing in the last 30 days.") == 2
    assert "There are no topics yet." in page


def test_the_number_of_queries_does_not_grow(staff, say):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert staff.get(reverse("admin:index")).status_code == 200
        return len(captured)

    TopicFactory()
    say(RecipientFactory(), State.OPTED_OUT, now=timezone.now())
    queries()
    with_one = queries()
    for recipient in RecipientFactory.create_batch(5):
        say(recipient, State.OPTED_OUT, now=timezone.now(), source=Source.LINK)
    TopicFactory.create_batch(4)

    assert queries() == with_one
