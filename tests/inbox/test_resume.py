"""What a killed worker has left behind is taken up again, and only that."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db.models import QuerySet
from django.tasks import TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from preferences.enums import AttemptOutcome, Hold, Intake, MailKind, MessageKind, MessageState
from preferences.inbox import resume
from preferences.inbox.handle import handle_message
from preferences.inbox.resume import Resumed, resume_mail
from preferences.inbox.store import Incoming, store
from preferences.models import Brand, Mail, Message, Recipient
from preferences.rules.deadlines import due_at
from tests.mail.conftest import worker
from tests.management.conftest import run

pytestmark = pytest.mark.django_db
__all__ = ["run", "worker"]

RAW = b"From: kari@example.com\r\nTo: news@acme.example.com\r\nSubject: unsubscribe\r\nMessage-ID: <%d@x>\r\n\r\n"
NOTHING = Resumed(messages=0, answers=0)


def came(*, number: int = 1, **ago: int) -> int:
    incoming = Incoming(raw=RAW % number, intake=Intake.PIPE)
    return store(incoming, now=timezone.now() - dt.timedelta(**ago))


def tasks_of(message: int) -> QuerySet[DBTaskResult[Any, Any]]:
    return DBTaskResult.objects.filter(args_kwargs__kwargs__message=message)


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


def test_others_that_wait_for_a_worker_hide_none(kari: Recipient) -> None:
    lost = came(minutes=11)
    DBTaskResult.objects.all().delete()
    handle_message.enqueue(message=came(minutes=11, number=2))
    assert resume_mail(now=timezone.now()) == Resumed(messages=1, answers=0)
    assert tasks_of(lost).count() == 1
    assert resume_mail(now=timezone.now()) == NOTHING


def test_what_is_being_handled_is_not_lost_until_its_worker_surely_is(kari: Recipient) -> None:
    message = came(minutes=30)
    tasks_of(message).update(status=TaskResultStatus.RUNNING, started_at=timezone.now())
    assert resume_mail(now=timezone.now()) == NOTHING
    assert resume_mail(now=timezone.now() + dt.timedelta(minutes=11)) == Resumed(messages=1, answers=0)


@pytest.mark.parametrize("status", [TaskResultStatus.FAILED, TaskResultStatus.RUNNING])
def test_what_fails_each_time_waits_for_staff_and_blocks_nobody(
    kari: Recipient, monkeypatch: pytest.MonkeyPatch, status: TaskResultStatus
) -> None:
    monkeypatch.setattr(resume, "_BATCH", 1)
    hopeless, later = came(minutes=40), came(minutes=30, number=2)
    DBTaskResult.objects.all().delete()
    for _ in range(3):
        assert resume_mail(now=timezone.now()) == Resumed(messages=1, answers=0)
        # As when it takes its worker with it.
        tasks_of(hopeless).update(status=status, started_at=timezone.now() - dt.timedelta(minutes=11))
    assert tasks_of(later).count() == 0

    assert resume_mail(now=timezone.now()) == NOTHING

    message = Message.objects.get(pk=hopeless)
    assert (message.state, message.hold) == (MessageState.WAITING, Hold.UNREADABLE)
    assert message.due_at == due_at(kind=MessageKind.UNCLEAR, country="", received_at=message.received_at)
    assert resume_mail(now=timezone.now()) == Resumed(messages=1, answers=0)
    assert tasks_of(later).count() == 1


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
