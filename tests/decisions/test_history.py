"""The history of one person: newest first, in words, with what can be taken back."""

import datetime as dt

import pytest

from preferences import ledger
from preferences.decisions.choices import load_choices
from preferences.decisions.history import history_of, merges_of
from preferences.enums import Actor, Channel, Kind, Route, Source, State
from preferences.ledger import Change, Evidence
from preferences.scope import Scope

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)


def say(recipient, scope, state, minutes=0, **evidence):
    (result,) = ledger.record(
        recipient=recipient.pk,
        changes=[Change(scope=scope, state=state)],
        evidence=Evidence(**{"source": Source.ACCOUNT, **evidence}),
        now=NOW + dt.timedelta(minutes=minutes),
    ).results
    return result.event


def history(recipient, limit=30, **paging):
    return history_of(recipient=recipient.pk, choices=load_choices(recipient.pk), limit=limit, **paging)


def leaf(topic):
    return Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=Channel.EMAIL)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda news, activity: leaf(news), "Product news, Acme – E-mail"),
        (lambda news, activity: Scope(kind=Kind.MARKETING, brand=news.brand_id), "Everything from Acme"),
        (
            lambda news, activity: Scope(kind=Kind.MARKETING, brand=news.brand_id, channel=Channel.SMS),
            "Everything from Acme – Text message",
        ),
        (lambda news, activity: Scope(kind=Kind.MARKETING, channel=Channel.POST), "All marketing – Letter"),
        (lambda news, activity: Scope.all_marketing(), "All marketing"),
        (lambda news, activity: Scope(kind=Kind.PROFILING, purpose=activity.pk), "Your activity"),
        (lambda news, activity: Scope.all_profiling(), "All profiling"),
    ],
)
def test_what_each_scope_is_called(kari, news, activity, make, words):
    say(kari, make(news, activity), State.OPTED_OUT)
    (entry,) = history(kari)
    assert (entry.what, entry.before, entry.after) == (words, "Nothing said", "No")


def test_newest_first_with_source_route_and_what_can_be_undone(kari, news, support):
    say(kari, leaf(news), State.OPTED_IN)
    say(
        kari,
        Scope.all_marketing(),
        State.OPTED_OUT,
        minutes=1,
        source=Source.STAFF,
        actor=Actor.STAFF,
        staff=support.pk,
        route=Route.LETTER,
        reason="Wrote a letter.",
        occurred_at=NOW,
    )
    staff, own = history(kari)
    assert (staff.source, staff.route, staff.occurred_at) == ("Our staff, at your request", "Letter", NOW)
    assert (own.source, own.route) == ("You, in your account", "")
    assert (staff.undoable, own.undoable) == (True, False)


def test_an_undone_event_is_not_offered_again(kari):
    event = say(kari, Scope.all_marketing(), State.OPTED_OUT)
    ledger.undo(event=event, evidence=Evidence(source=Source.UNDO), now=NOW)
    assert [(entry.after, entry.undoable) for entry in history(kari)] == [
        ("Nothing said", False),
        ("No", False),
    ]


def test_pages(kari, news):
    states = [State.OPTED_OUT if n % 2 else State.OPTED_IN for n in range(7)]
    ids = [say(kari, leaf(news), state, minutes=n) for n, state in enumerate(states)]
    first = history(kari, limit=3)
    assert [entry.event.pk for entry in first] == ids[:3:-1]
    assert [entry.event.pk for entry in history(kari, limit=9, before=first[-1].event.pk)] == ids[3::-1]


def test_history_of_a_merged_person_holds_both_and_nobody_elses(kari, anonymous, news, support):
    say(anonymous, leaf(news), State.OPTED_OUT)
    say(kari, Scope.all_profiling(), State.OPTED_OUT)
    merge = ledger.merge(surviving=kari.pk, absorbed=anonymous.pk, reason="Same.", now=NOW)
    entries = history(kari)
    assert [(entry.event.recipient_id, entry.event.source) for entry in entries] == [
        (kari.pk, "merge"),
        (kari.pk, "account"),
        (anonymous.pk, "account"),
    ]
    assert [entry.undoable for entry in entries] == [False, True, False]
    assert merges_of(recipient=kari.pk) == merges_of(recipient=anonymous.pk) == [merge]
    assert [entry.event.recipient_id for entry in history(anonymous)] == [anonymous.pk]


@pytest.mark.parametrize("count", [1, 30])
def test_one_query_however_long(kari, news, count, django_assert_num_queries):
    for n in range(count):
        say(kari, leaf(news), State.OPTED_OUT if n % 2 else State.OPTED_IN, minutes=n)
    choices = load_choices(kari.pk)
    with django_assert_num_queries(1):
        entries = history_of(recipient=kari.pk, choices=choices, limit=30)
        assert len([(e.what, e.source, e.undoable, e.event.staff) for e in entries]) == count
