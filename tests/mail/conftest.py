"""What the tests of the mails have in common with the journeys."""

import itertools

from django.utils import timezone

from preferences import ledger
from preferences.enums import Intake, MessageKind, MessageState, Source, State
from preferences.ledger import Change, Evidence
from preferences.models import Message, MessageAct
from tests.journeys.conftest import clock_forward, worker

__all__ = ["act_on", "clock_forward", "received", "worker"]

_numbers = itertools.count(1)


def received(*, sender="kari@example.com", kind=MessageKind.STOP, point=None, raw=None, **columns):
    """A message that came in through the listener and was handled."""
    now = timezone.now()
    raw = raw or f"Message-ID: <{next(_numbers)}@mail.example.com>\r\nFrom: {sender}\r\n\r\nStop".encode()
    return Message.objects.create(
        **{
            "key": f"key {next(_numbers)}",
            "received_at": now,
            "intake": Intake.LISTENER,
            "envelope_sender": sender,
            "size": len(raw),
            "raw": raw,
            "state": MessageState.ACTED,
            "kind": kind,
            "sender": sender,
            "recipient": point.recipient if point else None,
            "contact_point": point,
            "handled_at": now,
            **columns,
        }
    )


def act_on(message, *scopes):
    """The message led to these stops; the ids of the events."""
    changed = ledger.record(
        recipient=message.recipient_id,
        changes=[Change(scope=scope, state=State.OPTED_OUT) for scope in scopes],
        evidence=Evidence(source=Source.EMAIL_REQUEST),
        now=timezone.now(),
    ).changed
    for result in changed:
        MessageAct.objects.create(message=message, event_id=result.event)
    return [result.event for result in changed]
