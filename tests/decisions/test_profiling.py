"""What a person may be profiled for: tables of verdicts, and the same answers as elsewhere."""

import datetime as dt

import pytest
from django.utils import timezone

from preferences import ledger
from preferences.decisions.decide import ask_about, decide_many
from preferences.decisions.profiling import profiling_of
from preferences.decisions.situation import PersonRef
from preferences.enums import (
    Channel,
    ContactKind,
    Kind,
    MessageClass,
    ProfilingUse,
    Reason,
    Requirement,
    Source,
    State,
    SuppressionKind,
    SuppressionReason,
)
from preferences.identity import address_hash
from preferences.ledger import Change, Evidence
from preferences.models import Brand, ProfilingPurpose, Recipient, Suppression, Topic
from preferences.scope import Scope
from tests.decisions.test_same_answers import Population
from tests.factories import BrandFactory, ProfilingPurposeFactory, RecipientFactory, TopicFactory

pytestmark = pytest.mark.django_db

NOW = timezone.now()
ALL_MARKETING, ALL_PROFILING = Scope.all_marketing(), Scope.all_profiling()
LAW, ASKS = Reason.LAW_ALLOWS, Reason.LAW_REQUIRES_CONSENT
YES, NO, BROAD_NO = Reason.CHOICE_OPTED_IN, Reason.CHOICE_OPTED_OUT, Reason.CHOICE_OPTED_OUT_BROADLY


@pytest.fixture
def purposes(db: None) -> list[ProfilingPurpose]:
    """Activity until the person objects, e-mail tracking after a yes, in the order of the page."""
    tracking = ProfilingPurposeFactory(
        key="tracking", use=ProfilingUse.EMAIL_TRACKING, requirement=Requirement.OPT_IN, position=2
    )
    activity = ProfilingPurposeFactory(key="activity", use=ProfilingUse.ACTIVITY, position=1)
    return [activity, tracking]


@pytest.fixture
def other() -> Brand:
    return BrandFactory(key="other")


@pytest.fixture
def web_topic(acme: Brand) -> Topic:
    return TopicFactory(brand=acme, channels=[Channel.WEB.value, Channel.IN_PRODUCT.value])


def say(person, scope, state=State.OPTED_OUT, *, at=NOW, source=Source.ACCOUNT):
    (result,) = ledger.record(
        recipient=person.pk,
        changes=[Change(scope=scope, state=state)],
        evidence=Evidence(source=source),
        now=at,
    ).results
    assert result.event
    return result.event


def profiling(purpose):
    return Scope(kind=Kind.PROFILING, purpose=purpose.pk)


def marketing(brand=None, channel=None, topic=None):
    return Scope(
        kind=Kind.MARKETING,
        brand=brand.pk if brand else None,
        purpose=topic.pk if topic else None,
        channel=channel,
    )


def asked(person, *, brand=None, as_of=None, now=NOW):
    (found,) = profiling_of(
        people=[PersonRef(recipient=person.pk)], brand=brand and brand.pk, now=now, as_of=as_of
    )
    return found


def reasons(person, **question):
    """purpose → the reasons for segments, web and in_product."""
    return {
        one.purpose: (one.segments.reason, one.web.reason, one.in_product.reason)
        for one in asked(person, **question).purposes
    }


@pytest.mark.parametrize(
    ("country", "activity", "tracking"),
    [
        ("NO", LAW, ASKS),
        ("FR", LAW, ASKS),
        ("DE", LAW, ASKS),
        ("US", LAW, ASKS),
        ("ZZ", LAW, ASKS),
        ("", LAW, ASKS),
    ],
)
def test_nothing_said_is_for_the_law(country, activity, tracking, purposes):
    person = RecipientFactory(country=country)
    assert reasons(person) == {"activity": (activity,) * 3, "tracking": (tracking,) * 3}


@pytest.mark.parametrize(
    ("requirement", "reason", "allowed"),
    [
        (Requirement.OPT_OUT, LAW, True),
        (Requirement.SOFT_OPT_IN, ASKS, False),
        (Requirement.OPT_IN, ASKS, False),
        (Requirement.DOUBLE_OPT_IN, ASKS, False),
    ],
)
def test_nothing_said_by_what_the_purpose_requires(requirement, reason, allowed, kari):
    ProfilingPurposeFactory(key="purpose", requirement=requirement)
    ((purpose,), found) = (asked(kari).purposes, reasons(kari))
    assert found == {"purpose": (reason,) * 3}
    for verdict in (purpose.segments, purpose.web, purpose.in_product):
        assert (verdict.allowed, verdict.event, verdict.rule) == (allowed, None, "purpose/*")


def test_in_the_order_of_the_page_with_their_uses(kari, purposes):
    found = asked(kari)
    assert [(one.purpose, one.use) for one in found.purposes] == [
        ("activity", ProfilingUse.ACTIVITY),
        ("tracking", ProfilingUse.EMAIL_TRACKING),
    ]


def test_one_refused(kari, purposes):
    event = say(kari, profiling(purposes[0]))
    assert reasons(kari) == {"activity": (NO,) * 3, "tracking": (ASKS,) * 3}
    assert asked(kari).purposes[0].web.event == event


def test_all_refused(kari, purposes):
    say(kari, ALL_PROFILING)
    assert reasons(kari) == {"activity": (BROAD_NO,) * 3, "tracking": (BROAD_NO,) * 3}
    assert not asked(kari).tracking


def test_a_yes(kari, purposes):
    say(kari, profiling(purposes[1]), State.OPTED_IN)
    assert reasons(kari) == {"activity": (LAW,) * 3, "tracking": (YES,) * 3}
    assert asked(kari).tracking


def test_a_yes_after_all_was_refused_is_for_its_purpose_alone(kari, purposes):
    say(kari, ALL_PROFILING, at=NOW - dt.timedelta(hours=1))
    say(kari, profiling(purposes[1]), State.OPTED_IN)
    assert reasons(kari) == {"activity": (BROAD_NO,) * 3, "tracking": (YES,) * 3}


STOPS = {
    "all marketing": (marketing(), None, (LAW, BROAD_NO, BROAD_NO)),
    "all marketing, asked for a brand": (marketing(), "acme", (LAW, BROAD_NO, BROAD_NO)),
    "the channel": (marketing(channel=Channel.WEB), None, (LAW, NO, LAW)),
    "the other channel": (marketing(channel=Channel.IN_PRODUCT), None, (LAW, LAW, NO)),
    "the channel, asked for a brand": (marketing(channel=Channel.WEB), "acme", (LAW, BROAD_NO, LAW)),
    "another channel": (marketing(channel=Channel.EMAIL), None, (LAW, LAW, LAW)),
    "social": (marketing(channel=Channel.SOCIAL), "acme", (LAW, LAW, LAW)),
}


@pytest.mark.parametrize(("scope", "brand", "expected"), STOPS.values(), ids=STOPS.keys())
def test_marketing_stopped_on_a_channel(scope, brand, expected, kari, purposes, acme):
    event = say(kari, scope)
    asked_for = acme if brand else None
    assert reasons(kari, brand=asked_for)["activity"] == expected
    purpose = asked(kari, brand=asked_for).purposes[0]
    for verdict in (purpose.segments, purpose.web, purpose.in_product):
        stopped = verdict.reason is not LAW
        assert verdict.allowed is not stopped
        assert verdict.event == (event if stopped else None)
        assert verdict.legal_basis == ("objection" if stopped else "legitimate_interest")
        assert verdict.rule == "activity/*"


@pytest.mark.parametrize(
    ("stopped", "brand", "expected"),
    [
        ("acme", "acme", (LAW, BROAD_NO, BROAD_NO)),
        ("acme", None, (LAW, LAW, LAW)),
        ("acme", "other", (LAW, LAW, LAW)),
    ],
)
def test_everything_from_a_brand_stopped(stopped, brand, expected, kari, purposes, acme, other):
    brands = {"acme": acme, "other": other, None: None}
    say(kari, marketing(brands[stopped]))
    assert reasons(kari, brand=brands[brand])["activity"] == expected


def test_a_brand_stopped_on_a_channel(kari, purposes, acme, other):
    say(kari, marketing(acme, Channel.WEB))
    assert reasons(kari, brand=acme)["activity"] == (LAW, NO, LAW)
    assert reasons(kari, brand=other)["activity"] == (LAW, LAW, LAW)


@pytest.mark.parametrize("stop", ["all", "channel", "brand"])
def test_a_later_yes_for_one_topic_does_not_open_the_channel(stop, kari, purposes, acme, web_topic):
    scopes = {"all": marketing(), "channel": marketing(channel=Channel.WEB), "brand": marketing(acme)}
    say(kari, scopes[stop], at=NOW - dt.timedelta(hours=1))
    say(kari, marketing(acme, Channel.WEB, web_topic), State.OPTED_IN)
    _segments, web, _in_product = reasons(kari, brand=acme)["activity"]
    assert web is BROAD_NO


def test_a_topic_stopped_on_the_web_does_not_close_the_channel(kari, purposes, acme, web_topic):
    say(kari, marketing(acme, Channel.WEB, web_topic))
    assert reasons(kari, brand=acme)["activity"] == (LAW, LAW, LAW)


def test_an_undone_stop_is_none(kari, purposes):
    event = say(kari, ALL_MARKETING, at=NOW - dt.timedelta(hours=1))
    ledger.undo(event=event, evidence=Evidence(source=Source.UNDO), now=NOW)
    assert reasons(kari)["activity"] == (LAW, LAW, LAW)


def test_refused_profiling_is_named_where_the_channel_is_stopped_too(kari, purposes):
    """The one that stops all of it says more."""
    no = say(kari, profiling(purposes[0]), at=NOW - dt.timedelta(hours=1))
    say(kari, ALL_MARKETING)
    assert asked(kari).purposes[0].web.event == no


def test_a_browser_that_asks_for_privacy(kari, purposes):
    """Global Privacy Control refuses all profiling, and marketing on the web."""
    event = say(kari, ALL_PROFILING, source=Source.GPC)
    say(kari, marketing(channel=Channel.WEB), source=Source.GPC)
    found = asked(kari)
    assert not found.tracking
    assert {
        (verdict.allowed, verdict.event)
        for one in found.purposes
        for verdict in (one.segments, one.web, one.in_product)
    } == {(False, event)}


def test_a_later_yes_goes_before_the_signal(kari, purposes):
    say(kari, ALL_PROFILING, source=Source.GPC, at=NOW - dt.timedelta(hours=1))
    say(kari, profiling(purposes[0]), State.OPTED_IN)
    assert reasons(kari) == {"activity": (YES,) * 3, "tracking": (BROAD_NO,) * 3}


def test_somebody_unknown(purposes):
    (found,) = profiling_of(people=[PersonRef(external_id="nobody")], now=NOW)
    assert (found.person, found.tracking) == (None, False)
    assert {
        verdict.reason for one in found.purposes for verdict in (one.segments, one.web, one.in_product)
    } == {Reason.RECIPIENT_UNKNOWN}


def test_somebody_erased(kari, purposes):
    say(kari, profiling(purposes[1]), State.OPTED_IN)
    ledger.erase(recipient=kari.pk, now=NOW)
    assert reasons(kari) == {"activity": (Reason.ERASED,) * 3, "tracking": (Reason.ERASED,) * 3}
    assert not asked(kari).tracking


def test_somebody_merged(kari, anonymous, purposes):
    say(kari, ALL_MARKETING)
    ledger.merge(surviving=anonymous.pk, absorbed=kari.pk, reason="one person", now=NOW)
    found = asked(kari)
    assert found.person.recipient == anonymous.pk
    assert reasons(kari)["activity"] == reasons(anonymous)["activity"] == (LAW, BROAD_NO, BROAD_NO)


def test_somebody_too_young(purposes):
    child = RecipientFactory(born_on=NOW.date().replace(year=NOW.year - 10, day=1))
    assert reasons(child)["activity"] == (Reason.BELOW_MINIMUM_AGE,) * 3


def test_somebody_whose_age_is_not_known(kari, purposes, acme):
    Brand.objects.filter(pk=acme.pk).update(offers_to_children=True)
    assert reasons(kari)["activity"] == (Reason.AGE_UNKNOWN,) * 3


def test_somebody_on_the_do_not_contact_list(kari, purposes):
    Suppression.objects.create(
        kind=SuppressionKind.ADDRESS,
        address_hash=address_hash(kind=ContactKind.EMAIL, normalized="kari@example.com"),
        reason=SuppressionReason.OTHER,
        created_at=NOW,
    )
    say(kari, ALL_MARKETING)
    assert reasons(kari)["activity"] == (Reason.SUPPRESSED,) * 3


def test_what_is_retired_is_not_listed(kari, purposes):
    ProfilingPurpose.objects.filter(key="activity").update(retired_at=NOW)
    assert list(reasons(kari)) == ["tracking"]
    ProfilingPurpose.objects.update(retired_at=NOW)
    assert asked(kari).purposes == ()


def test_what_was_in_use_then_is_listed(kari, purposes):
    ProfilingPurpose.objects.filter(key="activity").update(retired_at=NOW - dt.timedelta(days=1))
    assert reasons(kari, as_of=NOW - dt.timedelta(days=2))["activity"] == (LAW,) * 3
    assert "activity" not in reasons(kari, as_of=NOW - dt.timedelta(hours=1))


def test_tracking_is_of_the_purpose_in_use_now(kari, purposes):
    """Listed for a moment at which it was in use, it opens nothing: `decide` says the same."""
    say(kari, profiling(purposes[1]), State.OPTED_IN, at=NOW - dt.timedelta(days=3))
    then = NOW - dt.timedelta(days=2)
    assert asked(kari, as_of=then).tracking
    ProfilingPurpose.objects.filter(key="tracking").update(retired_at=NOW - dt.timedelta(days=1))
    found = asked(kari, as_of=then)
    assert [one.segments.allowed for one in found.purposes] == [True, True]
    assert not found.tracking


def test_topics_are_not_listed(kari, purposes, news):
    assert list(reasons(kari)) == ["activity", "tracking"]


def test_what_was_said_by_then(kari, purposes):
    start = NOW - dt.timedelta(days=10)
    no = say(kari, ALL_MARKETING, at=start + dt.timedelta(days=1))
    say(kari, profiling(purposes[0]), at=start + dt.timedelta(days=3))
    ledger.undo(event=no, evidence=Evidence(source=Source.UNDO), now=start + dt.timedelta(days=2))
    by_day = [reasons(kari, as_of=start + dt.timedelta(days=day, hours=1))["activity"] for day in range(4)]
    assert by_day == [(LAW, LAW, LAW), (LAW, BROAD_NO, BROAD_NO), (LAW, LAW, LAW), (NO, NO, NO)]
    assert reasons(kari, as_of=NOW + dt.timedelta(days=9)) == reasons(kari)


@pytest.mark.parametrize("seed", range(200, 204))
def test_the_same_as_one_question_at_a_time(seed):
    population = Population(seed)
    everybody = [PersonRef(recipient=pk) for pk in Recipient.objects.values_list("pk", flat=True)]
    refs = [*everybody, PersonRef(external_id="x7"), PersonRef(external_id="nobody"), everybody[0]]
    for as_of in (None, NOW - dt.timedelta(days=14)):
        found = profiling_of(people=refs, now=NOW, as_of=as_of, brand=population.topics[0].brand_id)
        for number, purpose in enumerate(found[0].purposes):
            decided = decide_many(
                people=refs,
                ask=ask_about(key=purpose.purpose, channel=None),
                message_class=MessageClass.MARKETING,
                now=NOW,
                as_of=as_of,
            )
            for one, expected in zip(found, decided, strict=True):
                verdicts = one.purposes[number]
                assert verdicts.segments == expected.verdict
                assert one.tracking is expected.verdict.tracking
                known = expected.person.recipient if expected.person else None
                assert (one.person.recipient if one.person else None) == known
                # A channel may be closed besides, and never opens anything.
                for verdict in (verdicts.web, verdicts.in_product):
                    assert verdict == expected.verdict or (expected.verdict.allowed and not verdict.allowed)


@pytest.mark.parametrize("seed", range(210, 212))
def test_decisions_about_marketing_on_a_closed_channel_agree(seed):
    """They rest on the same statement, or on a later one about the topic."""
    population = Population(seed)
    here = list(Recipient.objects.filter(merged_into=None, erased_at=None))
    topic = population.topics[0]
    ProfilingPurposeFactory()
    for person in here:
        scope = population.random.choice(
            [ALL_MARKETING, marketing(topic.brand), marketing(channel=Channel.WEB), None, None]
        )
        if scope:
            ledger.record(
                recipient=person.pk,
                changes=[Change(scope=scope, state=State.OPTED_OUT)],
                evidence=Evidence(source=Source.ACCOUNT),
                now=NOW - dt.timedelta(days=population.random.choice([0, 1, 14])),
            )
    people = [PersonRef(recipient=person.pk) for person in here]
    decided = decide_many(
        people=people,
        ask=ask_about(key=topic.key, channel=Channel.WEB),
        message_class=MessageClass.MARKETING,
        now=NOW,
    )
    closed = 0
    for one, about_topic in zip(
        profiling_of(people=people, now=NOW, brand=topic.brand_id), decided, strict=True
    ):
        for purpose in one.purposes:
            if purpose.web == purpose.segments:
                continue
            closed += 1
            if about_topic.verdict.statement == purpose.web.statement:
                assert about_topic.verdict.reason in (NO, BROAD_NO)
            else:
                assert about_topic.verdict.statement.order > purpose.web.statement.order
                assert about_topic.verdict.statement.scope.purpose == topic.pk
    assert closed > 5


@pytest.mark.parametrize("people", [1, 30])
@pytest.mark.parametrize("more_purposes", [0, 5])
def test_two_queries(people, more_purposes, purposes, acme, django_assert_num_queries):
    ProfilingPurposeFactory.create_batch(more_purposes)
    refs = [PersonRef(recipient=person.pk) for person in RecipientFactory.create_batch(people)]
    profiling_of(people=refs, now=NOW)
    with django_assert_num_queries(2):
        assert len(profiling_of(people=refs, now=NOW, brand=acme.pk)) == people
