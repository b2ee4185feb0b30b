"""`manage.py prune_mail`: the content of mail goes when its time is over."""

import datetime as dt

import pytest
from django.utils import timezone

from preferences.enums import Hold, Intake, MailKind, MessageKind, MessageState
from preferences.models import Mail, Message

pytestmark = pytest.mark.django_db


def came_in(kind: MessageKind, *, days_ago: int, state: MessageState = MessageState.IGNORED) -> Message:
    received_at = timezone.now() - dt.timedelta(days=days_ago)
    waits = state is MessageState.WAITING
    return Message.objects.create(
        key=f"key-{Message.objects.count()}",
        received_at=received_at,
        intake=Intake.PIPE,
        size=5,
        raw=b"From:",
        sender="kari@example.com",
        kind=kind,
        state=state,
        hold=Hold.NOT_SURE if waits else "",
        handled_at=None if waits else received_at,
    )


def contents() -> int:
    return Message.objects.exclude(raw=None).exclude(sender="").count()


@pytest.fixture
def old_mail() -> None:
    for days_ago in (29, 31, 32):
        came_in(MessageKind.AUTO_REPLY, days_ago=days_ago)
    came_in(MessageKind.BOUNCE, days_ago=200)
    Mail.objects.create(
        kind=MailKind.LINK,
        language="en",
        message_id="<1@example.com>",
        subject="Your choices",
        created_at=timezone.now() - dt.timedelta(days=91),
    )


def test_it_says_what_it_deleted(run, old_mail):
    Mail.objects.get().attempts.create(number=1, attempted_at=timezone.now(), outcome="sent")
    ended = run("prune_mail")
    assert (ended.status, ended.out, ended.err) == (
        0,
        "bounce\t180 days\t1\nauto_reply\t30 days\t2\nlink\t90 days\t1\nDeleted: the content of 4.\n",
        "",
    )
    assert contents() == 1
    assert run("prune_mail").out == "Deleted: the content of 0.\n"


def test_a_dry_run_deletes_nothing(run, old_mail):
    ended = run("prune_mail", "--dry-run")
    assert (ended.status, ended.out) == (
        0,
        "bounce\t180 days\t1\nauto_reply\t30 days\t2\nTo be deleted: the content of 3.\n",
    )
    assert contents() == 4
    assert Mail.objects.get().content_deleted_at is None


def test_what_waits_too_long_is_told(run, old_mail):
    for kind in (MessageKind.STOP, MessageKind.ACCESS):
        came_in(kind, days_ago=2000, state=MessageState.WAITING)
    came_in(MessageKind.STOP, days_ago=1, state=MessageState.WAITING)
    Mail.objects.update(kind=MailKind.ANSWER, created_at=timezone.now() - dt.timedelta(days=2000))
    ended = run("prune_mail")
    assert ended.status == 0
    assert ended.err.splitlines() == [
        "Waiting for staff longer than they would be kept: 2.",
        "Mails of ours that should have gone and have not: 1. Does the worker run?",
    ]
    assert contents() == 4
