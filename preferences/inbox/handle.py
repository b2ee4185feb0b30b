"""Act on a message that came in: stop what it surely asks to stop, leave the rest to staff. For the worker."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.tasks import task
from django.utils import timezone, translation

from preferences import ledger
from preferences.enums import Hold, MessageKind, MessageState, Outcome, Source, State
from preferences.inbox.act_on_reports import Acted, act_on_reports
from preferences.inbox.deadline import deadline_of
from preferences.inbox.letter import Letter, read_letter
from preferences.inbox.match import find_sender
from preferences.inbox.plan import Plan, Stop, plan_for
from preferences.inbox.read_event import read_event
from preferences.inbox.redact import redact
from preferences.inbox.reported import Reports
from preferences.inbox.reports import read_reports
from preferences.inbox.suggestion import to_json
from preferences.ledger import Change, Evidence, RecipientGone
from preferences.mail.compose import first_spoken
from preferences.mail.send_answer import AnswerRefused, request_answer
from preferences.models import AnswerTemplate, Message, MessageAct

logger = logging.getLogger(__name__)

# The text that tells the sender of a plain request what was stopped.
ANSWER_TEMPLATE = "stopped"
_UNREADABLE = Plan(kind=MessageKind.UNCLEAR, state=MessageState.WAITING, hold=Hold.UNREADABLE)
_DEADLOCK = "40P01"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What a message says. There is no letter where the e-mail service reports, and neither where it cannot be read."""

    letter: Letter | None = None
    reports: Reports | None = None


@task()
def handle_message(*, message: int) -> None:
    """Understand one message (primary key) and act on it, once: what it changes and that it did are one transaction.

    Whatever goes wrong in that for a mistake of ours, the message waits for staff. Where the database is gone, it is
    left as it was received, for `resume_mail`.
    """
    now = timezone.now()
    try:
        try:
            _handle(message, now=now)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != _DEADLOCK:
                raise
            # The other transaction was let through.
            _handle(message, now=now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        # Strangers write these messages, and none may be lost over what nobody thought of.
        logger.exception("Message %s could not be handled", message)
        with transaction.atomic():
            row = _lock(message)
            if row is not None:
                _become(row, _UNREADABLE, now=now)


def _handle(message: int, *, now: dt.datetime) -> None:
    # Reading may take a while, and needs no lock: the bytes never change.
    read = _read(Message.objects.get(pk=message))
    with transaction.atomic():
        row = _lock(message)
        if row is None:
            return
        if read.letter:
            row.sender, row.subject = read.letter.sender, redact(read.letter.subject)
            row.text, row.evidence = read.letter.text, read.letter.evidence
        if read.reports:
            _act_on_reports(row, read.reports, letter=read.letter, now=now)
        elif read.letter:
            _act(row, read.letter, now=now)
        else:
            _become(row, _UNREADABLE, now=now)


def _lock(message: int) -> Message | None:
    """The row, locked; None where it was handled already."""
    # Not its bytes, of which there may be many.
    row = Message.objects.select_for_update().defer("raw").get(pk=message)
    return row if row.state == MessageState.RECEIVED else None


def _read(row: Message) -> _Read:
    raw = bytes(row.raw or b"")
    if row.is_report:
        return _Read(reports=read_event(raw))
    return _Read(letter=read_letter(raw, authserv_id=settings.AUTHSERV_ID), reports=read_reports(raw))


def _act_on_reports(row: Message, reports: Reports, *, letter: Letter | None, now: dt.datetime) -> None:
    """Bounces and complaints. A complaint nobody can be found for waits for staff; a bounce does not.

    Where the mail server doubts who sent them, nothing is done by itself.
    """
    doubtful = letter is not None and letter.doubtful
    acted = Acted() if doubtful else act_on_reports(message=row, reports=reports, now=now)
    if letter and not acted.matched and _is_from_a_person(letter):
        _act(row, letter, now=now)
        return
    asked = MessageKind.STOP if reports.unsubscriptions else MessageKind.BOUNCE
    kind = MessageKind.COMPLAINT if reports.complaints or reports.is_feedback else asked
    if acted.waits or (doubtful and reports.complaints):
        hold = Hold.SENDER_DOUBTFUL if doubtful else Hold.SENDER_UNKNOWN
        plan = Plan(kind=kind, state=MessageState.WAITING, hold=hold)
    else:
        plan = Plan(kind=kind, state=MessageState.ACTED if acted.matched else MessageState.IGNORED)
    recipient = acted.point.recipient_id if acted.point else None
    _become(row, replace(plan, point=acted.point, recipient=recipient), now=now)
    _remember(row, acted.events)


def _is_from_a_person(letter: Letter) -> bool:
    """Whether somebody on record wrote it, who may have put a report into it to show us."""
    return letter.automatic is None and find_sender(sender=letter.sender, reply_to="").point is not None


def _act(row: Message, letter: Letter, *, now: dt.datetime) -> None:
    plan = plan_for(letter, message=row)
    events, people = _stop(plan.stops, said_at=row.received_at, now=now)
    if plan.stops and not people:
        # Whoever the token was made for had their data erased: there is nobody to stop anything for.
        plan = replace(plan, state=MessageState.IGNORED, recipient=None, point=None)
    elif plan.recipient and len(people) == 1:
        # Their records may have been brought together with others since.
        plan = replace(plan, recipient=people.pop())
    _become(row, plan, now=now)
    _remember(row, events)
    if plan.answer:
        _answer(row, now=now)


def _answer(row: Message, *, now: dt.datetime) -> None:
    """Tell the sender what was stopped, where they may be told, and there is a text to tell it with."""
    template = AnswerTemplate.objects.filter(key=ANSWER_TEMPLATE, retired_at=None).first()
    if template is None or row.recipient is None:
        return
    language = first_spoken(row.recipient.language)
    with translation.override(language):
        subject, text = str(template.subject), str(template.text)
    with suppress(AnswerRefused):
        request_answer(message=row, subject=subject, text=text, language=language, automatic=True, now=now)


def _stop(stops: Iterable[Stop], *, said_at: dt.datetime, now: dt.datetime) -> tuple[list[int], set[int]]:
    """Record the stops; the Events that were written, and the recipients they are of, without those who are gone."""
    events: list[int] = []
    people: set[int] = set()
    # In one order, so that two messages do not wait for each other.
    for stop in sorted(stops, key=lambda stop: stop.recipient):
        try:
            recorded = ledger.record(
                recipient=stop.recipient,
                changes=[Change(scope=stop.scope, state=State.OPTED_OUT)],
                evidence=Evidence(source=Source.EMAIL_REQUEST, occurred_at=said_at),
                now=now,
            )
        except RecipientGone:
            continue
        people.add(recorded.recipient)
        events += [
            result.event
            for result in recorded.results
            if result.event and result.outcome in {Outcome.CHANGED, Outcome.SUPERSEDED}
        ]
    return events, people


def _become(row: Message, plan: Plan, *, now: dt.datetime) -> None:
    """Write down what the message was understood to be."""
    if row.copies.exists():
        # It came again with another text while it was waiting for us.
        plan = replace(plan, state=MessageState.WAITING, hold=Hold.OTHER_TEXT)
    waits = plan.state is MessageState.WAITING
    row.kind, row.state, row.hold = plan.kind, plan.state, plan.hold or ""
    row.brand, row.contact_point = plan.brand, plan.point
    row.recipient_id = plan.recipient
    row.suggestion = to_json(plan.suggestion)
    row.language = row.recipient.language if row.recipient else ""
    row.due_at = deadline_of(row) if waits else None
    row.handled_at = None if waits else now
    row.save(
        update_fields=[
            *("kind", "state", "hold", "sender", "subject", "text", "evidence"),
            *("brand", "recipient", "contact_point", "suggestion", "due_at", "handled_at", "language"),
        ]
    )


def _remember(row: Message, events: Iterable[int]) -> None:
    MessageAct.objects.bulk_create(MessageAct(message=row, event_id=event) for event in events)
