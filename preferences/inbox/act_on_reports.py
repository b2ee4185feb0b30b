"""Act on bounces and complaints about mail of ours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings

from preferences import ledger
from preferences.enums import Actor, Channel, ContactKind, Kind, Source, State
from preferences.inbox.reported import Complaint, Failure, Report, Reports
from preferences.inbox.statuses import is_counted
from preferences.ledger import Change, Evidence, RecipientGone
from preferences.models import Bounce, ContactPoint, Mail, Message, Recipient
from preferences.scope import Scope
from preferences.tokens import TokenInvalid, read_stop_token

_EMAIL_MARKETING = Scope(kind=Kind.MARKETING, channel=Channel.EMAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What reports led to. `events` are those that were written (ids).

    `matched` says that at least one report was about somebody we know, `point` is the contact point of the first, with
    its recipient. `marked` are the contact points (primary keys) that became unreachable. `waits` says that somebody
    wants no more mail, and nobody on record can be found for them: staff have to look.
    """

    events: tuple[int, ...] = ()
    matched: bool = False
    point: ContactPoint | None = None
    marked: tuple[int, ...] = ()
    waits: bool = False


class _PersonGone(Exception):
    """Whoever the mail went to had their data erased."""

    code = "person_gone"


def act_on_reports(*, message: Message, reports: Reports, now: dt.datetime) -> Acted:
    """Mark addresses that mail came back from, and stop e-mail marketing for whoever complained or unsubscribed.

    Call in the transaction that holds the lock of `message`: its reports then act once. A mail of ours is found by its
    Message-ID, else by its stop token, else by the address; where the mail was forwarded on the way, the contact point
    it was sent to counts. An address is unreachable after one bounce for good, or after SOFT_BOUNCE_LIMIT others on
    different days within SOFT_BOUNCE_DAYS.
    """
    occurred_at = min(reports.occurred_at or message.received_at, message.received_at)
    points, marked = _act_on_failures(reports.failures, message=message, occurred_at=occurred_at, now=now)
    events: list[int] = []
    waits = False
    for request in (*reports.complaints, *reports.unsubscriptions):
        try:
            point = _point_of(request)
            if point is None:
                waits = True
                continue
            points.append(point)
            events += _stop(point, request=request, occurred_at=occurred_at, now=now)
        except (RecipientGone, _PersonGone):
            # There is nobody left to stop anything for.
            continue
    return Acted(
        events=tuple(events),
        matched=bool(points),
        point=points[0] if points else None,
        marked=marked,
        waits=waits,
    )


def _stop(point: ContactPoint, *, request: Report, occurred_at: dt.datetime, now: dt.datetime) -> list[int]:
    """Record that the person wants no e-mail marketing, and return the events written. Raises RecipientGone."""
    complains = isinstance(request, Complaint)
    recorded = ledger.record(
        recipient=point.recipient_id,
        changes=[Change(scope=_EMAIL_MARKETING, state=State.OPTED_OUT)],
        evidence=Evidence(
            source=Source.COMPLAINT if complains else Source.LINK,
            actor=Actor.SYSTEM if complains else Actor.RECIPIENT,
            occurred_at=occurred_at,
        ),
        now=now,
    )
    return [result.event for result in recorded.changed if result.event]


def _act_on_failures(
    failures: Iterable[Failure], *, message: Message, occurred_at: dt.datetime, now: dt.datetime
) -> tuple[list[ContactPoint], tuple[int, ...]]:
    """The contact points that mail came back from, and the primary keys of those that became unreachable by it."""
    failed: dict[int, list[Failure]] = {}
    for failure in failures:
        try:
            point = _point_of(failure)
        except _PersonGone:
            continue
        if point is not None:
            failed.setdefault(point.pk, []).append(failure)
    # Locked, so that of two bounces at once the second counts the first.
    locked = ContactPoint.objects.select_for_update(of=("self",), no_key=True).select_related("recipient")
    points = {point.pk: point for point in locked.filter(pk__in=failed).order_by("pk")}
    marked = [
        pk
        for pk, point in points.items()
        if _remember_bounce(point, failed[pk], message=message, occurred_at=occurred_at)
        and ContactPoint.objects.filter(pk=pk, unreachable_at=None).update(unreachable_at=now)
    ]
    return [points[pk] for pk in failed if pk in points], tuple(marked)


def _remember_bounce(
    point: ContactPoint, failures: Sequence[Failure], *, message: Message, occurred_at: dt.datetime
) -> bool:
    """Write the bounce down once, and return whether the contact point is to be marked as unreachable by it.

    One address can stand for several that the mail was forwarded to: it is bad when all of them are.
    """
    failure = next((failure for failure in failures if not failure.permanent), failures[0])
    if point.unreachable_at and not failure.permanent:
        # Mail that was under way: it must not count against the address once that works again.
        return False
    _bounce, written = Bounce.objects.get_or_create(
        message=message,
        contact_point=point,
        defaults={"permanent": failure.permanent, "status": failure.status, "bounced_at": occurred_at},
    )
    if not written or (point.verified_at and point.verified_at >= occurred_at):
        return False
    return failure.permanent or _keeps_bouncing(point)


def _keeps_bouncing(point: ContactPoint) -> bool:
    """Whether the newest bounces of a contact point that is still reachable are as many as the limit allows.

    The mark by earlier ones has been lifted since, or the point would bear it: after a bounce for good, or as many
    others as the limit, counting begins anew.
    """
    bounces = Bounce.objects.filter(contact_point=point).order_by("bounced_at", "pk")
    if point.verified_at:
        bounces = bounces.filter(bounced_at__gt=point.verified_at)
    days: list[dt.date] = []
    reached = False
    for permanent, status, bounced_at in bounces.values_list("permanent", "status", "bounced_at"):
        if reached or permanent:
            days, reached = [], False
        day = bounced_at.date()
        if permanent or not is_counted(status) or day in days:
            continue
        oldest = day - dt.timedelta(days=settings.SOFT_BOUNCE_DAYS)
        days = [*(earlier for earlier in days if earlier > oldest), day]
        reached = len(days) >= settings.SOFT_BOUNCE_LIMIT
    return reached


def _point_of(report: Report) -> ContactPoint | None:
    """The contact point that the mail a report is about was sent to, with its recipient; None where nobody knows it.

    Raises _PersonGone.
    """
    points = ContactPoint.objects.select_related("recipient")
    if report.message_id:
        spellings = [report.message_id, f"<{report.message_id}>"]
        mail = Mail.objects.select_related("recipient").filter(message_id__in=spellings).first()
        if mail and mail.recipient and mail.recipient.erased_at:
            raise _PersonGone
        if mail and mail.contact_point_id:
            return points.get(pk=mail.contact_point_id)
    if report.stop_token and (point := _point_of_token(report.stop_token)):
        return point
    found = points.filter(kind=ContactKind.EMAIL, normalized__in=report.addresses)
    by_address = {point.normalized: point for point in found}
    if not isinstance(report, Failure) and len({point.recipient_id for point in found}) > 1:
        # It went to several people, and does not say which of them complained.
        return None
    return next((by_address[address] for address in report.addresses if address in by_address), None)


def _point_of_token(text: str) -> ContactPoint | None:
    """The contact point a stop token was made for; None where it is none, or is another person's by now.

    Raises _PersonGone.
    """
    try:
        token = read_stop_token(text)
    except TokenInvalid:
        return None
    person = Recipient.objects.select_related("merged_into").filter(pk=token.recipient).first()
    if person is None:
        return None
    person = person.merged_into or person
    if person.erased_at:
        raise _PersonGone
    return (
        ContactPoint.objects.select_related("recipient")
        .filter(pk=token.contact_point, recipient=person, kind=ContactKind.EMAIL)
        .first()
    )
