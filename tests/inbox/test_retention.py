"""What is deleted of mail when its time is over, and what stays."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection, transaction

from preferences import ledger
from preferences.enums import (
    AttemptOutcome,
    Hold,
    Intake,
    MailKind,
    MessageKind,
    MessageState,
    Source,
    State,
)
from preferences.inbox import retention
from preferences.inbox.retention import Pruned, prune
from preferences.ledger import Change, Evidence
from preferences.models import Event, Mail, MailAttempt, Message, MessageAct, MessageCopy, Recipient
from preferences.models.mail import MessageQuerySet
from preferences.rules.retention import days_of
from preferences.scope import Scope
from tests.at_once import at_once

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
CONTENT = {
    "raw": b"From: kari@example.com\r\n\r\nStop.",
    "sender": "kari@example.com",
    "subject": "Stop",
    "text": "Stop.",
    "envelope_sender": "kari@example.com",
    "recipients": ["news@acme.example.com"],
    "evidence": {"from_domain": "example.com"},
}
NOTHING = {
    "raw": None,
    "sender": "",
    "subject": "",
    "text": "",
    "envelope_sender": "",
    "recipients": [],
    "evidence": {},
}


def came_in(
    kind: MessageKind | str,
    *,
    ago: dt.timedelta,
    state: MessageState = MessageState.ACTED,
    recipient: Recipient | None = None,
    **columns: Any,
) -> Message:
    waits = state is MessageState.WAITING
    return Message.objects.create(
        key=f"key-{Message.objects.count()}",
        received_at=NOW - ago,
        intake=Intake.LISTENER,
        size=30,
        state=state,
        kind=kind,
        hold=Hold.NEEDS_ANSWER if waits else "",
        handled_at=None if waits or state is MessageState.RECEIVED else NOW - ago,
        recipient=recipient,
        note="Took care of it.",
        **CONTENT,
        **columns,
    )


def we_wrote(
    kind: MailKind,
    *,
    ago: dt.timedelta,
    outcome: AttemptOutcome | None = AttemptOutcome.SENT,
    recipient: Recipient | None = None,
) -> Mail:
    mail = Mail.objects.create(
        kind=kind,
        recipient=recipient,
        language="en",
        message_id=f"<{Mail.objects.count()}@example.com>",
        subject="Your choices",
        text="Hello,",
        created_at=NOW - ago,
    )
    if outcome:
        MailAttempt.objects.create(mail=mail, number=1, attempted_at=NOW - ago, outcome=outcome)
    return mail


def content_of(message: Message) -> dict[str, Any]:
    message.refresh_from_db()
    found = {name: getattr(message, name) for name in CONTENT}
    return {**found, "raw": bytes(found["raw"]) if found["raw"] is not None else None}


def pruned(**options: Any) -> list[Pruned]:
    """Of the kinds that there was something to tell of."""
    return [one for one in prune(now=NOW, **options) if one.deleted or one.kept]


@pytest.mark.parametrize("kind", MessageKind, ids=str)
def test_a_message_is_kept_for_the_days_of_its_kind(kind):
    days = dt.timedelta(days=days_of(kind))
    old, young = came_in(kind, ago=days + dt.timedelta(seconds=1)), came_in(kind, ago=days)
    assert pruned() == [Pruned(kind=kind, days=days_of(kind), deleted=1, kept=0)]
    assert content_of(old) == NOTHING
    assert (old.content_deleted_at, old.note, old.state) == (NOW, "Took care of it.", MessageState.ACTED)
    assert content_of(young) == CONTENT
    assert young.content_deleted_at is None


@pytest.mark.parametrize("kind", MailKind, ids=str)
def test_a_mail_of_ours_is_kept_for_the_days_of_its_kind(kind):
    days = dt.timedelta(days=days_of(kind))
    old, young = we_wrote(kind, ago=days + dt.timedelta(seconds=1)), we_wrote(kind, ago=days)
    assert pruned() == [Pruned(kind=kind, days=days_of(kind), deleted=1, kept=0)]
    for mail in (old, young):
        mail.refresh_from_db()
    assert (old.subject, old.text, old.content_deleted_at) == ("", "", NOW)
    assert (young.subject, young.text, young.content_deleted_at) == ("Your choices", "Hello,", None)
    assert old.attempts.count() == 1


def test_what_could_not_be_read_is_kept_as_long_as_what_is_unclear():
    message = came_in("", ago=366 * DAY, state=MessageState.DISMISSED)
    assert pruned() == [Pruned(kind=MessageKind.UNCLEAR, days=365, deleted=1, kept=0)]
    assert content_of(message) == NOTHING


@pytest.mark.parametrize("state", MessageState, ids=str)
def test_what_waits_is_never_deleted_and_told_of(state):
    message = came_in(MessageKind.STOP, ago=5000 * DAY, state=state)
    waits = state in {MessageState.RECEIVED, MessageState.WAITING}
    assert pruned() == [Pruned(kind=MessageKind.STOP, days=1095, deleted=int(not waits), kept=int(waits))]
    assert content_of(message) == (CONTENT if waits else NOTHING)


@pytest.mark.parametrize(
    ("outcome", "deleted"),
    [
        (AttemptOutcome.SENT, True),
        (AttemptOutcome.GIVEN_UP, True),
        (AttemptOutcome.PUT_OFF, False),
        (None, False),
    ],
)
def test_a_mail_that_is_on_its_way_keeps_its_text(outcome, deleted):
    mail = we_wrote(MailKind.ANSWER, ago=5000 * DAY, outcome=outcome)
    assert pruned() == [Pruned(kind=MailKind.ANSWER, days=1095, deleted=int(deleted), kept=int(not deleted))]
    mail.refresh_from_db()
    assert (mail.text == "") == deleted


def test_copies_lose_their_content_with_their_message():
    old, young = came_in(MessageKind.BOUNCE, ago=181 * DAY), came_in(MessageKind.BOUNCE, ago=DAY)
    for message in (old, young):
        MessageCopy.objects.create(message=message, digest="other", received_at=NOW, raw=b"Another text.")
    pruned()
    assert [copy.raw and bytes(copy.raw) for copy in MessageCopy.objects.order_by("pk")] == [
        None,
        b"Another text.",
    ]


def test_the_event_and_the_act_stay(kari):
    recorded = ledger.record(
        recipient=kari.pk,
        changes=[Change(scope=Scope.all_marketing(), state=State.OPTED_OUT)],
        evidence=Evidence(source=Source.EMAIL_REQUEST),
        now=NOW - 2000 * DAY,
    )
    message = came_in(MessageKind.STOP, ago=2000 * DAY, recipient=kari)
    MessageAct.objects.create(message=message, event_id=recorded.results[0].event)
    events = list(Event.objects.values())
    pruned()
    assert content_of(message) == NOTHING
    assert message.recipient == kari
    assert message.acts.get().event_id == recorded.results[0].event
    assert list(Event.objects.values()) == events
    assert ledger.rebuild(check=True) == []


def test_a_dry_run_counts_the_same_and_deletes_nothing(kari):
    erased = Recipient.objects.create(created_at=NOW, erased_at=NOW)
    messages = [
        came_in(MessageKind.STOP, ago=1096 * DAY),
        came_in(MessageKind.STOP, ago=1096 * DAY, state=MessageState.WAITING),
        came_in(MessageKind.STOP, ago=DAY, recipient=erased),
        came_in(MessageKind.STOP, ago=DAY, recipient=kari),
    ]
    we_wrote(MailKind.LINK, ago=91 * DAY)
    expected = [
        Pruned(kind=MessageKind.STOP, days=1095, deleted=2, kept=1),
        Pruned(kind=MailKind.LINK, days=90, deleted=1, kept=0),
    ]
    assert pruned(dry_run=True) == expected
    assert [content_of(message) for message in messages] == [CONTENT] * 4
    assert Mail.objects.get().text == "Hello,"
    assert pruned() == expected
    assert [content_of(message) for message in messages] == [NOTHING, CONTENT, NOTHING, CONTENT]
    assert pruned() == [Pruned(kind=MessageKind.STOP, days=1095, deleted=0, kept=1)]


def test_what_an_erased_person_wrote_goes_once_it_is_answered():
    erased = Recipient.objects.create(created_at=NOW, erased_at=NOW)
    message = came_in(MessageKind.ERASURE, ago=DAY, state=MessageState.WAITING, recipient=erased)
    answer = we_wrote(MailKind.ANSWER, ago=DAY, outcome=None, recipient=erased)
    # Neither is late: nothing is told of them.
    assert pruned() == []
    assert content_of(message) == CONTENT

    Message.objects.update(state=MessageState.SETTLED, hold="", handled_at=NOW)
    MailAttempt.objects.create(mail=answer, number=1, attempted_at=NOW, outcome=AttemptOutcome.SENT)
    assert [(one.kind, one.deleted) for one in pruned()] == [
        (MessageKind.ERASURE, 1),
        (MailKind.ANSWER, 1),
    ]
    assert content_of(message) == NOTHING


def waiting_letter(**columns: Any) -> Message:
    """From kari@example.com, and on record as nobody's, or as another person's."""
    return came_in(MessageKind.STOP, ago=DAY, state=MessageState.WAITING, **columns)


@pytest.mark.parametrize("state", [MessageState.SETTLED, MessageState.DISMISSED], ids=str)
def test_a_letter_that_waited_while_its_sender_was_erased_goes_too(state, kari, anonymous):
    letters = [waiting_letter(), waiting_letter(recipient=anonymous)]
    ledger.erase(recipient=kari.pk, now=NOW)
    for letter in letters:
        answer = we_wrote(MailKind.ANSWER, ago=DAY, recipient=letter.recipient)
        Mail.objects.filter(pk=answer.pk).update(answers=letter)
    assert pruned() == []
    Message.objects.update(state=state, hold="", handled_at=NOW)
    expected = [
        Pruned(kind=MessageKind.STOP, days=1095, deleted=2, kept=0),
        Pruned(kind=MailKind.ANSWER, days=1095, deleted=2, kept=0),
    ]
    assert pruned(dry_run=True) == expected
    assert pruned() == expected
    assert [content_of(letter) for letter in letters] == [NOTHING] * 2
    assert pruned() == []


def test_letters_of_others_and_later_ones_stay(kari, anonymous, monkeypatch):
    monkeypatch.setattr(retention, "_BATCH", 2)
    ledger.erase(recipient=kari.pk, now=NOW - 2 * DAY)
    # They write again, a day after.
    waiting_letter()
    for number in range(3):
        other = waiting_letter()
        Message.objects.filter(pk=other.pk).update(sender=f"other{number}@example.com")
    Message.objects.update(state=MessageState.SETTLED, hold="", handled_at=NOW)
    assert pruned() == []


def test_a_letter_whose_answer_is_on_its_way_waits_for_it(kari):
    letter = waiting_letter()
    ledger.erase(recipient=kari.pk, now=NOW)
    Message.objects.update(state=MessageState.SETTLED, hold="", handled_at=NOW)
    answer = we_wrote(MailKind.ANSWER, ago=DAY, outcome=None)
    Mail.objects.update(answers=letter)
    assert pruned() == []
    MailAttempt.objects.create(mail=answer, number=1, attempted_at=NOW, outcome=AttemptOutcome.SENT)
    assert [one.deleted for one in pruned()] == [1, 1]


def test_a_mail_that_a_killed_worker_left_behind_is_given_up_and_goes(kari):
    mail = we_wrote(MailKind.CHANGE, ago=366 * DAY, outcome=None)
    assert pruned(dry_run=True) == [Pruned(kind=MailKind.CHANGE, days=365, deleted=0, kept=1)]
    assert pruned() == [Pruned(kind=MailKind.CHANGE, days=365, deleted=1, kept=0)]
    assert mail.attempts.get().outcome == AttemptOutcome.GIVEN_UP


def test_in_batches(monkeypatch):
    monkeypatch.setattr(retention, "_BATCH", 3)
    for count in (3, 4, 7):
        for _ in range(count):
            came_in(MessageKind.AUTO_REPLY, ago=31 * DAY)
        assert [one.deleted for one in pruned()] == [count]
        assert not Message.objects.filter(content_deleted_at=None).exists()


def test_what_was_deleted_before_an_interruption_stays_deleted(monkeypatch):
    monkeypatch.setattr(retention, "_BATCH", 2)
    for _ in range(5):
        came_in(MessageKind.AUTO_REPLY, ago=31 * DAY)
    delete = MessageQuerySet.delete_content

    def until_killed(self: MessageQuerySet, *, now: dt.datetime) -> int:
        if Message.objects.filter(content_deleted_at=None).count() == 1:
            raise KeyboardInterrupt
        return delete(self, now=now)

    monkeypatch.setattr(MessageQuerySet, "delete_content", until_killed)
    with pytest.raises(KeyboardInterrupt):
        list(prune(now=NOW))
    monkeypatch.undo()
    assert Message.objects.filter(content_deleted_at=NOW).count() == 4
    assert [one.deleted for one in pruned()] == [1]


def test_it_goes_by_index():
    Message.objects.bulk_create(
        Message(
            key=f"key {number}",
            received_at=NOW + dt.timedelta(days=number),
            intake=Intake.PIPE,
            size=5,
            sender=f"{number}@example.net",
        )
        for number in range(500)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE preferences_message")

    def plan(queryset) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        return queryset.explain()

    messages = Message.objects.filter(kind__in=["stop"], content_deleted_at=None, received_at__lt=NOW)
    mails = Mail.objects.filter(kind="link", content_deleted_at=None, created_at__lt=NOW)
    assert "message_to_delete" in plan(messages.finished())
    assert "mail_to_delete" in plan(mails)


@pytest.mark.django_db(transaction=True)
def test_what_somebody_works_on_is_left_for_the_next_run():
    message = came_in(MessageKind.STOP, ago=5000 * DAY)
    with transaction.atomic():
        Message.objects.select_for_update().get(pk=message.pk)
        (meanwhile,) = at_once(pruned)
    assert meanwhile == []
    assert content_of(message) == CONTENT
    assert [one.deleted for one in pruned()] == [1]
