"""Delete what mail says when its time is over. The rows, the acts and the events stay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import batched

from django.db import transaction

from preferences.enums import (
    ContactKind,
    MailKind,
    MessageKind,
    MessageState,
    SuppressionKind,
    SuppressionReason,
)
from preferences.identity import address_hash
from preferences.mail.lost import give_up_lost
from preferences.models import Mail, Message, Suppression
from preferences.models.mail import MailQuerySet, MessageQuerySet
from preferences.rules.retention import days_of

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What became of one kind of mail, which is kept for `days`.

    `deleted` counts those whose content went. `kept` counts those whose time is over too, but which are not finished:
    a message that waits for staff, or a mail of ours that has not been handed over.
    """

    kind: MessageKind | MailKind
    days: int
    deleted: int
    kept: int


def prune(*, now: dt.datetime, dry_run: bool = False) -> Iterator[Pruned]:
    """Delete the content of mail older than its kind is kept, and of what erased people wrote and got.

    One answer for each kind, as soon as it is done. In batches, each a transaction of its own: after an interruption
    the next run goes on where this one stood. With `dry_run` nothing is deleted; `deleted` says how much would be.

    Mails of ours that a killed worker left behind are given up first, but not with `dry_run`.
    """
    if not dry_run:
        give_up_lost(now=now)
    letters = _letters_of_erased()
    for kind in MessageKind:
        # What could not be read at all has no kind.
        kinds = [kind, ""] if kind is MessageKind.UNCLEAR else [kind]
        there = Message.objects.filter(kind__in=kinds, content_deleted_at=None)
        theirs = there.filter(pk__in=letters)
        yield _prune(kind, there, theirs=theirs, since="received_at", now=now, dry_run=dry_run)
    for mail_kind in MailKind:
        mails = Mail.objects.filter(kind=mail_kind, content_deleted_at=None)
        answers = mails.filter(answers__in=letters)
        yield _prune(mail_kind, mails, theirs=answers, since="created_at", now=now, dry_run=dry_run)


def _letters_of_erased() -> list[int]:
    """What staff have closed of the messages (primary keys) from addresses that were erased while they waited, and that
    are not on record as the erased person's."""
    closed = (
        Message.objects.finished()
        .filter(state__in=[MessageState.SETTLED, MessageState.DISMISSED], content_deleted_at=None)
        .exclude(sender="")
        .exclude(recipient__erased_at__isnull=False)
        .values_list("pk", "sender", "received_at")
    )
    letters = []
    for rows in batched(closed.iterator(chunk_size=_BATCH), _BATCH):
        erased = _erased_at([sender for _pk, sender, _received_at in rows])
        letters += [
            pk for pk, sender, received_at in rows if sender in erased and received_at <= erased[sender]
        ]
    return letters


def _erased_at(addresses: Sequence[str]) -> dict[str, dt.datetime]:
    """When the person at each of these addresses was erased last, of those where one was."""
    hashes = {address_hash(kind=ContactKind.EMAIL, normalized=address): address for address in addresses}
    erasures = Suppression.objects.filter(
        kind=SuppressionKind.ADDRESS, reason=SuppressionReason.ERASURE, address_hash__in=list(hashes)
    )
    found = erasures.order_by("created_at").values_list("address_hash", "created_at")
    return {hashes[bytes(hashed)]: created_at for hashed, created_at in found if hashed is not None}


def _prune(
    kind: MessageKind | MailKind,
    there: MessageQuerySet | MailQuerySet,
    *,
    theirs: MessageQuerySet | MailQuerySet,
    since: str,
    now: dt.datetime,
    dry_run: bool,
) -> Pruned:
    days = days_of(kind)
    before = now - dt.timedelta(days=days)
    over = there.filter(**{f"{since}__lt": before})
    young = {f"{since}__gte": before}
    erased = there.filter(**young, recipient__erased_at__isnull=False)
    theirs = theirs.filter(**young).exclude(recipient__erased_at__isnull=False)
    kept = over.count() - over.finished().count()
    # One after the other, so that each goes by its own index.
    deleted = sum(_delete(due.finished(), now=now, dry_run=dry_run) for due in (over, erased, theirs))
    return Pruned(kind=kind, days=days, deleted=deleted, kept=kept)


def _delete(due: MessageQuerySet | MailQuerySet, *, now: dt.datetime, dry_run: bool) -> int:
    """How many of these lost their content, or would."""
    if dry_run:
        return due.count()
    deleted, batch = 0, _BATCH
    while batch == _BATCH:
        with transaction.atomic():
            batch = due[:_BATCH].delete_content(now=now)
        deleted += batch
    return deleted
