"""Double opt-in in the ledger: what waits, who may ask, and what a confirmation starts."""

import datetime as dt

import pytest

from preferences.decisions.choices import load_choices
from preferences.decisions.covering import deciding_statement
from preferences.enums import (
    Actor,
    Channel,
    Kind,
    Outcome,
    Refusal,
    Relationship,
    Requirement,
    Route,
    Source,
    State,
)
from preferences.ledger import (
    Change,
    Evidence,
    RecipientGone,
    ask_again,
    confirm,
    erase,
    merge,
    rebuild,
    record,
    undo,
)
from preferences.ledger.policy import SENDS_NO_CONFIRMATION, WIDENING, Widening
from preferences.models import Choice, ConfirmationRequest, ContactPoint, Event, Topic
from preferences.models.wording import WordingText
from preferences.scope import Scope
from tests.factories import (
    ContactPointFactory,
    ProfilingPurposeFactory,
    RecipientFactory,
    StaffFactory,
    TopicFactory,
)

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)
ACCOUNT = Evidence(source=Source.ACCOUNT)
MAY_WIDEN = [source for source, evidence in WIDENING.items() if evidence is not Widening.NEVER]


@pytest.fixture
def greta():
    """A German prospect: her law wants a yes to e-mail confirmed."""
    return german()


@pytest.fixture
def leaf():
    return on(TopicFactory())


def german(**columns):
    return RecipientFactory(country="DE", relationship=Relationship.CONSUMER_PROSPECT, **columns)


def on(topic, channel=Channel.EMAIL):
    return Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=channel)


def say(recipient, scope, state=State.OPTED_IN, *, evidence=ACCOUNT, now=NOW):
    change = Change(scope=scope, state=state, wording=WordingText(language="en", text="Get the news."))
    return record(recipient=recipient.pk, changes=[change], evidence=evidence, now=now).results[0]


def holds(recipient, scope):
    statement = deciding_statement(choices=load_choices(recipient.pk), scope=scope)
    return (statement.state, statement.confirmed) if statement else (State.UNSTATED, False)


def mails_asked_for():
    return ConfirmationRequest.objects.count()


def evidence_of(source, *, occurred_at=None):
    staff = source is Source.STAFF
    return Evidence(
        source=source,
        actor=Actor.STAFF if staff else Actor.RECIPIENT,
        fresh=True,
        staff=StaffFactory().pk if staff else None,
        route=Route.PHONE if staff else None,
        reason="called us" if staff else "",
        occurred_at=occurred_at or (NOW if staff else None),
    )


@pytest.mark.parametrize("source", MAY_WIDEN)
def test_a_yes_waits_whoever_brings_it(greta, leaf, source):
    result = say(greta, leaf, evidence=evidence_of(source))
    event, choice = Event.objects.get(), Choice.objects.get()
    assert (result.outcome, result.state, result.event) == (Outcome.CHANGED, State.PENDING, event.pk)
    assert (event.state, event.source, event.confirmed) == (State.PENDING, source, False)
    assert (choice.state, choice.confirmed) == (State.PENDING, False)
    mailed = source not in SENDS_NO_CONFIRMATION
    assert (mails_asked_for(), result.mail_due_at) == ((1, NOW) if mailed else (0, None))


@pytest.mark.parametrize(
    ("country", "relationship", "channel", "waits"),
    [
        ("DE", Relationship.CONSUMER_PROSPECT, Channel.EMAIL, True),
        ("DE", Relationship.CONSUMER_PROSPECT, Channel.SMS, True),
        ("DE", Relationship.CONSUMER_PROSPECT, Channel.PHONE, False),
        ("DE", Relationship.CONSUMER_CUSTOMER, Channel.EMAIL, False),
        ("DE", "", Channel.EMAIL, True),
        ("NO", Relationship.CONSUMER_PROSPECT, Channel.EMAIL, False),
        ("", Relationship.CONSUMER_PROSPECT, Channel.EMAIL, True),
        ("", "", Channel.EMAIL, True),
    ],
)
def test_the_law_of_the_person_decides_whether_it_waits(country, relationship, channel, waits):
    recipient = RecipientFactory(country=country, relationship=relationship)
    result = say(recipient, on(TopicFactory(channels=[channel.value]), channel))
    assert result.state == (State.PENDING if waits else State.OPTED_IN)


@pytest.mark.parametrize("requirement", Requirement)
def test_a_profiling_purpose_waits_by_its_own_rule(greta, requirement):
    purpose = ProfilingPurposeFactory(requirement=requirement)
    result = say(greta, Scope(kind=Kind.PROFILING, purpose=purpose.pk))
    waits = requirement is Requirement.DOUBLE_OPT_IN
    assert result.state == (State.PENDING if waits else State.OPTED_IN)


def test_lists_of_many_people_send_no_mail():
    assert {Source.IMPORT, Source.COOKIE_BANNER} == SENDS_NO_CONFIRMATION


def test_a_no_never_waits(greta, leaf):
    result = say(greta, leaf, State.OPTED_OUT)
    assert (result.state, mails_asked_for()) == (State.OPTED_OUT, 0)


def test_confirming_starts_it_by_the_person_with_the_words_they_said_yes_to(greta, leaf):
    asked = say(greta, leaf)
    recorded = confirm(recipient=greta.pk, up_to=asked.event, now=NOW + MINUTE)
    (result,) = recorded.results
    event = Event.objects.latest("pk")
    assert (result.outcome, result.previous_state, result.state) == (
        Outcome.CHANGED,
        State.PENDING,
        State.OPTED_IN,
    )
    assert (event.pk, event.state, event.confirmed) == (result.event, State.OPTED_IN, True)
    assert (event.source, event.actor, event.previous_state) == (
        Source.LINK,
        Actor.RECIPIENT,
        State.PENDING,
    )
    assert event.wording == Event.objects.get(pk=asked.event).wording
    assert (event.occurred_at, event.recorded_at) == (NOW + MINUTE, NOW + MINUTE)
    assert holds(greta, leaf) == (State.OPTED_IN, True)
    assert rebuild(check=True) == []


def test_confirming_again_writes_nothing_and_says_so(greta, leaf):
    asked = say(greta, leaf)
    (first,) = confirm(recipient=greta.pk, up_to=asked.event, now=NOW + MINUTE).results
    (again,) = confirm(recipient=greta.pk, up_to=asked.event, now=NOW + 2 * MINUTE).results
    assert (again.outcome, again.event) == (Outcome.ALREADY_SO, first.event)
    assert Event.objects.count() == 2


def test_only_what_had_been_said_when_the_mail_went_out_is_confirmed(greta):
    first, second = on(TopicFactory()), on(TopicFactory())
    asked = say(greta, first)
    say(greta, second, now=NOW + MINUTE)
    confirm(recipient=greta.pk, up_to=asked.event, now=NOW + 2 * MINUTE)
    assert holds(greta, first) == (State.OPTED_IN, True)
    assert holds(greta, second) == (State.PENDING, False)


@pytest.mark.parametrize("broader", [False, True])
def test_what_was_stopped_since_is_left_alone(greta, leaf, broader):
    asked = say(greta, leaf)
    say(greta, Scope.all_marketing() if broader else leaf, State.OPTED_OUT, now=NOW + MINUTE)
    assert confirm(recipient=greta.pk, up_to=asked.event, now=NOW + 2 * MINUTE).results == ()
    assert holds(greta, leaf) == (State.OPTED_OUT, False)


def test_the_last_moment(greta, leaf, settings):
    asked = say(greta, leaf)
    end = NOW + settings.CONFIRM_DAYS * DAY
    assert confirm(recipient=greta.pk, up_to=asked.event, now=end).results == ()
    second = dt.timedelta(seconds=1)
    assert len(confirm(recipient=greta.pk, up_to=asked.event, now=end - second).changed) == 1


@pytest.mark.parametrize("change", [{"retired_at": NOW}, {"channels": ["sms"]}])
def test_what_is_no_longer_offered_does_not_start(greta, leaf, change):
    asked = say(greta, leaf)
    Topic.objects.filter(pk=leaf.purpose).update(**change)
    assert confirm(recipient=greta.pk, up_to=asked.event, now=NOW + MINUTE).results == ()
    assert holds(greta, leaf) == (State.PENDING, False)


def test_confirming_shows_that_the_address_is_read(greta, leaf):
    asked = say(greta, leaf)
    read = greta.contact_points.get()
    other = ContactPointFactory(recipient=greta)
    stranger = RecipientFactory().contact_points.get()
    for point in (stranger, read):
        confirm(recipient=greta.pk, up_to=asked.event, contact_point=point.pk, now=NOW + MINUTE)
    verified = ContactPoint.objects.exclude(verified_at=None)
    assert list(verified.values_list("pk", flat=True)) == [read.pk]
    assert other.pk != read.pk


def test_where_the_address_that_was_read_is_gone_a_yes_waits_again(greta, leaf):
    asked = say(greta, leaf)
    read = greta.contact_points.get()
    confirm(recipient=greta.pk, up_to=asked.event, contact_point=read.pk, now=NOW + MINUTE)
    read.delete()
    ContactPointFactory(recipient=greta)
    result = say(greta, leaf, now=NOW + 2 * MINUTE)
    assert (result.outcome, result.state) == (Outcome.CHANGED, State.PENDING)


def test_once_confirmed_another_yes_is_already_so(greta, leaf):
    asked = say(greta, leaf)
    read = greta.contact_points.get()
    confirm(recipient=greta.pk, up_to=asked.event, contact_point=read.pk, now=NOW + MINUTE)
    result = say(greta, leaf, now=NOW + 2 * MINUTE)
    assert (result.outcome, result.state) == (Outcome.ALREADY_SO, State.OPTED_IN)
    assert mails_asked_for() == 1


def test_after_a_stop_the_next_yes_waits_again(greta, leaf):
    asked = say(greta, leaf)
    confirm(recipient=greta.pk, up_to=asked.event, now=NOW + MINUTE)
    say(greta, leaf, State.OPTED_OUT, now=NOW + 2 * MINUTE)
    assert say(greta, leaf, now=NOW + 3 * MINUTE).state == State.PENDING
    # The link of the first mail is about a yes that is history.
    assert confirm(recipient=greta.pk, up_to=asked.event, now=NOW + 4 * MINUTE).results == ()


def test_a_yes_that_the_law_came_to_doubt_is_said_again(leaf):
    recipient = RecipientFactory(country="NO")
    say(recipient, leaf)
    type(recipient).objects.filter(pk=recipient.pk).update(
        country="DE", relationship=Relationship.CONSUMER_PROSPECT
    )
    result = say(recipient, leaf, now=NOW + MINUTE)
    assert (result.outcome, result.state, result.previous_state) == (
        Outcome.CHANGED,
        State.PENDING,
        State.OPTED_IN,
    )
    confirm(recipient=recipient.pk, up_to=result.event, now=NOW + 2 * MINUTE)
    assert holds(recipient, leaf) == (State.OPTED_IN, True)


@pytest.mark.parametrize("source", MAY_WIDEN)
def test_whoever_brings_a_yes_again_that_the_law_came_to_doubt_starts_nothing(leaf, source):
    recipient = RecipientFactory(country="NO")
    say(recipient, leaf, now=NOW - MINUTE)
    type(recipient).objects.update(country="DE", relationship=Relationship.CONSUMER_PROSPECT)
    result = say(recipient, leaf, evidence=evidence_of(source))
    assert (result.outcome, result.state) == (Outcome.CHANGED, State.PENDING)
    assert holds(recipient, leaf) == (State.PENDING, False)
    assert mails_asked_for() == (source not in SENDS_NO_CONFIRMATION)
    assert rebuild(check=True) == []


@pytest.mark.parametrize("source", [Source.API, Source.IMPORT, Source.COOKIE_BANNER])
def test_a_yes_that_was_confirmed_is_not_doubted(greta, leaf, source):
    asked = say(greta, leaf)
    read = greta.contact_points.get()
    confirm(recipient=greta.pk, up_to=asked.event, contact_point=read.pk, now=NOW)
    result = say(greta, leaf, evidence=evidence_of(source), now=NOW + MINUTE)
    assert (result.outcome, result.state) == (Outcome.ALREADY_SO, State.OPTED_IN)


@pytest.mark.parametrize("source", [Source.ACCOUNT, Source.IMPORT])
@pytest.mark.parametrize("why", ["none", "unreachable"])
def test_without_an_address_no_mail_is_promised(greta, leaf, why, source):
    points = greta.contact_points.all()
    points.delete() if why == "none" else points.update(unreachable_at=NOW)
    for outcome in (Outcome.CHANGED, Outcome.ALREADY_SO):
        result = say(greta, leaf, evidence=evidence_of(source))
        assert (result.outcome, result.state, result.mail_due_at) == (outcome, State.PENDING, None)
        assert result.lacks_address is (source is Source.ACCOUNT)
    assert mails_asked_for() == 0


def test_a_stop_lacks_no_address(greta, leaf):
    greta.contact_points.all().delete()
    assert say(greta, leaf, State.OPTED_OUT).lacks_address is False


def test_saying_it_again_while_it_waits_asks_for_the_mail_again(greta, leaf, settings):
    first = say(greta, leaf)
    ConfirmationRequest.objects.update(answered_at=NOW, sent=True)
    again = say(greta, leaf, now=NOW + MINUTE)
    assert (again.outcome, again.state, again.event) == (Outcome.ALREADY_SO, State.PENDING, first.event)
    assert again.mail_due_at == NOW + settings.CONFIRM_COOLDOWN_MINUTES * MINUTE
    assert (mails_asked_for(), Event.objects.count()) == (2, 1)


def test_several_in_one_call_are_one_mail(greta):
    scopes = [on(topic) for topic in TopicFactory.create_batch(3)]
    changes = [Change(scope=scope, state=State.OPTED_IN) for scope in scopes]
    recorded = record(recipient=greta.pk, changes=changes, evidence=ACCOUNT, now=NOW)
    assert [result.mail_due_at for result in recorded.results] == [NOW] * 3
    assert mails_asked_for() == 1


def test_a_yes_that_came_too_late_is_not_mailed(greta, leaf):
    say(greta, leaf, State.OPTED_OUT)
    late = evidence_of(Source.STAFF, occurred_at=NOW - DAY)
    result = say(greta, leaf, evidence=late, now=NOW + MINUTE)
    assert (result.outcome, result.mail_due_at, mails_asked_for()) == (Outcome.SUPERSEDED, None, 0)
    assert holds(greta, leaf) == (State.OPTED_OUT, False)


@pytest.mark.parametrize("source", MAY_WIDEN)
def test_what_nobody_confirmed_in_time_is_said_anew(greta, leaf, settings, source):
    """Also by those who may only fill gaps, unless they send no mail: it would never come to anything."""
    say(greta, leaf)
    ConfirmationRequest.objects.update(answered_at=NOW, sent=True)
    later = NOW + settings.CONFIRM_DAYS * DAY
    result = say(greta, leaf, evidence=evidence_of(source, occurred_at=later), now=later)
    if source in SENDS_NO_CONFIRMATION:
        assert (result.refusal, mails_asked_for()) == (Refusal.ALREADY_STATED, 1)
    else:
        assert (result.outcome, result.state, mails_asked_for()) == (Outcome.CHANGED, State.PENDING, 2)
        assert result.mail_due_at == later


def test_a_yes_too_old_to_be_confirmed_is_kept_once_and_not_mailed(greta, leaf, settings):
    letter = evidence_of(Source.STAFF, occurred_at=NOW - settings.CONFIRM_DAYS * DAY)
    first = say(greta, leaf, evidence=letter)
    again = say(greta, leaf, evidence=letter, now=NOW + MINUTE)
    assert [(r.outcome, r.mail_due_at) for r in (first, again)] == [
        (Outcome.CHANGED, None),
        (Outcome.ALREADY_SO, None),
    ]
    assert (mails_asked_for(), Event.objects.count()) == (0, 1)


def test_asking_again_mails_what_waits_and_writes_nothing(greta, leaf):
    say(greta, leaf)
    ConfirmationRequest.objects.update(answered_at=NOW, sent=True)
    ask_again(recipient=greta.pk, now=NOW + DAY)
    assert (mails_asked_for(), Event.objects.count()) == (2, 1)


def test_asking_again_says_anew_what_has_expired(greta, leaf, settings):
    asked = say(greta, leaf)
    ConfirmationRequest.objects.update(answered_at=NOW, sent=True)
    later = NOW + settings.CONFIRM_DAYS * DAY
    ask_again(recipient=greta.pk, up_to=asked.event - 1, now=later)
    assert (mails_asked_for(), Event.objects.count()) == (1, 1)
    ask_again(recipient=greta.pk, up_to=asked.event, now=later)
    event = Event.objects.latest("pk")
    assert (event.state, event.source, event.occurred_at) == (State.PENDING, Source.LINK, later)
    assert event.wording == Event.objects.get(pk=asked.event).wording
    assert (mails_asked_for(), Event.objects.count()) == (2, 2)
    assert rebuild(check=True) == []
    # The old link does not reach what was said anew, the new one does.
    assert confirm(recipient=greta.pk, up_to=asked.event, now=later).results == ()
    assert len(confirm(recipient=greta.pk, up_to=event.pk, now=later).changed) == 1


@pytest.mark.parametrize("since", ["confirmed", "stopped", "retired"])
def test_asking_again_where_nothing_waits_does_nothing(greta, leaf, since):
    asked = say(greta, leaf)
    ConfirmationRequest.objects.all().delete()
    if since == "confirmed":
        confirm(recipient=greta.pk, up_to=asked.event, now=NOW)
    elif since == "stopped":
        say(greta, Scope.all_marketing(), State.OPTED_OUT)
    else:
        Topic.objects.update(retired_at=NOW)
    before = Event.objects.count()
    for now in (NOW, NOW + 100 * DAY):
        ask_again(recipient=greta.pk, up_to=asked.event, now=now)
    assert (mails_asked_for(), Event.objects.count()) == (0, before)


def test_undoing_a_confirmation_leaves_it_waiting(greta, leaf):
    asked = say(greta, leaf)
    (done,) = confirm(recipient=greta.pk, up_to=asked.event, now=NOW + MINUTE).results
    result = undo(event=done.event, evidence=Evidence(source=Source.UNDO), now=NOW + 2 * MINUTE)
    assert (result.outcome, result.change.state) == (Outcome.CHANGED, State.PENDING)
    assert holds(greta, leaf) == (State.PENDING, False)
    assert rebuild(check=True) == []


def test_undoing_a_stop_restores_the_confirmed_yes(greta, leaf):
    asked = say(greta, leaf)
    confirm(recipient=greta.pk, up_to=asked.event, now=NOW + MINUTE)
    stop = say(greta, leaf, State.OPTED_OUT, now=NOW + 2 * MINUTE)
    undo(event=stop.event, evidence=Evidence(source=Source.UNDO), now=NOW + 3 * MINUTE)
    assert holds(greta, leaf) == (State.OPTED_IN, True)
    assert rebuild(check=True) == []


WAITS, UNCONFIRMED, CONFIRMED = (State.PENDING, False), (State.OPTED_IN, False), (State.OPTED_IN, True)
STOPPED, NOTHING = (State.OPTED_OUT, False), (State.UNSTATED, False)
EVERYTHING = [STOPPED, CONFIRMED, UNCONFIRMED, WAITS, NOTHING]


@pytest.mark.parametrize("kept", EVERYTHING)
@pytest.mark.parametrize("given", EVERYTHING)
def test_a_merge_keeps_a_confirmation_and_makes_none(leaf, kept, given):
    surviving, absorbed = german(), german()
    for recipient, wanted in [(surviving, kept), (absorbed, given)]:
        _bring_to(recipient, leaf, wanted)
    merge(surviving=surviving.pk, absorbed=absorbed.pk, reason="test", now=NOW + DAY)
    assert holds(surviving, leaf) == next(answer for answer in EVERYTHING if answer in (kept, given))
    assert rebuild(check=True) == []


def test_a_merge_leaves_out_what_nobody_confirmed_in_time(leaf, settings):
    surviving, absorbed = german(), german()
    say(absorbed, leaf)
    later = NOW + settings.CONFIRM_DAYS * DAY
    merge(surviving=surviving.pk, absorbed=absorbed.pk, reason="test", now=later)
    assert holds(surviving, leaf) == NOTHING


@pytest.mark.parametrize("survives", ["expired", "waiting"])
def test_in_a_merge_what_still_waits_beats_what_has_expired(leaf, settings, survives):
    one, other = german(), german()
    later = NOW + settings.CONFIRM_DAYS * DAY
    said = say(one if survives == "expired" else other, leaf)
    waiting = say(other if survives == "expired" else one, leaf, now=later - MINUTE)
    merge(surviving=one.pk, absorbed=other.pk, reason="test", now=later)
    newest = Event.objects.latest("pk").pk
    assert newest >= max(said.event, waiting.event)
    assert len(confirm(recipient=one.pk, up_to=newest, now=later).changed) == 1
    assert rebuild(check=True) == []


def _bring_to(recipient, scope, wanted):
    match wanted:
        case (State.OPTED_OUT, _):
            say(recipient, scope, State.OPTED_OUT)
        case (State.OPTED_IN, False):
            people = type(recipient).objects.filter(pk=recipient.pk)
            people.update(country="NO")
            say(recipient, scope)
            people.update(country="DE")
        case (State.PENDING | State.OPTED_IN, confirmed):
            asked = say(recipient, scope)
            if confirmed:
                confirm(recipient=recipient.pk, up_to=asked.event, now=NOW + MINUTE)
    assert holds(recipient, scope) == wanted


def test_an_erased_person_confirms_nothing(greta, leaf):
    asked = say(greta, leaf)
    erase(recipient=greta.pk, now=NOW + MINUTE)
    for act in (confirm, ask_again):
        with pytest.raises(RecipientGone):
            act(recipient=greta.pk, up_to=asked.event, now=NOW + 2 * MINUTE)


def test_the_number_of_queries_does_not_depend_on_how_much_is_confirmed(greta, django_assert_num_queries):
    for count in (1, 10):
        changes = [
            Change(scope=on(topic), state=State.OPTED_IN) for topic in TopicFactory.create_batch(count)
        ]
        asked = record(recipient=greta.pk, changes=changes, evidence=ACCOUNT, now=NOW)
        # The lock, choices, events, append; and a savepoint around them.
        with django_assert_num_queries(4 + 2):
            done = confirm(recipient=greta.pk, up_to=asked.results[-1].event, now=NOW)
        assert len(done.changed) == count
