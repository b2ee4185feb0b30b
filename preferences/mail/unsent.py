"""Mails of ours that did not reach the mail server, for staff to see."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from preferences.enums import AttemptOutcome, MailKind
from preferences.mail.deliver import NOT_NEEDED
from preferences.models import Mail, MailAttempt

_RECENT = dt.timedelta(days=7)
# The last attempt is made 36 minutes after the first.
_LATE = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """How many mails were given up within the last 7 days, and how many answers are unsent after more than an hour."""

    given_up: int
    late: int


def count_unsent(*, now: dt.datetime) -> Unsent:
    """Count the mails that somebody has to look after: the mail server refuses them, or the worker does not run.

    A mail that was not needed any more when its time came is not among those given up.
    """
    given_up = MailAttempt.objects.filter(outcome=AttemptOutcome.GIVEN_UP, attempted_at__gt=now - _RECENT)
    answers = Mail.objects.unfinished().filter(kind=MailKind.ANSWER, content_deleted_at=None)
    return Unsent(
        given_up=given_up.exclude(detail=NOT_NEEDED).count(),
        late=answers.filter(created_at__lt=now - _LATE).count(),
    )
