"""Delete what mail says when its time is over. The rows, the acts and the events stay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction

from preferences.enums import MailKind, MessageKind
from preferences.models import Mail, Message
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
    """
    for kind in MessageKind:
        # What could not be read at all has no kind.
        kinds = [kind, ""] if kind is MessageKind.UNCLEAR else [kind]
        there = Message.objects.filter(kind__in=kinds, content_deleted_at=None)
        yield _prune(kind, there, since="received_at", now=now, dry_run=dry_run)
    for mail_kind in MailKind:
        mails = Mail.objects.filter(kind=mail_kind, content_deleted_at=None)
        yield _prune(mail_kind, mails, since="created_at", now=now, dry_run=dry_run)


def _prune(
    kind: MessageKind | MailKind,
    there: MessageQuerySet | MailQuerySet,
    *,
    since: str,
    now: dt.datetime,
    dry_run: bool,
) -> Pruned:
    days = days_of(kind)
    before = now - dt.timedelta(days=days)
    over = there.filter(**{f"{since}__lt": before})
    erased = there.filter(**{f"{since}__gte": before}, recipient__erased_at__isnull=False)
    kept = over.count() - over.finished().count()
    # One after the other, so that each goes by its own index.
    deleted = sum(_delete(due.finished(), now=now, dry_run=dry_run) for due in (over, erased))
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
