"""The preference page as values: what is offered, how it stands, and why."""

import datetime as dt

import pytest
from django.utils import timezone

from preferences import ledger
from preferences.decisions.page import page_for
from preferences.decisions.rules_in_force import current_rules
from preferences.enums import Channel, Kind, Reason, Requirement, Source, State
from preferences.ledger import Change, Evidence
from preferences.scope import Scope
from tests.factories import BrandFactory, ProfilingPurposeFactory, RecipientFactory, TopicFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)


def say(recipient, scope, state, minutes=0):
    (result,) = ledger.record(
        recipient=recipient.pk,
        changes=[Change(scope=scope, state=state)],
        evidence=Evidence(source=Source.ACCOUNT),
        now=NOW + dt.timedelta(minutes=minutes),
    ).results
    return result.event


def leaf(topic, channel=Channel.EMAIL):
    return Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=channel)


def switches(recipient):
    return {switch.scope: switch for switch in page_for(recipient=recipient, now=NOW).switches}


def test_everything_offered_is_on_the_page_once(kari, news, events, activity):
    page = page_for(recipient=kari, now=NOW)
    assert [section.brand for section in page.brands] == [news.brand]
    fields = [switch.field for switch in page.switches]
    assert fields == [
        f"t{news.pk}.email",
        f"t{news.pk}.sms",
        f"t{news.pk}.post",
        f"t{events.pk}.email",
        f"p{activity.pk}",
    ]
    assert len({switch.scope for switch in page.switches}) == len(fields)
    assert [stop.value for stop in page.stops] == [
        *("all", "profiling", "channel.email", "channel.sms", "channel.post", f"brand.{news.brand_id}"),
    ]
    assert page.version == 0


def test_retired_topics_and_topics_of_retired_brands_are_not_offered(kari, news):
    TopicFactory(brand=news.brand, retired_at=NOW)
    TopicFactory(brand=BrandFactory(retired_at=NOW))
    ProfilingPurposeFactory(retired_at=NOW)
    assert {switch.scope.purpose for switch in page_for(recipient=kari, now=NOW).switches} == {news.pk}


def test_brands_and_topics_stand_in_the_order_staff_gave_them(kari):
    second, first = BrandFactory(position=2), BrandFactory(position=1)
    one = [TopicFactory(brand=second, position=position) for position in (2, 1)]
    other = [TopicFactory(brand=first, position=position) for position in (5, 5, 4)]
    page = page_for(recipient=kari, now=NOW)
    assert [section.brand for section in page.brands] == [first, second]
    order = list(dict.fromkeys(switch.scope.purpose for switch in page.switches))
    assert order == [topic.pk for topic in (other[2], other[0], other[1], one[1], one[0])]


def test_empty_catalogue(kari):
    page = page_for(recipient=kari, now=NOW)
    assert (page.brands, page.profiling, page.channel_stops) == ((), (), ())
    assert not page.stop_all.stopped


def test_state_reason_and_time_of_each_switch(kari, news, events, activity):
    say(kari, leaf(news), State.OPTED_IN)
    say(kari, Scope(kind=Kind.MARKETING, channel=Channel.SMS), State.OPTED_OUT, minutes=1)
    newest = say(kari, Scope(kind=Kind.PROFILING, purpose=activity.pk), State.OPTED_OUT, minutes=2)
    page, found = page_for(recipient=kari, now=NOW), switches(kari)
    assert {scope: (switch.on, switch.verdict.reason) for scope, switch in found.items()} == {
        leaf(news): (True, Reason.CHOICE_OPTED_IN),
        leaf(news, Channel.SMS): (False, Reason.CHOICE_OPTED_OUT_BROADLY),
        # Norwegian law: letters until the person objects, e-mail to a customer after a sale.
        leaf(news, Channel.POST): (True, Reason.NO_CONTACT_POINT),
        leaf(events): (False, Reason.LAW_REQUIRES_SALE),
        Scope(kind=Kind.PROFILING, purpose=activity.pk): (False, Reason.CHOICE_OPTED_OUT),
    }
    assert found[leaf(news, Channel.POST)].reason == (
        "The law lets us, until you say no. We have no address or number of yours for this."
    )
    assert found[leaf(news)].since == NOW
    assert found[leaf(events)].since is None
    assert [
        found[leaf(topic, channel)].word
        for topic, channel in ((news, Channel.EMAIL), (news, Channel.POST), (events, Channel.EMAIL))
    ] == ["On.", "On, but nothing is sent.", "Off."]
    assert page.version == newest
    assert {stop.value for stop in page.stops if stop.stopped} == {"channel.sms"}


@pytest.mark.parametrize("requirement", Requirement)
def test_profiling_where_nothing_was_said_follows_its_own_default(kari, requirement):
    purpose = ProfilingPurposeFactory(requirement=requirement)
    (switch,) = switches(kari).values()
    assert switch.scope == Scope(kind=Kind.PROFILING, purpose=purpose.pk)
    assert switch.on is (requirement is Requirement.OPT_OUT)


def test_who_is_unknown_gets_the_strictest_law(news):
    stranger = RecipientFactory(country="", relationship="")
    assert not any(switch.on for switch in switches(stranger).values())


def test_stops_know_when_they_are_done(kari, news):
    say(kari, Scope.all_marketing(), State.OPTED_OUT)
    assert {stop.value: stop.stopped for stop in page_for(recipient=kari, now=NOW).stops} == {
        "all": True,
        "profiling": False,
        "channel.email": True,
        "channel.sms": True,
        "channel.post": True,
        f"brand.{news.brand_id}": True,
    }
    say(kari, leaf(news), State.OPTED_IN, minutes=1)
    assert {stop.value for stop in page_for(recipient=kari, now=NOW).stops if stop.stopped} == {
        "channel.sms",
        "channel.post",
    }


def test_version_counts_nobody_elses_events(kari, anonymous, news):
    mine = say(kari, Scope.all_marketing(), State.OPTED_OUT)
    say(anonymous, Scope.all_marketing(), State.OPTED_OUT)
    assert page_for(recipient=kari, now=NOW).version == mine


def test_version_after_a_merge_counts_the_stops_taken_over(kari, anonymous, news):
    say(anonymous, Scope.all_marketing(), State.OPTED_OUT)
    ledger.merge(surviving=kari.pk, absorbed=anonymous.pk, reason="Same.", now=timezone.now())
    page = page_for(recipient=kari, now=NOW)
    assert page.stop_all.stopped
    assert page.version == max(choice.event for choice in page.choices)


@pytest.mark.parametrize("topics", [1, 30])
def test_four_queries_whatever_the_number_of_topics(kari, acme, topics, django_assert_num_queries):
    TopicFactory.create_batch(topics, brand=acme, channels=[channel.value for channel in Channel])
    TopicFactory.create_batch(topics)
    ProfilingPurposeFactory.create_batch(topics)
    # The rules are read once by each process.
    current_rules()
    with django_assert_num_queries(4):
        page = page_for(recipient=kari, now=NOW)
        assert len([switch.wording for switch in page.switches]) == topics * (7 + 2 + 1)
        assert len([stop.wording for stop in page.stops]) == 2 + 7 + 1 + topics
