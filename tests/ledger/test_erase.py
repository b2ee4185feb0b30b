"""The data goes, the objection stays."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from preferences.decisions.choices import load_choices
from preferences.decisions.covering import deciding_statement
from preferences.decisions.decide import ask_about, decide
from preferences.enums import (
    AttemptOutcome,
    Channel,
    ContactKind,
    Hold,
    Intake,
    Kind,
    MailKind,
    MessageClass,
    MessageKind,
    MessageState,
    Reason,
    Source,
    State,
    SuppressionKind,
    SuppressionReason,
)
from preferences.identity import address_hash
from preferences.ledger import Change, Evidence, erase, merge, rebuild, record
from preferences.ledger.erase import _letters_of
from preferences.models import (
    Bounce,
    ContactPoint,
    Event,
    Mail,
    MailAttempt,
    Message,
    MessageCopy,
    Recipient,
    Sale,
    Suppression,
)
from preferences.scope import Scope
from tests.factories import ContactPointFactory, RecipientFactory, StaffFactory, UserFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)


def test_nothing_personal_is_left_and_everything_is_refused():
    recipient = RecipientFactory(account=UserFactory(), organisation="Fjord AS", external_id="crm-7")
    record(
        recipient=recipient.pk,
        changes=[Change(scope=Scope.all_marketing(), state=State.OPTED_OUT)],
        evidence=Evidence(source=Source.ACCOUNT),
        now=NOW,
    )
    erase(recipient=recipient.pk, now=NOW + dt.timedelta(minutes=1))

    recipient.refresh_from_db()
    assert (recipient.account, recipient.external_id, recipient.organisation, recipient.country) == (
        None,
        None,
        "",
        "",
    )
    assert recipient.erased_at == NOW + dt.timedelta(minutes=1)
    assert not ContactPoint.objects.exists()
    choices = load_choices(recipient.pk)
    for kind in Kind:
        statement = deciding_statement(choices=choices, scope=Scope(kind=kind))
        assert statement.state == State.OPTED_OUT
    before = Event.objects.filter(source=Source.ERASURE, kind=Kind.MARKETING).get().previous_state
    assert before == State.OPTED_OUT
    assert rebuild(check=True) == []


def test_what_was_merged_in_and_the_account_go_too_but_staff_keep_theirs():
    account, staff = UserFactory(), StaffFactory()
    kept = RecipientFactory(account=account, organisation="Fjord AS")
    given = RecipientFactory(organisation="Kari Hansen ENK", external_id="crm-8")
    given.refresh_from_db()
    merge(surviving=kept.pk, absorbed=given.pk, reason="test", now=NOW)
    worker = RecipientFactory(account=staff)
    for recipient in (kept, worker):
        erase(recipient=recipient.pk, now=NOW)

    given.refresh_from_db()
    assert (given.organisation, given.country, given.erased_at) == ("", "", NOW)
    assert not Recipient.objects.exclude(organisation="", country="", external_id=None).exists()
    assert set(get_user_model().objects.all()) == {staff}
    worker.refresh_from_db()
    assert (worker.account, worker.erased_at) == (None, NOW)


def _hash(value: str, kind: ContactKind = ContactKind.EMAIL) -> bytes:
    return address_hash(kind=kind, normalized=value)


def test_of_every_address_a_suppression_stays_and_nothing_that_can_be_read():
    kept = RecipientFactory(email="kari@example.com")
    given = RecipientFactory(email="kari@example.org")
    ContactPointFactory(recipient=given, kind=ContactKind.PHONE, value="+4740000000")
    merge(surviving=kept.pk, absorbed=given.pk, reason="test", now=NOW)
    erase(recipient=kept.pk, now=NOW + dt.timedelta(minutes=1))

    rows = Suppression.objects.all()
    assert {bytes(row.address_hash) for row in rows} == {
        _hash("kari@example.com"),
        _hash("kari@example.org"),
        _hash("+4740000000", ContactKind.PHONE),
    }
    assert {
        (row.kind, row.reason, row.domain, row.note, row.created_at, row.created_by, row.lifted_at)
        for row in rows
    } == {
        (
            *(SuppressionKind.ADDRESS, SuppressionReason.ERASURE, "", ""),
            *(NOW + dt.timedelta(minutes=1), None, None),
        )
    }
    assert all(row.history.count() == 1 for row in rows)
    assert "kari" not in str([*rows.values(), *Suppression.history.values()])


def test_an_address_that_is_suppressed_already_stays_so_and_one_that_was_lifted_is_suppressed_anew():
    recipient = RecipientFactory(email="kari@example.com")
    ContactPointFactory(recipient=recipient, value="kari@example.org")
    there, lifted = (
        Suppression.objects.create(
            kind=SuppressionKind.ADDRESS,
            address_hash=_hash(value),
            reason=SuppressionReason.COMPLAINT,
            created_at=NOW,
            lifted_at=lifted_at,
        )
        for value, lifted_at in (("kari@example.com", None), ("kari@example.org", NOW))
    )
    erase(recipient=recipient.pk, now=NOW)

    in_force = {bytes(row.address_hash): row for row in Suppression.objects.in_force()}
    assert in_force.keys() == {_hash("kari@example.com"), _hash("kari@example.org")}
    assert in_force[_hash("kari@example.com")] == there
    assert in_force[_hash("kari@example.org")] != lifted


def test_sales_and_the_date_of_birth_go(acme):
    recipient, given = RecipientFactory(born_on=dt.date(1990, 2, 28)), RecipientFactory()
    for person in (recipient, given):
        Sale.objects.create(
            recipient=person, brand=acme, sold_on=NOW.date(), subject=f"Payroll {person}", recorded_at=NOW
        )
    merge(surviving=recipient.pk, absorbed=given.pk, reason="test", now=NOW)
    erase(recipient=recipient.pk, now=NOW)

    recipient.refresh_from_db()
    assert recipient.born_on is None
    assert not Sale.objects.exists()


def test_who_comes_back_with_the_address_gets_no_marketing_even_after_a_yes(news):
    erase(recipient=RecipientFactory(email="kari@example.com").pk, now=NOW)
    again = RecipientFactory(email="kari@example.com")
    scope = Scope(kind=Kind.MARKETING, brand=news.brand_id, purpose=news.pk, channel=Channel.EMAIL)
    record(
        recipient=again.pk,
        changes=[Change(scope=scope, state=State.OPTED_IN)],
        evidence=Evidence(source=Source.ACCOUNT),
        now=NOW,
    )

    verdict = decide(
        recipient=again.pk,
        ask=ask_about(key=news.key, channel=Channel.EMAIL),
        message_class=MessageClass.MARKETING,
        now=NOW,
    )
    assert (verdict.allowed, verdict.reason) == (False, Reason.SUPPRESSED)


def _message(*, recipient: Recipient, state: MessageState, **columns: Any) -> Message:
    open_ = state in {MessageState.RECEIVED, MessageState.WAITING}
    message = Message.objects.create(
        key=f"{recipient.pk}-{state}",
        received_at=NOW,
        intake=Intake.LISTENER,
        size=5,
        kind=MessageKind.STOP,
        state=state,
        hold=Hold.NOT_SURE if state is MessageState.WAITING else "",
        handled_at=None if open_ else NOW,
        recipient=recipient,
        contact_point=recipient.contact_points.first(),
        raw=b"From: kari@example.com",
        envelope_sender="kari@example.com",
        recipients=["news@acme.example.com"],
        sender="kari@example.com",
        subject="Stop, says Kari",
        text="Kari",
        evidence={"from_domain": "example.com"},
        note="Not a request.",
    )
    Message.objects.filter(pk=message.pk).update(**columns)
    MessageCopy.objects.create(message=message, digest="1", received_at=NOW, raw=b"From: kari@example.com")
    return message


def _mail(*, recipient: Recipient, outcome: AttemptOutcome) -> Mail:
    mail = Mail.objects.create(
        kind=MailKind.ANSWER,
        recipient=recipient,
        contact_point=recipient.contact_points.first(),
        language="nb",
        message_id=f"<{recipient.pk}-{outcome}@example.com>",
        subject="To Kari",
        text="Hello Kari,",
        created_at=NOW,
    )
    MailAttempt.objects.create(mail=mail, number=1, attempted_at=NOW, outcome=outcome)
    return mail


def test_what_they_wrote_and_got_goes_but_for_what_is_not_finished():
    kept, given, other = RecipientFactory.create_batch(3)
    merge(surviving=kept.pk, absorbed=given.pk, reason="test", now=NOW)
    for recipient in (kept, given, other):
        for state in MessageState:
            _message(recipient=recipient, state=state)
        for outcome in AttemptOutcome:
            _mail(recipient=recipient, outcome=outcome)
    Bounce.objects.create(
        contact_point=kept.contact_points.first(),
        message=Message.objects.filter(recipient=kept).first(),
        permanent=True,
        bounced_at=NOW,
    )
    erase(recipient=kept.pk, now=NOW + dt.timedelta(minutes=1))

    deleted = Message.objects.filter(content_deleted_at=NOW + dt.timedelta(minutes=1))
    assert set(deleted.values_list("recipient", "state")) == {
        (recipient.pk, state)
        for recipient in (kept, given)
        for state in (
            MessageState.ACTED,
            MessageState.SETTLED,
            MessageState.DISMISSED,
            MessageState.IGNORED,
        )
    }
    assert not any("kari" in str(row).lower() for row in deleted.values())
    assert set(deleted.values_list("note", flat=True)) == {"Not a request."}
    assert not MessageCopy.objects.filter(message__in=deleted).exclude(raw=None).exists()
    assert not Message.objects.exclude(pk__in=deleted).filter(raw=None).exists()
    assert not MessageCopy.objects.exclude(message__in=deleted).filter(raw=None).exists()

    mails = Mail.objects.filter(content_deleted_at=NOW + dt.timedelta(minutes=1))
    assert set(mails.values_list("recipient", "attempts__outcome", "subject", "text")) == {
        (recipient.pk, outcome, "", "")
        for recipient in (kept, given)
        for outcome in (AttemptOutcome.SENT, AttemptOutcome.GIVEN_UP)
    }
    assert not Mail.objects.exclude(pk__in=mails).filter(text="").exists()
    assert not Bounce.objects.exists()


@pytest.mark.parametrize("taken_for", ["nobody's", "somebody else's"])
def test_what_came_from_their_address_goes_whoever_it_was_taken_for(taken_for):
    kept = RecipientFactory(email="kari@example.com")
    given, other = RecipientFactory(email="kari@example.org"), RecipientFactory(email="other@example.com")
    merge(surviving=kept.pk, absorbed=given.pk, reason="test", now=NOW)
    recipient = other if taken_for == "somebody else's" else None
    gone = [
        _message(
            recipient=other,
            state=state,
            sender=sender,
            recipient_id=recipient and recipient.pk,
            contact_point=None,
            key=f"{sender} {state}",
        )
        for sender, state in (
            ("kari@example.com", MessageState.DISMISSED),
            ("kari@example.org", MessageState.SETTLED),
        )
    ]
    answer = _mail(recipient=other, outcome=AttemptOutcome.SENT)
    Mail.objects.update(recipient=recipient, answers=gone[0])
    waits = _message(recipient=other, state=MessageState.WAITING, sender="kari@example.com")
    theirs = _message(recipient=other, state=MessageState.SETTLED, sender="other@example.com")
    erase(recipient=kept.pk, now=NOW)

    assert set(Message.objects.exclude(content_deleted_at=None)) == set(gone)
    assert set(Message.objects.exclude(text="")) == {waits, theirs}
    answer.refresh_from_db()
    assert (answer.text, answer.content_deleted_at) == ("", NOW)


@pytest.mark.parametrize(("sender", "sent_on"), [("kari@example.com", True), ("somebody@example.com", False)])
def test_an_answer_on_its_way_goes_to_no_address_but_theirs(sender, sent_on):
    """They wrote from another address and are known by the one they gave for answers, which goes."""
    kari = RecipientFactory(email="kari@example.com")
    message = _message(recipient=kari, state=MessageState.SETTLED, sender=sender)
    mail = _mail(recipient=kari, outcome=AttemptOutcome.PUT_OFF)
    Mail.objects.update(answers=message)
    erase(recipient=kari.pk, now=NOW)

    message.refresh_from_db()
    assert message.answer_to == (sender if sent_on else "")
    assert Mail.objects.unfinished().filter(pk=mail.pk).exists() is sent_on
    assert (message.content_deleted_at is None) is sent_on


def test_their_letters_are_found_by_index():
    kari = RecipientFactory(email="kari@example.com")
    Message.objects.bulk_create(
        Message(
            key=f"key {number}",
            received_at=NOW + dt.timedelta(days=number),
            intake=Intake.PIPE,
            size=5,
            sender=f"{number}@example.net",
        )
        for number in range(500)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE preferences_message")
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = _letters_of(kari.pk).explain()
    assert "message_by_recipient" in plan
    assert "message_by_sender" in plan
