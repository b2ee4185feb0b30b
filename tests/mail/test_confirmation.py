"""The mail by which a person confirms: when it goes out, where to, what it holds, and who can read its token."""

import datetime as dt
import io
import json
import logging

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from i18nfield.strings import LazyI18nString

from config.logs import JsonFormatter
from preferences import ledger
from preferences.enums import (
    Channel,
    ContactKind,
    Kind,
    ProfilingUse,
    Relationship,
    Requirement,
    Source,
    State,
    SuppressionKind,
)
from preferences.ledger import Change, Evidence
from preferences.mail import send_confirmation as room
from preferences.mail.request_confirmation import request_confirmation
from preferences.mail.send_confirmation import send_confirmation
from preferences.models import ConfirmationRequest, ContactPoint, MailAttempt, Suppression, Topic
from preferences.scope import Scope
from preferences.tokens import read_confirm_token
from tests.factories import (
    BrandFactory,
    ContactPointFactory,
    ProfilingPurposeFactory,
    RecipientFactory,
    TopicFactory,
)
from tests.journeys.conftest import link_in

pytestmark = pytest.mark.django_db

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def greta():
    return RecipientFactory(
        email="greta@example.com", country="DE", relationship=Relationship.CONSUMER_PROSPECT
    )


def yes(recipient, *things, source=Source.ACCOUNT):
    """The person says yes to these; the results."""
    changes = [Change(scope=_scope(thing), state=State.OPTED_IN) for thing in things]
    return ledger.record(
        recipient=recipient.pk, changes=changes, evidence=Evidence(source=source), now=timezone.now()
    ).results


def _scope(purpose):
    channel = Channel.EMAIL if purpose.kind == Kind.MARKETING else None
    return Scope(kind=Kind(purpose.kind), brand=purpose.brand_id, purpose=purpose.pk, channel=channel)


def attempt(**more):
    """The worker takes up what waits; how long it is to wait before the next attempt, or None."""
    request = ConfirmationRequest.objects.latest("pk")
    DBTaskResult.objects.all().delete()
    before = timezone.now()
    send_confirmation.func(request=request.pk, **more)
    again = DBTaskResult.objects.first()
    return again and (again.run_after - before, again.task_result.kwargs)


def request_now():
    return ConfirmationRequest.objects.latest("pk")


def test_the_mail_holds_a_token_of_the_address_and_the_newest_yes(greta, news, events):
    asked = yes(greta, news, events)
    assert attempt() is None
    (message,) = mail.outbox
    token = read_confirm_token(link_in(message).rstrip("/").rpartition("/")[2])
    assert (token.recipient, token.contact_point, token.up_to) == (
        greta.pk,
        greta.contact_points.get().pk,
        asked[-1].event,
    )
    assert message.to == ["greta@example.com"]
    assert "* Product news, Acme – E-mail\n* Events, Acme – E-mail\n" in message.body
    assert "you need not do anything: nothing starts" in message.body
    assert message.extra_headers["Auto-Submitted"] == "auto-replied"
    request = request_now()
    assert (bool(request.answered_at), request.sent) == (True, True)


def test_the_mail_says_until_when(greta, news, settings):
    settings.CONFIRM_DAYS = 14
    yes(greta, news)
    attempt()
    day = timezone.now() + dt.timedelta(days=14)
    assert f"The link works until {day.day} {day:%B %Y}" in mail.outbox[0].body


def test_it_is_in_the_language_of_the_person(greta, news):
    type(greta).objects.update(language="nb")
    yes(greta, news)
    attempt()
    (message,) = mail.outbox
    assert "Produktnytt, Acme – E-post" in message.body
    assert 'lang="nb"' in message.alternatives[0][0]


def test_what_is_all_of_one_brand_comes_from_the_brand(greta):
    brand = BrandFactory(
        name="Øl & <Brød>", sender_name="Øl, & Brød", sender_email="news@øl.example.com", colour="#ffdd00"
    )
    yes(greta, *TopicFactory.create_batch(2, brand=brand))
    attempt()
    (message,) = mail.outbox
    assert message.from_email == '"Øl, & Brød" <news@xn--l-4ga.example.com>'
    assert message.subject.endswith("Øl & <Brød>")
    assert f"Privacy notice of Øl & <Brød>: {brand.privacy_notice_url}" in message.body
    html = message.alternatives[0][0]
    assert "background:#ffdd00;color:#000000" in html
    assert "Øl &amp; &lt;Brød&gt;" in html


@pytest.mark.parametrize("other", ["another brand", "profiling"])
def test_what_is_of_several_comes_from_us(greta, news, other, settings):
    if other == "profiling":
        more = ProfilingPurposeFactory(requirement=Requirement.DOUBLE_OPT_IN, use=ProfilingUse.OTHER)
    else:
        more = TopicFactory()
    yes(greta, news, more)
    attempt()
    (message,) = mail.outbox
    assert message.from_email == settings.DEFAULT_FROM_EMAIL
    assert "Acme" not in message.subject
    assert str(more.name.localize("en")) in message.body


def test_a_verified_address_goes_first_then_the_oldest(greta, news, now):
    ContactPointFactory(recipient=greta, value="old@example.com", verified_at=now)
    ContactPointFactory(recipient=greta, value="older@example.com", verified_at=now - MINUTE)
    ContactPointFactory(recipient=greta, kind=ContactKind.PHONE, value="+4915112345678", verified_at=now)
    yes(greta, news)
    attempt()
    assert mail.outbox[0].to == ["older@example.com"]


@pytest.mark.parametrize("why", ["bounced", "suppressed", "domain suppressed", "gone"])
def test_an_address_that_cannot_be_used_gets_nothing(greta, news, now, why):
    yes(greta, news)
    points = ContactPoint.objects.filter(recipient=greta)
    match why:
        case "bounced":
            points.update(unreachable_at=now)
        case "suppressed":
            Suppression.objects.create(
                kind=SuppressionKind.ADDRESS,
                address_hash=points.get().address_hash,
                reason="request",
                created_at=now,
            )
        case "domain suppressed":
            Suppression.objects.create(
                kind=SuppressionKind.DOMAIN, domain="example.com", reason="competitor", created_at=now
            )
        case "gone":
            points.delete()
    assert attempt() is None
    assert mail.outbox == []
    assert (bool(request_now().answered_at), request_now().sent) == (True, False)
    # The next address is as good.
    if why != "domain suppressed":
        ContactPointFactory(recipient=greta, value="second@example.com")
        yes(greta, news)
        attempt()
        assert [message.to for message in mail.outbox] == [["second@example.com"]]


@pytest.mark.parametrize("since", ["stopped", "confirmed", "retired", "expired", "erased"])
def test_nothing_is_sent_where_nothing_waits_any_more(greta, news, now, since, settings):
    (asked,) = yes(greta, news)
    match since:
        case "stopped":
            change = Change(scope=Scope.all_marketing(), state=State.OPTED_OUT)
            ledger.record(
                recipient=greta.pk, changes=[change], evidence=Evidence(source=Source.ONE_CLICK), now=now
            )
        case "confirmed":
            ledger.confirm(recipient=greta.pk, up_to=asked.event, now=now)
        case "retired":
            Topic.objects.update(retired_at=now)
        case "expired":
            settings.CONFIRM_DAYS = 0
        case "erased":
            ledger.erase(recipient=greta.pk, now=now)
    assert attempt() is None
    assert mail.outbox == []
    assert (bool(request_now().answered_at), request_now().sent) == (True, False)


def test_a_request_that_was_answered_is_not_answered_again(greta, news):
    yes(greta, news)
    attempt()
    attempt()
    assert len(mail.outbox) == 1


def test_mail_that_is_refused_for_now_is_sent_later(greta, news, mail_server):
    server = mail_server("451 try again later", "")
    yes(greta, news)
    waits = []
    again = attempt()
    while again:
        request = request_now()
        assert (request.answered_at, request.sent) == (None, False)
        # Until then, a yes asks for no other mail.
        assert request_confirmation(recipient=greta.pk, now=timezone.now()) == request
        waits.append(again[0])
        again = attempt(mail=again[1]["mail"])
    assert [round(wait / MINUTE) for wait in waits] == [1, 5]
    (message,) = server.received
    assert "To: greta@example.com" in message
    assert "From: Acme <" in message or 'From: "Acme' in message
    assert (bool(request_now().answered_at), request_now().sent) == (True, True)


def test_mailbox_that_is_refused_for_good_is_given_up(greta, news, mail_server, caplog):
    server = mail_server("550 no such mailbox greta@example.com")
    yes(greta, news)
    assert attempt() is None
    assert server.received == []
    assert (bool(request_now().answered_at), request_now().sent) == (True, False)
    (record,) = [record for record in caplog.records if record.name == "preferences.mail.deliver"]
    assert (record.levelname, "greta" in record.getMessage()) == ("ERROR", False)


def test_a_yes_said_while_the_mail_is_being_sent_gets_a_mail_of_its_own(greta, news, events, monkeypatch):
    """It is not in the mail that is on its way."""
    yes(greta, news)
    first = request_now()
    send = room.deliver

    def meanwhile(message, **more):
        monkeypatch.setattr(room, "deliver", send)
        yes(greta, events)
        return send(message, **more)

    monkeypatch.setattr(room, "deliver", meanwhile)
    attempt()
    assert request_now() != first
    assert "Events" not in mail.outbox[0].body
    attempt()
    assert "Events" in mail.outbox[1].body


def test_a_mail_put_off_gives_way_to_one_asked_for_meanwhile(greta, news, events, monkeypatch, mail_server):
    server = mail_server("451 later")
    yes(greta, news)
    first = request_now()
    send = room.deliver

    def meanwhile(message, **more):
        yes(greta, events)
        return send(message, **more)

    monkeypatch.setattr(room, "deliver", meanwhile)
    again = attempt()
    # What was enqueued is the mail of the second yes; the first is given up.
    assert again[1] == {"request": request_now().pk}
    first.refresh_from_db()
    assert (bool(first.answered_at), first.sent) == (True, False)
    assert [attempt.outcome for attempt in MailAttempt.objects.order_by("pk")] == ["put_off", "given_up"]
    monkeypatch.setattr(room, "deliver", send)
    attempt()
    (message,) = server.received
    assert ("Product news" in message, "Events" in message) == (True, True)


@pytest.mark.parametrize("step", ["_draft", "deliver"])
def test_a_failure_nobody_thought_of_holds_no_later_mail_back(greta, news, monkeypatch, now, step):
    yes(greta, news)

    def fail(*args, **more):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(room, step, fail)
        with pytest.raises(RuntimeError):
            attempt()
    ledger.ask_again(recipient=greta.pk, now=now)
    assert request_now().due_at > now
    attempt()
    assert len(mail.outbox) == 1


def test_the_cool_down_counts_from_when_the_last_mail_was_sent(greta, news, now, settings):
    cool_down = settings.CONFIRM_COOLDOWN_MINUTES * MINUTE
    yes(greta, news)
    # The worker was away for an hour.
    ConfirmationRequest.objects.update(due_at=now - 60 * MINUTE)
    attempt()
    sent_at = request_now().answered_at
    assert request_confirmation(recipient=greta.pk, now=sent_at).due_at == sent_at + cool_down


def test_after_a_merge_the_cool_down_goes_on(greta, news, now, settings):
    """The mailbox is the same, whichever of the two records was written to."""
    yes(greta, news)
    attempt()
    sent_at = request_now().answered_at
    other = RecipientFactory(country="DE", relationship=Relationship.CONSUMER_PROSPECT)
    ledger.merge(surviving=other.pk, absorbed=greta.pk, reason="same person", now=now)
    assert (
        request_confirmation(recipient=other.pk, now=now).due_at
        == sent_at + settings.CONFIRM_COOLDOWN_MINUTES * MINUTE
    )


def test_a_request_from_before_a_merge_is_answered_to_who_it_is_now(greta, news, now):
    yes(greta, news)
    other = RecipientFactory(email="g@example.com", country="DE", relationship="consumer_prospect")
    ledger.merge(surviving=other.pk, absorbed=greta.pk, reason="same person", now=now)
    attempt()
    token = read_confirm_token(link_in(mail.outbox[0]).rstrip("/").rpartition("/")[2])
    assert token.recipient == other.pk
    assert len(ledger.confirm(recipient=other.pk, up_to=token.up_to, now=timezone.now()).changed) == 1


@pytest.fixture
def gustav():
    """Turns out to be Greta, entered twice."""
    return RecipientFactory(email="g@example.com", country="DE", relationship="consumer_prospect")


def waiting():
    return list(ConfirmationRequest.objects.filter(answered_at=None))


@pytest.mark.parametrize("also", [True, False])
def test_after_a_merge_both_wait_for_one_mail(greta, gustav, news, events, now, worker, also):
    yes(greta, news)
    if also:
        yes(gustav, events)
    ledger.merge(surviving=gustav.pk, absorbed=greta.pk, reason="same person", now=timezone.now())
    assert [request.recipient_id for request in waiting()] == [gustav.pk]
    worker()
    (message,) = mail.outbox
    assert ("Product news" in message.body, "Events" in message.body) == (True, also)
    assert waiting() == []


@pytest.mark.parametrize("mailed_before", ["surviving", "absorbed"])
def test_after_a_merge_what_waits_keeps_the_cool_down_of_both(
    greta, gustav, news, events, worker, settings, mailed_before
):
    first, second = (gustav, greta) if mailed_before == "surviving" else (greta, gustav)
    yes(first, news)
    worker()
    sent_at = request_now().answered_at
    yes(second, events)
    ledger.merge(surviving=gustav.pk, absorbed=greta.pk, reason="same person", now=timezone.now())
    worker()
    assert len(mail.outbox) == 1
    (request,) = waiting()
    assert request.due_at == sent_at + settings.CONFIRM_COOLDOWN_MINUTES * MINUTE
    DBTaskResult.objects.update(run_after=timezone.now() - MINUTE)
    worker()
    assert len(mail.outbox) == 2


def test_a_mail_put_off_during_a_merge_waits_for_who_it_is_now(
    greta, gustav, news, monkeypatch, mail_server, now
):
    mail_server("451 later")
    yes(greta, news)
    send = room.deliver

    def meanwhile(message, **more):
        ledger.merge(surviving=gustav.pk, absorbed=greta.pk, reason="same person", now=now)
        return send(message, **more)

    monkeypatch.setattr(room, "deliver", meanwhile)
    attempt()
    assert [request.recipient_id for request in waiting()] == [gustav.pk]


@pytest.mark.parametrize(("late", "lost"), [(59 * MINUTE, False), (61 * MINUTE, True)])
def test_a_request_whose_task_got_lost_gives_way_to_another(greta, news, worker, late, lost):
    yes(greta, news)
    first = request_now()
    DBTaskResult.objects.all().delete()
    ConfirmationRequest.objects.update(due_at=timezone.now() - late)
    (result,) = yes(greta, news)
    assert len(waiting()) == 1
    assert (request_now() != first) is lost
    assert result.mail_due_at == request_now().due_at
    worker()
    assert len(mail.outbox) == lost
    if lost:
        first.refresh_from_db()
        assert (bool(first.answered_at), first.sent) == (True, False)
        # Should it be taken up after all, there is no second mail.
        send_confirmation.func(request=first.pk)
        assert len(mail.outbox) == 1


def test_no_request_is_made_without_an_address(greta, news, now):
    ContactPoint.objects.all().update(unreachable_at=now)
    yes(greta, news)
    assert request_confirmation(recipient=greta.pk, now=now) is None
    assert (ConfirmationRequest.objects.count(), DBTaskResult.objects.count()) == (0, 0)


# Nobody but the reader of the mailbox


@pytest.fixture
def tokens(greta, news, monkeypatch, caplog, client, worker):
    """Of a mail that failed and of one that was sent; everything has been tried that could leave a trace of them."""
    caplog.set_level(logging.DEBUG)
    seen = []
    made = room.make_confirm_token
    monkeypatch.setattr(room, "make_confirm_token", lambda token: seen.append(made(token)) or seen[-1])
    type(news).objects.update(name=LazyI18nString({"en": "Product news"}))
    yes(greta, news)
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMultiAlternatives.send", _refuse_in_detail)
        worker()
    ledger.ask_again(recipient=greta.pk, now=timezone.now())
    DBTaskResult.objects.update(run_after=timezone.now() - MINUTE)
    worker()
    for token in seen:
        client.get(f"/confirm/{token}/")
        client.get(f"/confirm/{token}x/")
        client.post(f"/confirm/{token}/", {"send_again": "1"})
    assert (len(seen), len(mail.outbox)) == (2, 1)
    return {token.rpartition(".")[2] for token in seen}


def _refuse_in_detail(message):
    raise ValueError(f"Could not send {message.subject}")


def test_no_row_and_no_line_of_the_log_holds_a_token(tokens, caplog, capfd):
    formatter = JsonFormatter()
    lines = [formatter.format(record) for when in ("setup", "call") for record in caplog.get_records(when)]
    assert any('"preferences:confirm"' in line for line in lines)
    rows = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT row_to_json(one)::text FROM "{table}" AS one')
            rows += [row for (row,) in cursor.fetchall()]
    assert any("greta@example.com" in row for row in rows)
    printed = "".join(capfd.readouterr())
    assert [text for text in [*lines, *rows, printed] if any(token in text for token in tokens)] == []


def test_no_page_of_the_admin_shows_a_token(tokens, admin, client, greta):
    client.force_login(admin)
    tasks = DBTaskResult.objects.all()
    assert {"FAILED", "SUCCESSFUL"} <= {task.status for task in tasks}
    of_tasks = f"admin:{DBTaskResult._meta.app_label}_dbtaskresult"
    paths = [
        reverse("admin:index"),
        reverse(f"{of_tasks}_changelist"),
        *(reverse(f"{of_tasks}_change", args=[task.pk]) for task in tasks),
        reverse("admin:preferences_recipient_change", args=[greta.pk]),
        reverse("admin:preferences_event_changelist"),
    ]
    for path in paths:
        response = client.get(path, follow=True)
        assert response.status_code == 200
        page = response.content.decode()
        assert [token for token in {*tokens, "/confirm/"} if token in page] == []


def test_what_programs_print_holds_no_token(greta, news):
    """`manage.py person` and `decide` are what staff and programs read of a person."""
    yes(greta, news)
    attempt()
    out = io.StringIO()
    call_command("person", "greta@example.com", json=True, stdout=out)
    assert json.loads(out.getvalue())["choices"][0]["state"] == "pending"
    assert link_in(mail.outbox[0]).rpartition(".")[2] not in out.getvalue()
