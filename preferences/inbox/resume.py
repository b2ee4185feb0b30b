"""Take up again what a worker that was killed has left behind: its task stays as if it still ran, and nobody looks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django_tasks_db.models import DBTaskResult

from preferences.enums import MailKind, MessageState
from preferences.inbox.handle import handle_message
from preferences.mail.send_answer import send_answer
from preferences.models import Mail, Message

# What should long have been done. An answer may have been put off, by half an hour at most.
_MESSAGE_LOST_AFTER = dt.timedelta(minutes=10)
_ANSWER_LOST_AFTER = dt.timedelta(hours=1)
_BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """How many messages are to be handled, and answers sent, once more."""

    messages: int
    answers: int


def resume_mail(*, now: dt.datetime) -> Resumed:
    """Enqueue again the messages and the answers whose task was lost.

    While tasks of their kind wait for a worker nothing is lost, however long they do. Both acts do nothing where they
    are done already.
    """
    with transaction.atomic():
        messages = answers = 0
        if not _waits_for_a_worker(handle_message):
            lost = Message.objects.filter(
                state=MessageState.RECEIVED, received_at__lt=now - _MESSAGE_LOST_AFTER
            )
            for message in lost.order_by("pk").values_list("pk", flat=True)[:_BATCH]:
                handle_message.enqueue(message=message)
                messages += 1
        if not _waits_for_a_worker(send_answer):
            unsent = Mail.objects.unfinished().filter(
                kind=MailKind.ANSWER, created_at__lt=now - _ANSWER_LOST_AFTER, content_deleted_at=None
            )
            for mail in unsent.order_by("pk").values_list("pk", flat=True)[:_BATCH]:
                send_answer.enqueue(mail=mail)
                answers += 1
    return Resumed(messages=messages, answers=answers)


def _waits_for_a_worker(task: Any) -> bool:
    return DBTaskResult.objects.ready().filter(task_path=task.module_path).exists()
