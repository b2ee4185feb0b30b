"""Bounces mark an address, complaints stop e-mail marketing; each once."""

import datetime as dt
import itertools

import pytest
from django.db import transaction

from preferences.decisions.decide import ask_about, decide
from preferences.enums import (
    Channel,
    ContactKind,
    Intake,
    Kind,
    MailKind,
    MessageClass,
    Reason,
    Source,
    State,
)
from preferences.imports.facts import mark_reachable
from preferences.inbox.act_on_reports import Acted, act_on_reports
from preferences.inbox.reported import Complaint, Failure, Report, Reports, Unsubscription
from preferences.ledger import Change, Evidence, erase, merge, record
from preferences.models import Bounce, Choice, ContactPoint, Event, Mail, Message, Recipient, Topic
from preferences.scope import Scope
from preferences.tokens import StopToken, make_stop_token
from tests.factories import ContactPointFactory, RecipientFactory

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
EMAIL_MARKETING = Scope(kind=Kind.MARKETING, channel=Channel.EMAIL)
keys = itertools.count()


def hard(*addresses: str, **about: str) -> Failure:
    return Failure(addresses=addresses, permanent=True, status="5.1.1", **about)


def soft(*addresses: str, status: str = "4.4.7", **about: str) -> Failure:
    return Failure(addresses=addresses, permanent=False, status=status, **about)


def received(now: dt.datetime = NOW) -> Message:
    return Message.objects.create(key=str(next(keys)), received_at=now, intake=Intake.LISTENER, size=1)


def act(*reports: Report, now: dt.datetime = NOW, message: Message | None = None) -> Acted:
    with transaction.atomic():
        return act_on_reports(
            message=message or received(now),
            reports=Reports(
                failures=tuple(report for report in reports if isinstance(report, Failure)),
                complaints=tuple(report for report in reports if isinstance(report, Complaint)),
                unsubscriptions=tuple(report for report in reports if isinstance(report, Unsubscription)),
            ),
            now=now,
        )


def mail_to(point: ContactPoint, *, message_id: str = "m-1@prefs.example.com") -> Mail:
    return Mail.objects.create(
        kind=MailKind.LINK,
        recipient=point.recipient,
        contact_point=point,
        language="en",
        message_id=message_id,
        created_at=NOW,
    )


def token_for(point: ContactPoint, topic: Topic) -> str:
    assert topic.brand_id is not None
    return make_stop_token(
        StopToken(
            recipient=point.recipient_id,
            contact_point=point.pk,
            brand=topic.brand_id,
            topic=topic.pk,
            channel=Channel.EMAIL,
        )
    )


@pytest.fixture
def point(db: None) -> ContactPoint:
    return ContactPointFactory(value="eva@example.org")


def unreachable_at(point: ContactPoint) -> dt.datetime | None:
    return ContactPoint.objects.get(pk=point.pk).unreachable_at


def stated(recipient: Recipient) -> list[tuple[Scope, str, str, str]]:
    return [(e.scope, e.state, e.source, e.actor) for e in Event.objects.filter(recipient=recipient)]


def test_a_bounce_for_good_marks_the_address(point: ContactPoint) -> None:
    acted = act(hard("eva@example.org"))
    assert acted == Acted(matched=True, point=point, marked=(point.pk,))
    assert unreachable_at(point) == NOW
    assert list(Bounce.objects.values_list("contact_point", "permanent", "status", "bounced_at")) == [
        (point.pk, True, "5.1.1", NOW)
    ]
    assert stated(point.recipient) == []


def test_the_first_mark_stays(point: ContactPoint) -> None:
    act(hard("eva@example.org"))
    assert act(hard("eva@example.org"), now=NOW + DAY).marked == ()
    assert unreachable_at(point) == NOW


def test_one_message_acts_once(point: ContactPoint) -> None:
    message = received()
    act(soft("eva@example.org"), message=message)
    act(soft("eva@example.org"), message=message)
    assert Bounce.objects.count() == 1


@pytest.mark.parametrize("message_id", ["m-1@prefs.example.com", "<m-1@prefs.example.com>"])
def test_our_own_mail_says_whom_it_went_to(point: ContactPoint, message_id: str) -> None:
    """Not the address it was forwarded to, which is another person's besides."""
    other = ContactPointFactory(value="forwarded@example.org")
    mail_to(point, message_id=message_id)
    act(hard("forwarded@example.org", message_id="m-1@prefs.example.com"))
    assert (unreachable_at(point), unreachable_at(other)) == (NOW, None)


def test_the_stop_token_comes_before_the_address(point: ContactPoint, news: Topic) -> None:
    other = ContactPointFactory(value="forwarded@example.org")
    act(hard("forwarded@example.org", stop_token=token_for(point, news)))
    assert (unreachable_at(point), unreachable_at(other)) == (NOW, None)


def test_a_token_outlives_a_merge(point: ContactPoint, news: Topic) -> None:
    token = token_for(point, news)
    survivor = RecipientFactory(email=None)
    merge(surviving=survivor.pk, absorbed=point.recipient_id, reason="Same person", now=NOW)
    acted = act(Complaint(stop_token=token))
    assert stated(survivor) == [(EMAIL_MARKETING, "opted_out", "complaint", "system")]
    assert len(acted.events) == 1


def test_a_token_of_an_address_that_is_another_persons_by_now(point: ContactPoint, news: Topic) -> None:
    token = token_for(point, news)
    ContactPoint.objects.filter(pk=point.pk).update(recipient=RecipientFactory(email=None))
    assert act(Complaint(stop_token=token)) == Acted(waits=True)


def test_nobody_is_left_after_an_erasure(point: ContactPoint, news: Topic) -> None:
    mail_to(point)
    token = token_for(point, news)
    erase(recipient=point.recipient_id, now=NOW)
    events = Event.objects.count()
    assert act(Complaint(stop_token=token)) == Acted()
    assert act(Complaint(message_id="m-1@prefs.example.com")) == Acted()
    assert act(hard(stop_token=token)) == Acted()
    assert Event.objects.count() == events


@pytest.mark.django_db
def test_unknown_addresses() -> None:
    assert act(hard("nobody@example.org")) == Acted()
    assert act(Complaint(addresses=("nobody@example.org",))) == Acted(waits=True)
    assert act(Unsubscription(stop_token="forged")) == Acted(waits=True)
    assert act() == Acted()


def test_of_several_people_nobody_knows_who_complained(point: ContactPoint) -> None:
    ContactPointFactory(value="ola@example.org")
    assert act(Complaint(addresses=("eva@example.org", "ola@example.org"))) == Acted(waits=True)
    assert Event.objects.count() == 0


def test_a_complaint_stops_email_marketing_of_all_brands(point: ContactPoint) -> None:
    acted = act(Complaint(addresses=("eva@example.org",)))
    assert stated(point.recipient) == [(EMAIL_MARKETING, "opted_out", "complaint", "system")]
    assert acted == Acted(events=(Event.objects.get().pk,), matched=True, point=point)
    again = act(Complaint(addresses=("eva@example.org",)), now=NOW + DAY)
    assert again == Acted(matched=True, point=point)


def test_the_unsubscribe_link_of_the_service_is_a_link(point: ContactPoint) -> None:
    act(Unsubscription(addresses=("eva@example.org",)))
    assert stated(point.recipient) == [(EMAIL_MARKETING, "opted_out", Source.LINK, "recipient")]
    assert Choice.objects.get().state == "opted_out"


def test_one_of_several_places_it_was_forwarded_to_may_fail(point: ContactPoint) -> None:
    mail_to(point)
    about = {"message_id": "m-1@prefs.example.com"}
    act(hard("a@example.org", **about), soft("b@example.org", **about))
    assert unreachable_at(point) is None
    assert [bounce.permanent for bounce in Bounce.objects.all()] == [False]


def bounce_daily(*, days: int, since: dt.datetime = NOW, status: str = "4.4.7") -> list[tuple[int, ...]]:
    return [act(soft("eva@example.org", status=status), now=since + day * DAY).marked for day in range(days)]


def test_as_many_bounces_on_different_days_as_the_limit_mark_the_address(point: ContactPoint) -> None:
    assert bounce_daily(days=5) == [(), (), (), (), (point.pk,)]
    assert unreachable_at(point) == NOW + 4 * DAY


def test_those_of_one_day_are_one(point: ContactPoint) -> None:
    for _ in range(8):
        act(soft("eva@example.org"))
    assert unreachable_at(point) is None


def test_old_ones_do_not_count(point: ContactPoint) -> None:
    bounce_daily(days=4)
    assert act(soft("eva@example.org"), now=NOW + 31 * DAY).marked == ()


def test_refused_mail_does_not_count(point: ContactPoint) -> None:
    bounce_daily(days=8, status="5.7.1")
    assert unreachable_at(point) is None
    assert Bounce.objects.count() == 8


def test_bounces_before_the_mark_was_lifted_do_not_count(point: ContactPoint) -> None:
    bounce_daily(days=7)
    assert mark_reachable(recipient=point.recipient_id, contact_point=point.pk)
    assert bounce_daily(days=5, since=NOW + 8 * DAY) == [(), (), (), (), (point.pk,)]


def test_nor_before_a_bounce_for_good(point: ContactPoint) -> None:
    bounce_daily(days=4)
    act(hard("eva@example.org"), now=NOW + 4 * DAY)
    assert mark_reachable(recipient=point.recipient_id, contact_point=point.pk)
    assert bounce_daily(days=5, since=NOW + 5 * DAY) == [(), (), (), (), (point.pk,)]


def test_nor_before_the_address_was_verified(point: ContactPoint) -> None:
    bounce_daily(days=4)
    ContactPoint.objects.filter(pk=point.pk).update(verified_at=NOW + 4 * DAY)
    assert bounce_daily(days=4, since=NOW + 5 * DAY) == [()] * 4
    assert act(hard("eva@example.org"), now=NOW + 3 * DAY).marked == ()
    assert unreachable_at(point) is None


def reason(point: ContactPoint, topic: Topic, *, channel: Channel) -> str:
    verdict = decide(
        recipient=point.recipient_id,
        ask=ask_about(key=topic.key, channel=channel),
        message_class=MessageClass.MARKETING,
        now=NOW + DAY,
    )
    return verdict.reason


def test_nothing_is_sent_to_an_address_that_is_unreachable(point: ContactPoint, news: Topic) -> None:
    say_yes(point, news)
    assert reason(point, news, channel=Channel.EMAIL) == Reason.CHOICE_OPTED_IN
    act(hard("eva@example.org"))
    assert reason(point, news, channel=Channel.EMAIL) == Reason.UNREACHABLE


def test_after_a_complaint_other_channels_go_on(point: ContactPoint, news: Topic, events: Topic) -> None:
    ContactPointFactory(recipient=point.recipient, kind=ContactKind.PHONE, value="+4799999999")
    say_yes(point, news)
    act(Complaint(addresses=("eva@example.org",)))
    assert reason(point, news, channel=Channel.EMAIL) == Reason.CHOICE_OPTED_OUT_BROADLY
    assert reason(point, events, channel=Channel.EMAIL) == Reason.CHOICE_OPTED_OUT_BROADLY
    assert reason(point, news, channel=Channel.SMS) == Reason.CHOICE_OPTED_IN


def say_yes(point: ContactPoint, topic: Topic) -> None:
    scopes = [
        Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=channel)
        for channel in (Channel.EMAIL, Channel.SMS)
    ]
    record(
        recipient=point.recipient_id,
        changes=[Change(scope=scope, state=State.OPTED_IN) for scope in scopes],
        evidence=Evidence(source=Source.ACCOUNT),
        now=NOW - DAY,
    )
