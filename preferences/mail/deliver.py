"""Hand a mail of ours to the mail server, and put on record what became of it.

A worker that is killed after the mail server took a mail and before that is on record leaves a mail without an attempt.
Nobody takes its task up again by itself, but that of an answer. Where the mail is asked for anew, the person gets it
twice; never more often. See lost.py for what becomes of the other.
"""

from __future__ import annotations

import datetime as dt
import logging
import smtplib
from dataclasses import dataclass

from anymail.exceptions import AnymailAPIError, AnymailError
from django.core.mail import EmailMultiAlternatives
from django.db import transaction

from preferences.enums import AttemptOutcome
from preferences.mail.compose import Draft, Kept, compose, keep, new_message_id
from preferences.models import Mail, MailAttempt

logger = logging.getLogger(__name__)

# How long to wait before each further attempt. Whoever asked is waiting, and may ask anew within the hour.
_AGAIN_AFTER = (dt.timedelta(minutes=1), dt.timedelta(minutes=5), dt.timedelta(minutes=30))
# Answers of an e-mail service that say nothing against the mail: a token to be repaired, or a limit, or bad luck.
_PASSING = {401, 402, 403, 408, 425, 429}
# The same from a mail server that wants us to sign in first, or otherwise (RFC 4954).
_SIGN_IN = {530, 534, 535, 538}
# The detail of an attempt that was not made.
NOT_NEEDED = "nothing left to tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of one attempt. `mail` is the primary key of the mail, to go on with. `again_after` says how long to
    wait for the next attempt; None where there is none."""

    mail: int
    sent: bool
    again_after: dt.timedelta | None = None


def deliver(draft: Draft, *, mail: int | None = None, now: dt.datetime) -> Delivery:
    """Make one attempt at a mail. `mail` is the one that earlier attempts were made at; without it, it is a new one.

    The mail and every attempt are on record, without tokens. Errors of the mail server are no exceptions.
    """
    row = Mail.objects.get(pk=mail or put_on_record(draft, now=now))
    kept = keep(draft)
    number = row.attempts.count() + 1
    try:
        message = compose(draft, message_id=row.message_id)
        message.send()
    # Every error of SMTP is an OSError, and so is a connection refused, lost or timed out.
    except (OSError, AnymailError) as error:
        again_after = _AGAIN_AFTER[number - 1] if number <= len(_AGAIN_AFTER) and _may_pass(error) else None
        outcome = AttemptOutcome.PUT_OFF if again_after else AttemptOutcome.GIVEN_UP
        _note(row, kept=kept, number=number, outcome=outcome, detail=_in_brief(error), now=now)
        if not again_after:
            logger.error("%s was given up after %s attempts: %s", _name(row), number, _in_brief(error))
        return Delivery(mail=row.pk, sent=False, again_after=again_after)
    except Exception as error:
        detail = _in_brief(error)
        _note(row, kept=kept, number=number, outcome=AttemptOutcome.GIVEN_UP, detail=detail, now=now)
        raise
    _note(row, kept=kept, number=number, outcome=AttemptOutcome.SENT, detail="", now=now)
    _adopt_id(row, message=message)
    return Delivery(mail=row.pk, sent=True)


def drop(*, mail: int | None, now: dt.datetime, detail: str = NOT_NEEDED) -> None:
    """Put on record that no further attempt is made at a mail. Nothing, where there is none or it has ended."""
    if mail is not None and Mail.objects.unfinished().filter(pk=mail).exists():
        number = MailAttempt.objects.filter(mail=mail).count() + 1
        MailAttempt.objects.create(
            mail_id=mail,
            number=number,
            attempted_at=now,
            outcome=AttemptOutcome.GIVEN_UP,
            detail=detail,
        )


def put_on_record(draft: Draft, *, now: dt.datetime) -> int:
    """Put a mail on record before the first attempt at it, and return its primary key.

    In one transaction with whatever marks the mail as made, so that none is lost without a trace.
    """
    kept = keep(draft)
    mail = Mail.objects.create(
        kind=draft.kind,
        recipient_id=draft.recipient,
        contact_point_id=draft.contact_point,
        brand=draft.brand,
        language=draft.language,
        message_id=new_message_id(),
        subject=kept.subject,
        text=kept.text,
        created_at=now,
    )
    return mail.pk


def _note(
    mail: Mail, *, kept: Kept, number: int, outcome: AttemptOutcome, detail: str, now: dt.datetime
) -> None:
    """Put one attempt on record; after the last, the mail is kept as it was then."""
    with transaction.atomic():
        MailAttempt.objects.create(mail=mail, number=number, attempted_at=now, outcome=outcome, detail=detail)
        if outcome is not AttemptOutcome.PUT_OFF:
            Mail.objects.filter(pk=mail.pk, content_deleted_at=None).update(
                subject=kept.subject, text=kept.text
            )


def _adopt_id(mail: Mail, *, message: EmailMultiAlternatives) -> None:
    """An e-mail service gives a mail an id of its own, and names that one when the mail comes back."""
    given = getattr(getattr(message, "anymail_status", None), "message_id", None)
    if (
        isinstance(given, str)
        and 0 < len(given) <= 200
        and not Mail.objects.filter(message_id=given).exists()
    ):
        Mail.objects.filter(pk=mail.pk).update(message_id=given)


def _may_pass(error: Exception) -> bool:
    """Whether to try again: always, but where we were told that it is no use (RFC 5321: 5yz), and where an e-mail
    service took the mail and could only not say so. A password that is refused says nothing against the mail."""
    match error:
        case AnymailAPIError(status_code=status):
            return status is None or status >= 500 or status in _PASSING
        case AnymailError():
            return False
        case smtplib.SMTPAuthenticationError():
            return True
        case smtplib.SMTPRecipientsRefused():
            codes = [code for code, _text in error.recipients.values()]
        case smtplib.SMTPResponseException():
            codes = [error.smtp_code]
        case smtplib.SMTPNotSupportedError():
            return False
        case _:
            return True
    return any(code < 500 or code in _SIGN_IN for code in codes)


def _in_brief(error: Exception) -> str:
    """`SMTPRecipientsRefused 550`: never the error's own words, which may quote the address or the mail."""
    match error:
        case AnymailAPIError(status_code=None) if error.__cause__ is not None:
            more: object = type(error.__cause__).__name__
        case AnymailAPIError():
            more = error.status_code
        case smtplib.SMTPRecipientsRefused():
            more = " ".join(str(code) for code, _text in error.recipients.values())
        case smtplib.SMTPResponseException():
            more = error.smtp_code
        case _:
            more = ""
    return f"{type(error).__name__} {more or ''}".strip()[:80]


def _name(mail: Mail) -> str:
    return f"Mail {mail.pk} ({mail.kind})"
