"""The mail that tells what was changed: when it is asked for, what goes into it, and what is left out by then."""

import datetime as dt
import sys

import pytest
from django.core import mail
from django.db.models import F
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from preferences import ledger
from preferences.enums import Actor, Channel, Kind, Route, Source, State, SuppressionKind
from preferences.ledger import Change, Evidence
from preferences.mail import send_notice as room
from preferences.mail.send_notice import send_notice
from preferences.models import Brand, ChangeNotice, ContactPoint, Mail, MailAttempt, Suppression
from preferences.scope import Scope
from tests.factories import BrandFactory, RecipientFactory, TopicFactory

pytestmark = pytest.mark.django_db

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def person(anonymous):
    return anonymous


def topic_scope(topic, channel=Channel.EMAIL):
    return Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=channel)


def say(person, *scopes, state=State.OPTED_OUT, notice=True, **more):
    """Said on the page of a manage link; the ids of the events."""
    recorded = ledger.record(
        recipient=person.pk,
        changes=[Change(scope=scope, state=state) for scope in scopes],
        evidence=Evidence(source=Source.LINK, fresh=True, notice=notice, **more),
        now=timezone.now(),
    )
    return [result.event for result in recorded.results]


def take_back(event, *, notice=False):
    """By staff where it is told, else by the person."""
    evidence = Evidence(
        source=Source.UNDO,
        actor=Actor.STAFF if notice else Actor.RECIPIENT,
        route=Route.PHONE if notice else None,
        reason="Asked for it." if notice else "",
        notice=notice,
    )
    return ledger.undo(event=event, evidence=evidence, now=timezone.now()).event


def told():
    """What waits to be told, notice by notice."""
    return list(ChangeNotice.objects.filter(answered_at=None).order_by("pk").values_list("events", flat=True))


def send(**more):
    """The worker takes up the last notice; when it is to be tried again, and with what."""
    DBTaskResult.objects.all().delete()
    before = timezone.now()
    send_notice.func(notice=ChangeNotice.objects.latest("pk").pk, **more)
    again = DBTaskResult.objects.first()
    return again and (again.run_after - before, again.args_kwargs["kwargs"])


def lines():
    """What the last mail says was changed."""
    return [line[2:] for line in mail.outbox[-1].body.splitlines() if line.startswith("* ")]


def test_it_waits_and_everything_said_meanwhile_goes_into_it(person, news, events, settings):
    settings.NOTICE_DELAY_MINUTES = 7
    now = timezone.now()
    first = say(person, topic_scope(news))
    notice = ChangeNotice.objects.get()
    assert (notice.recipient, round((notice.due_at - now) / MINUTE)) == (person, 7)
    second = say(person, topic_scope(events), Scope.all_profiling())
    assert told() == [first + second]
    (task,) = DBTaskResult.objects.all()
    assert task.run_after == notice.due_at
    send()
    assert lines() == [
        "Product news, Acme – E-mail: Switched off",
        "Events, Acme – E-mail: Switched off",
        "All profiling: Switched off",
    ]
    assert told() == []


def test_only_where_the_evidence_asks_for_it(person, news):
    say(person, topic_scope(news), notice=False)
    assert told() == []


def test_what_was_already_so_and_what_is_refused_is_not_told(person, news):
    say(person, topic_scope(news), notice=False)
    say(person, topic_scope(news))
    say(person, Scope.all_marketing(), state=State.OPTED_IN)
    assert told() == []


def test_what_waits_for_confirmation_is_not_told(news, events):
    greta = RecipientFactory(country="DE", relationship="consumer_prospect")
    recorded = ledger.record(
        recipient=greta.pk,
        changes=[
            Change(scope=topic_scope(news), state=State.OPTED_IN),
            Change(scope=topic_scope(events), state=State.OPTED_OUT),
        ],
        evidence=Evidence(source=Source.LINK, fresh=True, notice=True),
        now=timezone.now(),
    )
    assert [result.state for result in recorded.results] == [State.PENDING, State.OPTED_OUT]
    assert told() == [[recorded.results[1].event]]


@pytest.mark.parametrize("tells", [True, False])
def test_a_brand_tells_or_does_not(person, news, tells):
    other = TopicFactory(brand=BrandFactory(tells_changes=not tells))
    Brand.objects.filter(pk=news.brand_id).update(tells_changes=tells)
    events = say(person, topic_scope(news), topic_scope(other))
    assert told() == [[events[0] if tells else events[1]]]


@pytest.mark.parametrize(
    ("columns", "is_told"),
    [({}, True), ({"tells_changes": False}, False), ({"retired_at": timezone.now()}, False)],
)
def test_what_is_of_all_brands_is_told_where_any_brand_in_use_tells(person, columns, is_told):
    BrandFactory(**columns)
    BrandFactory(tells_changes=False)
    say(person, Scope.all_marketing(), Scope.all_profiling())
    assert [len(events) for events in told()] == ([2] if is_told else [])


@pytest.mark.parametrize("why", ["none", "bounced", "suppressed"])
def test_without_an_address_nothing_waits(person, news, why):
    points = ContactPoint.objects.filter(recipient=person)
    match why:
        case "none":
            points.delete()
        case "bounced":
            points.update(unreachable_at=timezone.now())
        case "suppressed":
            Suppression.objects.create(
                kind=SuppressionKind.DOMAIN,
                domain="example.com",
                reason="competitor",
                created_at=timezone.now(),
            )
    say(person, topic_scope(news))
    assert told() == []


def test_a_change_that_is_rolled_back_is_not_told(person, news, monkeypatch):
    def fail(**more):
        raise RuntimeError

    # The room has a function of the same name.
    monkeypatch.setattr(sys.modules["preferences.ledger.record"], "request_notice", fail)
    with pytest.raises(RuntimeError):
        say(person, topic_scope(news))
    assert ledger.rebuild() == []
    assert not person.events.exists()


@pytest.mark.parametrize("since", ["undone", "said otherwise", "covered", "erased", "bounced"])
def test_what_does_not_hold_any_more_is_not_told(person, news, since):
    (event,) = say(person, topic_scope(news))
    match since:
        case "undone":
            take_back(event)
        case "said otherwise":
            say(person, topic_scope(news), state=State.OPTED_IN, notice=False)
        case "covered":
            say(person, Scope.all_marketing(), notice=False)
        case "erased":
            ledger.erase(recipient=person.pk, now=timezone.now())
        case "bounced":
            ContactPoint.objects.update(unreachable_at=timezone.now())
    send()
    assert (mail.outbox, told(), Mail.objects.count()) == ([], [], 0)


def test_what_still_holds_is_told_without_the_rest(person, news, events):
    first, _second = say(person, topic_scope(news), topic_scope(events))
    take_back(first)
    send()
    assert lines() == ["Events, Acme – E-mail: Switched off"]


def test_a_narrower_statement_does_not_cover_a_broader_one(person, news):
    say(person, Scope.all_marketing())
    say(person, topic_scope(news), state=State.OPTED_IN)
    send()
    assert lines() == ["All marketing: Switched off", "Product news, Acme – E-mail: Switched on"]


def test_what_staff_take_back_is_told(person, news):
    (event,) = say(person, topic_scope(news))
    send()
    take_back(event, notice=True)
    send()
    assert lines() == ["Product news, Acme – E-mail: As if nothing had been said"]
    body = mail.outbox[-1].body
    assert "Our staff took an earlier change back." in body
    assert "/undo/" not in body


def test_what_staff_take_back_before_it_was_told_is_nothing(person, news):
    (event,) = say(person, topic_scope(news))
    take_back(event, notice=True)
    send()
    assert mail.outbox == []


def test_an_undo_of_staff_that_holds_no_more_is_not_told(person, news):
    first, *_rest = say(person, topic_scope(news), state=State.OPTED_IN, notice=False)
    (second,) = say(person, topic_scope(news), notice=False)
    take_back(second, notice=True)
    take_back(first)
    send()
    assert mail.outbox == []


def test_after_a_merge_it_goes_to_who_it_is_now_without_a_way_back(person, news):
    """The statement stands in the merge; the page of the manage link still changes it."""
    say(person, topic_scope(news))
    other = RecipientFactory(email="a@example.com")
    ledger.merge(surviving=other.pk, absorbed=person.pk, reason="same person", now=timezone.now())
    send()
    assert lines() == ["Product news, Acme – E-mail: Switched off"]
    assert ("/undo/" in mail.outbox[0].body, "/p/" in mail.outbox[0].body) == (False, True)
    assert Mail.objects.get().recipient == other


@pytest.mark.parametrize("also", [True, False])
def test_after_a_merge_all_is_told_in_one_mail(person, news, events, also, worker, clock_forward):
    first, second = say(person, topic_scope(news)), []
    other = RecipientFactory(email="a@example.com")
    if also:
        clock_forward(2 * MINUTE)
        ChangeNotice.objects.update(due_at=F("due_at") - 2 * MINUTE)
        second = say(other, topic_scope(events))
    later = ChangeNotice.objects.latest("pk").due_at
    ledger.merge(surviving=other.pk, absorbed=person.pk, reason="same person", now=timezone.now())
    assert told() == [first + second]
    (notice,) = ChangeNotice.objects.filter(answered_at=None)
    assert (notice.recipient, notice.due_at) == (other, later)
    clock_forward(11 * MINUTE)
    worker()
    assert len(mail.outbox) == 1
    assert len(lines()) == 1 + also


def test_a_worker_that_is_killed_leaves_the_mail_on_record(person, news, monkeypatch):
    class Killed(BaseException):
        pass

    def die(draft, **more):
        raise Killed

    say(person, topic_scope(news))
    monkeypatch.setattr(room, "deliver", die)
    with pytest.raises(Killed):
        send()
    assert told() == []
    row = Mail.objects.get()
    assert (row.recipient, "Product news" in row.text, row.attempts.count()) == (person, True, 0)


def test_what_is_sent_already_is_not_given_up_where_its_task_runs_again(person, news):
    say(person, topic_scope(news))
    send()
    send(mail=Mail.objects.get().pk)
    assert [attempt.outcome for attempt in MailAttempt.objects.all()] == ["sent"]


def test_it_is_sent_later_where_it_is_refused_for_now(person, news, mail_server):
    server = mail_server("451 later", "")
    say(person, topic_scope(news))
    waits, again = [], send()
    while again:
        assert len(told()) == 1
        waits.append(round(again[0] / MINUTE))
        again = send(mail=again[1]["mail"])
    assert waits == [1, 5]
    assert len(server.received) == 1
    assert [attempt.outcome for attempt in Mail.objects.get().attempts.order_by("number")] == [
        "put_off",
        "put_off",
        "sent",
    ]


def test_put_off_it_does_not_tell_what_was_undone_meanwhile(person, news, mail_server):
    server = mail_server("451 later")
    (event,) = say(person, topic_scope(news))
    again = send()
    take_back(event)
    assert send(mail=again[1]["mail"]) is None
    assert server.received == []
    assert [(attempt.outcome, attempt.detail) for attempt in Mail.objects.get().attempts.order_by("pk")] == [
        ("put_off", "SMTPRecipientsRefused 451"),
        ("given_up", "nothing left to tell"),
    ]


def test_put_off_it_goes_into_one_asked_for_meanwhile(person, news, events, mail_server, monkeypatch):
    server = mail_server("451 later")
    first = say(person, topic_scope(news))
    deliver, second = room.deliver, []

    def meanwhile(draft, **more):
        second.extend(say(person, topic_scope(events)))
        return deliver(draft, **more)

    with monkeypatch.context() as patch:
        patch.setattr(room, "deliver", meanwhile)
        send()
    assert told() == [first + second]
    assert [attempt.outcome for attempt in MailAttempt.objects.order_by("pk")] == ["put_off", "given_up"]
    send()
    (sent,) = server.received
    assert ("Product news" in sent, "Events" in sent) == (True, True)


@pytest.mark.parametrize(("late", "lost"), [(59 * MINUTE, False), (61 * MINUTE, True)])
def test_one_whose_task_got_lost_is_taken_over_by_the_next(person, news, events, late, lost):
    first = say(person, topic_scope(news))
    ChangeNotice.objects.update(due_at=timezone.now() - late)
    second = say(person, topic_scope(events))
    assert told() == [first + second]
    assert ChangeNotice.objects.count() == 1 + lost
    send()
    assert len(mail.outbox) == 1


def test_a_notice_that_was_answered_is_not_answered_again(person, news):
    say(person, topic_scope(news))
    send()
    send()
    assert len(mail.outbox) == 1


def test_what_is_said_while_it_is_sent_gets_a_mail_of_its_own(person, news, events, monkeypatch):
    say(person, topic_scope(news))
    deliver = room.deliver

    def meanwhile(draft, **more):
        monkeypatch.setattr(room, "deliver", deliver)
        say(person, topic_scope(events))
        return deliver(draft, **more)

    monkeypatch.setattr(room, "deliver", meanwhile)
    send()
    send()
    assert ["Events" in sent.body for sent in mail.outbox] == [False, True]


def test_it_comes_from_the_brand_it_is_all_of(person, news, events, settings):
    say(person, topic_scope(news), topic_scope(events))
    send()
    say(person, Scope(kind=Kind.MARKETING, brand=news.brand_id), Scope.all_profiling())
    send()
    assert [sent.from_email for sent in mail.outbox] == [
        "Acme <news@acme.example.com>",
        settings.DEFAULT_FROM_EMAIL,
    ]
    assert [sent.subject for sent in mail.outbox] == [
        "Your choices about Acme were changed",
        "Your choices were changed",
    ]


def test_ten_changes_are_named_and_the_rest_is_counted(person):
    say(person, *(topic_scope(topic) for topic in TopicFactory.create_batch(11)))
    send()
    assert len(lines()) == 10
    assert "… and 1 more change." in mail.outbox[0].body


def test_it_is_in_the_language_of_the_person(kari, news):
    say(kari, topic_scope(news))
    send()
    (sent,) = mail.outbox
    assert "Produktnytt, Acme – E-post" in sent.body
    assert 'lang="nb"' in sent.alternatives[0][0]
