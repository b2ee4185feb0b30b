"""A worker that was killed leaves no mail open for ever."""

import datetime as dt

import pytest
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from preferences import ledger
from preferences.enums import AttemptOutcome, MailKind
from preferences.inbox.retention import prune
from preferences.mail.lost import give_up_lost
from preferences.mail.send_link import send_link
from preferences.models import Mail, MailAttempt

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def left(kind=MailKind.LINK, *, ago, **columns):
    return Mail.objects.create(
        **{
            "kind": kind,
            "language": "en",
            "message_id": f"<{Mail.objects.count()}@example.com>",
            "text": "Hello,",
            "created_at": NOW - ago,
            **columns,
        }
    )


def tried(mail, *, ago, outcome=AttemptOutcome.PUT_OFF):
    number = mail.attempts.count() + 1
    MailAttempt.objects.create(mail=mail, number=number, attempted_at=NOW - ago, outcome=outcome)


def attempts(mail):
    return list(mail.attempts.order_by("number").values_list("number", "outcome", "detail"))


@pytest.mark.parametrize("kind", [MailKind.LINK, MailKind.CONFIRMATION, MailKind.CHANGE], ids=str)
def test_it_is_given_up_after_an_hour(kind):
    lost, young = left(kind, ago=61 * MINUTE), left(kind, ago=59 * MINUTE)
    put_off = left(kind, ago=120 * MINUTE)
    tried(put_off, ago=61 * MINUTE)
    assert give_up_lost(now=NOW) == 2
    assert attempts(lost) == [(1, "given_up", "lost")]
    assert attempts(put_off) == [(1, "put_off", ""), (2, "given_up", "lost")]
    assert attempts(young) == []
    assert give_up_lost(now=NOW) == 0


def test_what_shows_signs_of_life_is_not_lost():
    put_off = left(ago=120 * MINUTE)
    tried(put_off, ago=61 * MINUTE)
    tried(put_off, ago=59 * MINUTE)
    ended = left(ago=120 * MINUTE)
    tried(ended, ago=120 * MINUTE, outcome=AttemptOutcome.SENT)
    assert give_up_lost(now=NOW) == 0


def test_answers_are_resumed_instead():
    left(MailKind.ANSWER, ago=120 * MINUTE)
    assert give_up_lost(now=NOW) == 0


def test_one_whose_task_waits_for_a_worker_is_not_lost():
    """The worker has been away since the mail was put off."""
    waits, lost = left(ago=120 * MINUTE), left(ago=120 * MINUTE)
    send_link.enqueue(address="kari@example.com", language="en", request=0, mail=waits.pk)
    send_link.enqueue(address="kari@example.com", language="en", request=0)
    assert give_up_lost(now=NOW) == 1
    assert (attempts(waits), len(attempts(lost))) == ([], 1)
    DBTaskResult.objects.update(status="RUNNING", started_at=NOW - 59 * MINUTE)
    assert give_up_lost(now=NOW) == 0
    DBTaskResult.objects.update(started_at=NOW - 61 * MINUTE)
    assert give_up_lost(now=NOW) == 1


def test_of_an_erased_person_nothing_is_kept(kari, monkeypatch):
    class Killed(BaseException):
        pass

    def die(self):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(EmailMultiAlternatives, "send", die)
        with pytest.raises(Killed):
            send_link.func(address="kari@example.com", language="en", request=0)
    ledger.erase(recipient=kari.pk, now=timezone.now())
    list(prune(now=timezone.now()))
    assert Mail.objects.get().text
    list(prune(now=timezone.now() + 61 * MINUTE))
    mail = Mail.objects.get()
    assert (mail.subject, mail.text, attempts(mail)) == ("", "", [(1, "given_up", "lost")])
