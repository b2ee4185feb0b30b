"""What staff do with a message: take it, settle it by a stop or an answer, set it aside, open it again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction

from preferences import ledger
from preferences.enums import (
    Actor,
    ContactKind,
    Hold,
    MessageState,
    Outcome,
    Route,
    Source,
    State,
)
from preferences.inbox.deadline import deadline_of
from preferences.ledger import Change, ChangeResult, Evidence
from preferences.mail.send_answer import request_answer
from preferences.models import ContactPoint, Mail, Message, MessageAct, Recipient
from preferences.personal_data import names_personal_data
from preferences.scope import Scope

# Stands in an answer for what the message led to.
CHANGES = "{changes}"

_WRITTEN = {Outcome.CHANGED, Outcome.SUPERSEDED}


class AlreadyHandled(Exception):
    """The message does not wait any more: somebody else was quicker, or it was sent twice.

    `message` is the row as it is now. Nothing was done.
    """

    code = "already_handled"

    def __init__(self, *, message: Message) -> None:
        self.message = message
        super().__init__(str(message))


class TextChanged(Exception):
    """The message has come once more with another text since it was looked at. Nothing was done."""

    code = "text_changed"


class NoteInvalid(ValueError):
    """A note that cannot be kept. `code` says why: `missing`, `personal_data`."""

    def __init__(self, *, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stops:
    """What staff stop, and the reason that goes into the history."""

    scopes: tuple[Scope, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What staff write back, in which language. `{changes}` in it stands for what the message led to."""

    subject: str
    text: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of each stop, and the mail that answers the message, if any."""

    results: tuple[ChangeResult, ...] = ()
    mail: Mail | None = None


def take(*, message: int, by: int, instead_of: int | None) -> bool:
    """Give a waiting message to a member of staff, in place of who has it as far as they know (primary keys).

    False where it does not wait any more, or somebody else has it by now.
    """
    waiting = Message.objects.filter(pk=message, state=MessageState.WAITING, assigned_to=instead_of)
    return waiting.update(assigned_to=by) == 1


def release(*, message: int, by: int) -> bool:
    """Give a waiting message back to everybody; False where `by` does not have it."""
    waiting = Message.objects.filter(pk=message, state=MessageState.WAITING, assigned_to=by)
    return waiting.update(assigned_to=None) == 1


def settle(
    *,
    message: int,
    by: int,
    seen: int,
    person: int | None = None,
    stops: Stops | None = None,
    answer: Answer | None = None,
    now: dt.datetime,
) -> Settled:
    """Stop what a waiting message asks to stop, answer it, or both; all of it or nothing.

    `seen` is the number of its copies that staff have looked at. `person` is who it is from as they found out (primary
    key); None leaves it with whom it was matched. A stop counts from when the message was received.
    Raises AlreadyHandled, TextChanged, RecipientGone, AnswerRefused.
    """
    with transaction.atomic():
        row = _lock(message, seen=seen)
        if person is not None:
            _is_from(row, person)
        results = _stop(row, stops, by=by, answer=answer, now=now) if stops else ()
        mail = _answer(row, answer, now=now) if answer else None
        _close(row, state=MessageState.SETTLED, by=by, now=now)
    return Settled(results=results, mail=mail)


def dismiss(*, message: int, by: int, seen: int, note: str, now: dt.datetime) -> None:
    """Set a waiting message aside as no request. `note` says why, and stays when the message is deleted.

    Raises AlreadyHandled, TextChanged, NoteInvalid.
    """
    note = " ".join(note.split())
    if not note:
        raise NoteInvalid(code="missing")
    if names_personal_data(note):
        raise NoteInvalid(code="personal_data")
    with transaction.atomic():
        row = _lock(message, seen=seen)
        row.note = note
        _close(row, state=MessageState.DISMISSED, by=by, now=now)


def reopen(*, message: int, by: int, now: dt.datetime) -> bool:
    """Let a closed message wait again, with `by`; False where it waits, was not looked at yet, or lost its content.

    What it led to stays until it is undone. Its deadline runs from when it was received, as before.
    """
    with transaction.atomic():
        row = Message.objects.select_for_update().defer("raw").get(pk=message)
        if row.content_deleted_at or row.state in {MessageState.RECEIVED, MessageState.WAITING}:
            return False
        row.state, row.hold = MessageState.WAITING, Hold.NOT_SURE
        row.handled_at = row.handled_by = None
        row.assigned_to_id, row.note = by, ""
        row.due_at = row.due_at or deadline_of(row)
        row.save(update_fields=["state", "hold", "handled_at", "handled_by", "assigned_to", "note", "due_at"])
    return True


def _lock(message: int, *, seen: int) -> Message:
    """A message that waits, locked, so that of two people only one acts on it."""
    # Not its bytes, of which there may be many. Of the other tables only the row itself is locked.
    row = Message.objects.select_for_update().defer("raw").get(pk=message)
    if row.state != MessageState.WAITING:
        raise AlreadyHandled(message=row)
    if row.copies.count() != seen:
        raise TextChanged
    return row


def _is_from(row: Message, person: int) -> None:
    """Make the message one from a person: the sender's address, where it is theirs, is the one an answer goes to."""
    if row.recipient_id != person:
        row.recipient = Recipient.objects.get(pk=person)
        row.language = row.recipient.language
    theirs = ContactPoint.objects.filter(recipient=person, kind=ContactKind.EMAIL)
    point = theirs.filter(normalized=row.sender).first()
    if point or (row.contact_point and row.contact_point.recipient_id != person):
        row.contact_point = point


def _stop(
    row: Message, stops: Stops, *, by: int, answer: Answer | None, now: dt.datetime
) -> tuple[ChangeResult, ...]:
    if row.recipient_id is None:
        raise ValueError("There is nobody to stop anything for.")
    recorded = ledger.record(
        recipient=row.recipient_id,
        changes=[Change(scope=scope, state=State.OPTED_OUT) for scope in stops.scopes],
        evidence=Evidence(
            source=Source.STAFF,
            actor=Actor.STAFF,
            staff=by,
            route=Route.EMAIL,
            reason=stops.reason,
            occurred_at=row.received_at,
            # Who reads in the answer what was stopped is not told once more.
            notice=not (answer and CHANGES in answer.text and row.contact_point),
        ),
        now=now,
    )
    # Whoever was merged meanwhile took their addresses along.
    row.recipient_id = recorded.recipient
    MessageAct.objects.bulk_create(
        MessageAct(message=row, event_id=result.event)
        for result in recorded.results
        if result.event and result.outcome in _WRITTEN
    )
    return recorded.results


def _answer(row: Message, answer: Answer, *, now: dt.datetime) -> Mail:
    return request_answer(
        message=row, subject=answer.subject, text=answer.text, language=answer.language, now=now
    )


def _close(row: Message, *, state: MessageState, by: int, now: dt.datetime) -> None:
    row.state, row.hold = state, ""
    row.handled_at, row.handled_by_id = now, by
    row.save(
        update_fields=[
            *("state", "hold", "handled_at", "handled_by", "note"),
            *("recipient", "contact_point", "language"),
        ]
    )
