"""What staff are told of mails of ours that did not go."""

import datetime as dt

import pytest

from preferences.enums import AttemptOutcome, MailKind
from preferences.mail.deliver import drop
from preferences.mail.unsent import Unsent, count_unsent
from preferences.models import Mail, MailAttempt

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)


def mail(kind, *, outcome=None, **ago):
    when = NOW - dt.timedelta(**ago)
    row = Mail.objects.create(
        kind=kind, language="en", message_id=f"<{Mail.objects.count()}@example.com>", created_at=when
    )
    if outcome:
        MailAttempt.objects.create(mail=row, number=1, attempted_at=when, outcome=outcome)
    return row


def test_nothing():
    assert count_unsent(now=NOW) == Unsent(given_up=0, late=0)


def test_given_up_within_a_week():
    for kind in MailKind:
        mail(kind, outcome=AttemptOutcome.GIVEN_UP, days=6)
        mail(kind, outcome=AttemptOutcome.GIVEN_UP, days=8)
        mail(kind, outcome=AttemptOutcome.SENT, days=6)
    # Nobody misses this one.
    drop(mail=mail(MailKind.CHANGE, days=1).pk, now=NOW)
    assert count_unsent(now=NOW) == Unsent(given_up=len(MailKind), late=0)


def test_answers_that_are_late():
    late = [
        mail(MailKind.ANSWER, minutes=61),
        mail(MailKind.ANSWER, minutes=61, outcome=AttemptOutcome.PUT_OFF),
    ]
    mail(MailKind.ANSWER, minutes=59)
    mail(MailKind.ANSWER, minutes=61, outcome=AttemptOutcome.SENT)
    mail(MailKind.LINK, minutes=61)
    assert count_unsent(now=NOW) == Unsent(given_up=0, late=len(late))
