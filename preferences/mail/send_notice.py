"""Tell a person what was changed through a manage link or by staff, with the way back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.tasks import task
from django.utils import timezone

from preferences.decisions.covering import Stated, stated_state
from preferences.decisions.mailbox import mailbox_of
from preferences.decisions.pending import brand_of
from preferences.enums import MailKind, State
from preferences.links import manage_url
from preferences.mail.compose import Draft, LinkWriter, address_of
from preferences.mail.deliver import deliver, drop, put_on_record
from preferences.mail.told import tell
from preferences.mail.waiting import lock_person, put_off, take_up
from preferences.models import ChangeNotice, ContactPoint, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class _Notice:
    """What to tell, to which address, and all that the person has said by now."""

    point: ContactPoint
    events: tuple[Event, ...]
    choices: tuple[Stated, ...]


@task()
def send_notice(*, notice: int, mail: int | None = None) -> None:
    """Send one mail about everything a notice names that still holds, and mark it as answered. For the worker.

    Nothing is sent where nothing of it holds any more, or where the person has no usable e-mail address. Where the mail
    server cannot take it just now, the task is enqueued again for later with the `mail` (primary key) that attempts
    were made at, and the notice waits again.
    """
    now = timezone.now()
    with transaction.atomic():
        taken = _take_up(notice, now=now)
        if taken is None:
            drop(mail=mail, now=now)
            return
        draft = _draft(taken, now=now)
        mail = mail or put_on_record(draft, now=now)
    delivery = deliver(draft, mail=mail, now=now)
    if delivery.again_after:
        _put_off(notice, until=now + delivery.again_after, mail=mail, now=now)


def _take_up(notice: int, *, now: dt.datetime) -> _Notice | None:
    """What a notice has to tell; None where it was answered before, and where there is nothing or nobody to tell."""
    recipient = take_up(ChangeNotice, notice, now=now)
    if recipient is None:
        return None
    person, point = mailbox_of(recipient=recipient, now=now)
    if person is None or point is None:
        return None
    named = ChangeNotice.objects.values_list("events", flat=True).get(pk=notice)
    events = Event.objects.select_related("brand", "purpose", "undone_by").filter(pk__in=named)
    told = tuple(
        event
        for event in events.order_by("pk")
        if event.undoes_id not in named and _holds(event, recipient=recipient, choices=person.choices)
    )
    return _Notice(point=point, events=told, choices=person.choices) if told else None


def _holds(event: Event, *, recipient: int, choices: Sequence[Stated]) -> bool:
    """Whether what an Event said is what holds now, and nothing that covers it has been said since.

    One of a record that was merged into this one stands in the merge, which is newer and says the same.
    """
    if hasattr(event, "undone_by") or stated_state(choices=choices, scope=event.scope) is not State(
        event.state
    ):
        return False
    order = (event.occurred_at, event.pk)
    return event.recipient_id != recipient or not any(
        choice.scope.covers(event.scope) and choice.order > order for choice in choices
    )


def _put_off(notice: int, *, until: dt.datetime, mail: int, now: dt.datetime) -> None:
    """Let the notice wait again. One that was made in the meantime takes over what this one had to tell."""
    with transaction.atomic():
        recipient = lock_person(ChangeNotice, notice)
        other = ChangeNotice.objects.filter(recipient=recipient, answered_at=None).first()
        if other is not None:
            other.events = [*ChangeNotice.objects.get(pk=notice).events, *other.events]
            other.save(update_fields=["events"])
            drop(mail=mail, now=now)
            return
        put_off(ChangeNotice, notice, recipient=recipient, until=until)
        send_notice.using(run_after=until).enqueue(notice=notice, mail=mail)


def _draft(notice: _Notice, *, now: dt.datetime) -> Draft:
    """The mail about these changes, from the brand they are all of, or from us where there are several."""
    point, brand = notice.point, brand_of(notice.events)

    def context(link: LinkWriter) -> Mapping[str, Any]:
        return {
            "told": tell(notice.events, point=point, choices=notice.choices, link=link, now=now),
            "manage_url": link(
                lambda: manage_url(contact_point=point, brand=brand.pk if brand else None, now=now)
            ),
        }

    return Draft(
        kind=MailKind.CHANGE,
        address=address_of(point),
        languages=(point.recipient.language,),
        context=context,
        recipient=point.recipient_id,
        contact_point=point.pk,
        brand=brand,
    )
