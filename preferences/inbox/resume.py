"""Take up again what a worker that was killed has left behind: its task stays as if it still ran, and nobody looks."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import BigIntegerField, Exists, OuterRef, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from preferences.enums import Hold, MailKind, MessageKind, MessageState
from preferences.inbox.deadline import deadline_of
from preferences.inbox.handle import handle_message
from preferences.mail.send_answer import send_answer
from preferences.models import Mail, Message

logger = logging.getLogger(__name__)

# What should long have been done, or how long a worker may be at it. An answer may have been put off, by half an hour.
_MESSAGE_LOST_AFTER = dt.timedelta(minutes=10)
_ANSWER_LOST_AFTER = dt.timedelta(hours=1)
_BATCH = 1000
# A message that was taken up so often, and is as it was received, fails each time, or takes its worker with it.
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """How many messages are to be handled, and answers sent, once more."""

    messages: int
    answers: int


def resume_mail(*, now: dt.datetime) -> Resumed:
    """Enqueue again the messages and the answers whose task was lost.

    What still has a task that waits for a worker is not lost, however long it waits. A message that failed three times
    waits for staff. Both acts do nothing where they are done already.
    """
    with transaction.atomic():
        return Resumed(messages=_resume_messages(now=now), answers=_resume_answers(now=now))


def _resume_messages(*, now: dt.datetime) -> int:
    tasks = _tasks(handle_message, about="message")
    lost = Message.objects.filter(
        ~Exists(tasks.filter(_under_way(now=now), about=OuterRef("pk"))),
        state=MessageState.RECEIVED,
        received_at__lt=now - _MESSAGE_LOST_AFTER,
    )
    messages = list(lost.order_by("received_at").values_list("pk", flat=True)[:_BATCH])
    ended = tasks.filter(status__in=[TaskResultStatus.FAILED, TaskResultStatus.RUNNING], about__in=messages)
    tries = Counter(ended.values_list("about", flat=True))
    hopeless = {message for message in messages if tries[message] >= _TRIES}
    _let_wait(hopeless)
    for message in messages:
        if message not in hopeless:
            handle_message.enqueue(message=message)
    return len(messages) - len(hopeless)


def _let_wait(messages: Iterable[int]) -> None:
    rows = Message.objects.filter(pk__in=messages, state=MessageState.RECEIVED).defer("raw")
    # One that is locked is being handled after all.
    for message in rows.select_for_update(skip_locked=True):
        logger.error("Message %s could not be handled, and waits for staff", message.pk)
        message.kind, message.state = MessageKind.UNCLEAR, MessageState.WAITING
        message.hold = Hold.UNREADABLE
        message.due_at = deadline_of(message)
        message.save(update_fields=["kind", "state", "hold", "due_at"])


def _resume_answers(*, now: dt.datetime) -> int:
    tasks = _tasks(send_answer, about="mail")
    unsent = Mail.objects.unfinished().filter(
        ~Exists(tasks.filter(_under_way(now=now), about=OuterRef("pk"))),
        kind=MailKind.ANSWER,
        created_at__lt=now - _ANSWER_LOST_AFTER,
        content_deleted_at=None,
    )
    mails = list(unsent.order_by("pk").values_list("pk", flat=True)[:_BATCH])
    for mail in mails:
        send_answer.enqueue(mail=mail)
    return len(mails)


def _tasks(task: Any, *, about: str) -> Any:
    """The tasks of one kind, with the row each is `about`, which it is told under that name."""
    return (
        DBTaskResult.objects.filter(task_path=task.module_path)
        .order_by()
        .annotate(about=Cast(KT(f"args_kwargs__kwargs__{about}"), BigIntegerField()))
    )


def _under_way(*, now: dt.datetime) -> Q:
    """Tasks that wait for a worker, or that one may still be at."""
    begun = now - _MESSAGE_LOST_AFTER
    return Q(status=TaskResultStatus.READY) | Q(status=TaskResultStatus.RUNNING, started_at__gte=begun)
