"""Ask for the mail that tells a person what was changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

from preferences.decisions.mailbox import mailbox_of
from preferences.enums import State
from preferences.mail.send_notice import send_notice
from preferences.mail.waiting import give_up, is_on_its_way, take_over
from preferences.models import Brand, ChangeNotice, Event, Recipient


def request_notice(*, recipient: int, events: Sequence[int], now: dt.datetime) -> ChangeNotice | None:
    """Have the worker tell a person of these Events (primary keys); None where there is nothing to tell, or no address.

    The mail waits NOTICE_DELAY_MINUTES, and everything asked for until then goes into it. One that has waited too long
    is given up for a new one, which tells its Events as well.

    An Event of a brand is told where the brand tells changes (Brand.tells_changes), one of all brands or about
    profiling where any does. What waits for confirmation is not: the mail by which it is confirmed names it.
    """
    told = _to_be_told(events)
    if not told:
        return None
    with transaction.atomic():
        # Requests for one person count one after the other, and none while the worker looks what to mail.
        Recipient.objects.select_for_update(no_key=True).get(pk=recipient)
        _person, point = mailbox_of(recipient=recipient, now=now)
        if point is None:
            return None
        waiting = ChangeNotice.objects.filter(recipient=recipient, answered_at=None).first()
        if waiting is not None and is_on_its_way(waiting, now=now):
            waiting.events += told
            waiting.save(update_fields=["events"])
            return waiting
        if waiting is not None:
            give_up(ChangeNotice, [waiting.pk], now=now)
            told = [*waiting.events, *told]
        due_at = now + dt.timedelta(minutes=settings.NOTICE_DELAY_MINUTES)
        return _make_notice(recipient=recipient, events=told, due_at=due_at, now=now)


def join_notices(*, surviving: int, now: dt.datetime) -> None:
    """Have two people who turned out to be one told of all changes in one mail, where either waits for one.

    Call after the merge, in its transaction, with the recipient locked. The mail goes out when the later was due.
    """
    waiting = take_over(ChangeNotice, recipient=surviving, now=now)
    if waiting:
        events = [event for notice in waiting for event in notice.events]
        due_at = max([now, *(notice.due_at for notice in waiting)])
        _make_notice(recipient=surviving, events=events, due_at=due_at, now=now)


def _make_notice(*, recipient: int, events: list[int], due_at: dt.datetime, now: dt.datetime) -> ChangeNotice:
    notice = ChangeNotice.objects.create(
        recipient_id=recipient, events=events, requested_at=now, due_at=due_at
    )
    send_notice.using(run_after=due_at).enqueue(notice=notice.pk)
    return notice


def _to_be_told(events: Sequence[int]) -> list[int]:
    rows = Event.objects.filter(pk__in=events).exclude(state=State.PENDING).order_by("pk")
    told = list(rows.values_list("pk", "brand__tells_changes"))
    any_tells = (
        any(tells is None for _event, tells in told)
        and Brand.objects.filter(tells_changes=True, retired_at=None).exists()
    )
    return [event for event, tells in told if (any_tells if tells is None else tells)]
