"""Answer an e-mail that came in.

Two machines that answer each other never stop, so what is automatic gets no answer: see `may_be_answered`. And an
answer of ours says that it is one (RFC 3834), is answered to the address it comes from, and what comes back there is a
bounce, an automatic reply or mail of our own: none of those may be answered.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from email.parser import BytesHeaderParser
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import BinaryField, Q
from django.db.models.functions import Substr
from django.tasks import task
from django.utils import timezone
from django.utils.translation import gettext as _

from preferences.decisions.choices import load_choices
from preferences.enums import AttemptOutcome, Intake, MailKind, MessageKind
from preferences.identity import keyed_hash
from preferences.mail.compose import Draft, LinkWriter, first_spoken, new_message_id
from preferences.mail.deliver import deliver, drop
from preferences.mail.own_addresses import is_own
from preferences.mail.told import tell
from preferences.models import ContactPoint, Event, Mail, Message, Recipient

_NEVER = {MessageKind.BOUNCE, MessageKind.COMPLAINT, MessageKind.AUTO_REPLY, MessageKind.MAILING_LIST}
# RFC 3834 section 2 and custom: behind these is a program, or nobody.
_NOBODY = re.compile(
    r"""
    (
        mailer-daemon | postmaster | majordomo | listserv | bounces? | notifications?
        | (.*[-._])? (no | do[-._]?not | don'?t) [-._]? reply ([-._\d].*)?
        | owner-.* | .*-(request|owner|bounces?)
    )
    (\+.*)?
    """,
    re.VERBOSE,
)
_WINDOW = dt.timedelta(days=1)
_HEADERS_WITHIN = 64 * 1024
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,248}>", re.ASCII)


class AnswerRefused(Exception):
    """A message may not be answered: `code` is one of content_deleted, no_sender, automatic, own_address, no_way_back,
    nobody_reads_it, answered_already, too_many_answers."""

    def __init__(self, *, code: str) -> None:
        self.code = code
        super().__init__(code)


def may_be_answered(message: Message) -> bool:
    """Whether a message may be answered, by staff or by itself."""
    return not _refusal(message)


def request_answer(
    *,
    message: Message,
    subject: str,
    text: str,
    now: dt.datetime,
    automatic: bool = False,
    language: str = "",
) -> Mail:
    """Have the worker mail an answer to a message to `message.answer_to`, and return the mail.

    In `subject` and `text` {brand} stands for the name of the brand the message was written to, and in `text` {changes}
    for what the message led to (its acts) for whoever the answer goes to, each with a link that takes it back; they are
    filled in when the mail is sent. `language` is that of the text, where it is not the person's.

    An `automatic` answer is sent once to a message, and at most ANSWERS_PER_DAY times a day to one mailbox, where those
    of staff count too. Raises AnswerRefused.
    """
    code = _refusal(message)
    if code:
        raise AnswerRefused(code=code)
    with transaction.atomic():
        if automatic:
            _keep_within_limits(message, now=now)
        spoken = message.recipient.language if message.recipient else ""
        mail = Mail.objects.create(
            kind=MailKind.ANSWER,
            recipient=message.recipient,
            contact_point=_point_of(message),
            brand=message.brand,
            answers=message,
            language=first_spoken(language, message.language, spoken),
            message_id=new_message_id(),
            subject=subject[:500],
            text=text,
            created_at=now,
        )
        send_answer.enqueue(mail=mail.pk)
    return mail


@task()
def send_answer(*, mail: int) -> None:
    """Send an answer. For the worker, and again where the mail server cannot take it just now.

    Nothing is sent once it was sent or given up, nor where what names the sender was deleted meanwhile. A person who
    was erased meanwhile gets it, without links: the message keeps their address until then.
    """
    now = timezone.now()
    answer = Mail.objects.select_related("brand", "recipient").get(pk=mail)
    closed = [AttemptOutcome.SENT, AttemptOutcome.GIVEN_UP]
    if answer.attempts.filter(outcome__in=closed).exists():
        return
    message = (
        Message.objects.defer("raw", "text").select_related("contact_point__recipient").get(answers=answer)
    )
    if answer.content_deleted_at or message.content_deleted_at or not message.answer_to:
        drop(mail=mail, now=now)
        return
    delivery = deliver(_draft(answer, message=message, now=now), mail=mail, now=now)
    if delivery.again_after:
        send_answer.using(run_after=now + delivery.again_after).enqueue(mail=mail)


def _refusal(message: Message) -> str:
    """Why a message may not be answered; empty where it may."""
    addresses = {message.sender, message.answer_to} - {""}
    if message.content_deleted_at:
        return "content_deleted"
    if not addresses:
        return "no_sender"
    if message.is_report or message.kind in _NEVER:
        return "automatic"
    if any(is_own(address) for address in addresses):
        return "own_address"
    # Who sends from nowhere wants no answer. A pipe may just not have been told where the mail came from.
    if message.intake == Intake.LISTENER and not message.envelope_sender:
        return "no_way_back"
    if _NOBODY.fullmatch(message.answer_to.partition("@")[0]):
        return "nobody_reads_it"
    return ""


def _keep_within_limits(message: Message, *, now: dt.datetime) -> None:
    """Raises AnswerRefused. Answers to one mailbox count one after the other."""
    key = keyed_hash(purpose="answered", value=message.answer_to)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
    answers = Mail.objects.filter(kind=MailKind.ANSWER)
    if answers.filter(answers=message).exists():
        raise AnswerRefused(code="answered_already")
    point = _point_of(message)
    mailbox = Q(answers__sender=message.answer_to) | (Q(contact_point=point) if point else Q())
    recent = answers.filter(mailbox, created_at__gt=now - _WINDOW)
    if recent.count() >= settings.ANSWERS_PER_DAY:
        raise AnswerRefused(code="too_many_answers")


def _draft(answer: Mail, *, message: Message, now: dt.datetime) -> Draft:
    point = _point_of(message)
    events = _to_be_told(message, person=point.recipient if point else answer.recipient)

    def context(link: LinkWriter) -> Mapping[str, Any]:
        # The mail has the words as they were asked for, until it is sent and kept as it was sent.
        us = answer.brand.name if answer.brand else _("us")
        choices = load_choices(point.recipient_id) if point else []
        return {
            "subject": answer.subject.replace("{brand}", us),
            "parts": [part.strip() for part in answer.text.replace("{brand}", us).split("{changes}")],
            "told": tell(events, point=point, choices=choices, link=link, now=now),
        }

    return Draft(
        kind=MailKind.ANSWER,
        address=message.answer_to,
        languages=(answer.language,),
        context=context,
        recipient=answer.recipient_id,
        contact_point=answer.contact_point_id,
        brand=answer.brand,
        in_reply_to=_message_id_of(message),
    )


def _point_of(message: Message) -> ContactPoint | None:
    """The person's address, where the answer goes to it.

    Links go nowhere else: whoever reads an address that is not the person's must not be able to undo what they said.
    """
    point = message.contact_point
    return point if point and point.normalized == message.answer_to else None


def _to_be_told(message: Message, *, person: Recipient | None) -> list[Event]:
    """What a message led to for the person, and still holds. What it led to for others is none of their business."""
    if person is None:
        return []
    survivor = person.merged_into_id or person.pk
    return list(
        Event.objects.select_related("brand", "purpose", "undone_by")
        .filter(Q(recipient=survivor) | Q(recipient__merged_into=survivor))
        .filter(message_act__message=message, undone_by=None, superseded=False)
        .order_by("pk")
    )


def _message_id_of(message: Message) -> str:
    """The Message-ID of what came in, from the first of its bytes alone; empty where it has none that can be named."""
    (start,) = (
        Message.objects.filter(pk=message.pk)
        .annotate(start=Substr("raw", 1, _HEADERS_WITHIN, output_field=BinaryField()))
        .values_list("start", flat=True)
    )
    headers = BytesHeaderParser().parsebytes(bytes(start or b""))
    found = _MESSAGE_ID.search(str(headers.get("Message-ID", "")))
    return found[0] if found else ""
