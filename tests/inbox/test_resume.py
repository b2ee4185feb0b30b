"""What a killed worker has left behind is taken up again, and only that."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from preferences.enums import AttemptOutcome, Intake, MailKind, MessageState
from preferences.inbox.resume import Resumed, resume_mail
from preferences.inbox.store import Incoming, store
from preferences.models import Brand, Mail, Message, Recipient
from tests.mail.conftest import worker
from tests.management.conftest import run

pytestmark = pytest.mark.django_db
__all__ = ["run", "worker"]

RAW = b"From: kari@example.com\r\nTo: news@acme.example.com\r\nSubject: unsubscribe\r\nMessage-ID: <1@x>\r\n\r\n"
NOTHING = Resumed(messages=0, answers=0)


def came(**ago: int) -> int:
    return store(Incoming(raw=RAW, intake=Intake.PIPE), now=timezone.now() - dt.timedelta(**ago))


def test_a_message(worker: Callable[[], None], kari: Recipient, acme: Brand) -> None:
    stored = came(minutes=11)
    DBTaskResult.objects.all().delete()
    assert resume_mail(now=timezone.now()) == Resumed(messages=1, answers=0)
    worker()
    assert Message.objects.get(pk=stored).state == MessageState.ACTED
    assert resume_mail(now=timezone.now()) == NOTHING


def test_what_only_waits_for_a_worker_is_not_lost(kari: Recipient) -> None:
    came(minutes=11)
    assert resume_mail(now=timezone.now()) == NOTHING
    DBTaskResult.objects.all().delete()
    assert resume_mail(now=timezone.now() - dt.timedelta(minutes=2)) == NOTHING


def test_an_answer(worker: Callable[[], None], kari: Recipient, acme: Brand) -> None:
    came(minutes=1)
    # The worker handles the message, and is killed before it comes to the answer.
    (task,) = DBTaskResult.objects.all()
    task.task.func(**task.args_kwargs["kwargs"])
    DBTaskResult.objects.all().delete()
    (answer,) = Mail.objects.filter(kind=MailKind.ANSWER)

    assert resume_mail(now=timezone.now() + dt.timedelta(minutes=59)) == NOTHING
    assert resume_mail(now=timezone.now() + dt.timedelta(minutes=61)) == Resumed(messages=0, answers=1)
    worker()

    assert [sent.to for sent in mail.outbox] == [["kari@example.com"]]
    assert [attempt.outcome for attempt in answer.attempts.all()] == [AttemptOutcome.SENT]
    assert resume_mail(now=timezone.now() + dt.timedelta(days=1)) == NOTHING


def test_the_command_says_what_it_found(run: Any, kari: Recipient) -> None:
    came(minutes=11)
    DBTaskResult.objects.all().delete()
    assert run("resume_mail").out == "Enqueued again: messages to handle 1, answers to send 0.\n"
    assert run("resume_mail").out == ""
