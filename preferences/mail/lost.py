"""Mails that nobody will attempt any more: the worker that had them was killed."""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, OuterRef, Q
from django.tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from preferences.enums import MailKind
from preferences.mail.deliver import drop
from preferences.models import Mail, MailAttempt

# A mail is put off by half an hour at most.
_LOST_AFTER = dt.timedelta(hours=1)
# The task of an answer is enqueued again; see inbox/resume.py.
_NEVER_RESUMED = [MailKind.LINK, MailKind.CONFIRMATION, MailKind.CHANGE]


def give_up_lost(*, now: dt.datetime) -> int:
    """Put an end on record for every mail that shows no sign of life for an hour, and return how many there were.

    Left open, they would be kept for ever, as mails that are on their way are. One whose task waits for a worker is
    not lost, however long it does, nor is one that a worker took up within the hour.
    """
    since = now - _LOST_AFTER
    tried = MailAttempt.objects.filter(mail=OuterRef("pk"), attempted_at__gte=since)
    lost = (
        Mail.objects.unfinished()
        .filter(kind__in=_NEVER_RESUMED, created_at__lt=since, content_deleted_at=None)
        .exclude(Exists(tried))
        .exclude(pk__in=_with_a_task(since=since))
        .values_list("pk", flat=True)
    )
    given_up = list(lost)
    for mail in given_up:
        drop(mail=mail, now=now, detail="lost")
    return len(given_up)


def _with_a_task(*, since: dt.datetime) -> list[int]:
    """The mails that were put off and that a worker will attempt again, or is at."""
    running = Q(status=TaskResultStatus.RUNNING, started_at__gte=since)
    tasks = DBTaskResult.objects.filter(Q(status=TaskResultStatus.READY) | running)
    named = tasks.filter(args_kwargs__kwargs__mail__isnull=False).exclude(args_kwargs__kwargs__mail=None)
    return list(named.values_list("args_kwargs__kwargs__mail", flat=True))
