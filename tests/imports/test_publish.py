"""Rules are published while decisions are made: each sees one set, the old or the new, and never a mixture."""

import datetime as dt
import threading

import pytest
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from preferences.decisions.decide import ask_about, decide
from preferences.decisions.rules_in_force import current_rules, rules_published
from preferences.enums import Channel, MessageClass
from preferences.imports.rules import load_rules, lock_rules, publish_rules, rules_in_tables
from preferences.models import MarketingRule, PublishedRules
from preferences.rules.read import (
    MARKETING_FILE,
    PROFILING_FILE,
    read_marketing_rules,
    read_profiling_rules,
)
from tests.at_once import at_once
from tests.factories import TopicFactory


def rules_as_of(moment):
    """The rules that were in force at a moment, by the same words as a decision about the past."""
    published = PublishedRules.objects.filter(in_force_from__lte=moment)
    return rules_published(published.aggregate(newest=Max("pk"))["newest"])


pytestmark = pytest.mark.django_db(transaction=True)

MARKETING = read_marketing_rules(MARKETING_FILE.read_bytes())
PROFILING = read_profiling_rules(PROFILING_FILE.read_bytes())


@pytest.fixture(autouse=True)
def shipped_again(transactional_db):
    """What these tests commit about the rules is taken back: the tables are kept from test to test."""
    yield
    for rule in MarketingRule.objects.exclude(shipped__isnull=True):
        if rule.values != rule.shipped:
            MarketingRule.objects.filter(pk=rule.pk).update(**rule.shipped)
    MarketingRule.objects.filter(shipped__isnull=True).delete()
    publish_rules(now=timezone.now())


def edit(key: str, law: str) -> None:
    country, channel, relationship = key.split("/")
    MarketingRule.objects.filter(country=country, channel=channel, relationship=relationship).update(law=law)


def publish_with(key: str, law: str) -> str:
    with transaction.atomic():
        lock_rules()
        edit(key, law)
        return publish_rules(now=timezone.now()).version


def test_of_two_publishers_the_last_has_what_both_wrote():
    at_once(*[lambda key=key: publish_with(key, "ours") for key in ("NO/*/*", "SE/*/*", "DK/*/*", "FI/*/*")])

    newest = current_rules()
    assert newest.version == rules_in_tables().version
    laws = {rule.country for rule in newest.marketing.values() if rule.law == "ours"}
    assert laws == {"NO", "SE", "DK", "FI"}


def test_loading_and_editing_at_once_end_without_a_deadlock():
    edit("NO/*/*", "ours")

    def load() -> str:
        return load_rules(marketing=MARKETING, profiling=PROFILING, now=timezone.now()).published

    at_once(load, lambda: publish_with("SE/*/*", "ours"), load, lambda: publish_with("NO/*/*", "theirs"))

    newest = current_rules()
    assert newest.version == rules_in_tables().version
    assert {rule.law for rule in newest.marketing.values() if rule.id in {"NO/*/*", "SE/*/*"}} == {
        "ours",
        "theirs",
    }


def test_a_decision_while_rules_are_reloaded_sees_one_set(kari):
    """Two rows change together, back and forth; whoever reads sees both changed or neither."""
    ask = ask_about(key=TopicFactory(channels=["email", "sms"]).key, channel=Channel.EMAIL)
    done = threading.Event()
    pair = ("NO/email/business_customer", "NO/sms/business_customer")

    def reload() -> set[str]:
        versions = set()
        for law in ("first", "second") * 4:
            with transaction.atomic():
                lock_rules()
                for key in pair:
                    edit(key, law)
                versions.add(publish_rules(now=timezone.now()).version)
        done.set()
        return versions

    def read() -> set[tuple[str, ...]]:
        seen = set()
        while not done.is_set():
            verdict = decide(
                recipient=kari.pk, ask=ask, message_class=MessageClass.MARKETING, now=timezone.now()
            )
            rules = current_rules()
            laws = {rules.marketing[tuple(key.split("/"))].law for key in pair}
            assert len(laws) == 1, laws
            seen.add(verdict.version)
        return seen

    shipped = current_rules().version
    versions, *seen = at_once(reload, read, read)

    assert len(versions) == 2
    for found in seen:
        assert found <= versions | {shipped}


def test_until_it_is_committed_nobody_sees_it(kari):
    before = current_rules().version
    held = threading.Event()
    looked = threading.Event()

    def publish() -> str:
        with transaction.atomic():
            lock_rules()
            edit("NO/*/*", "ours")
            version = publish_rules(now=timezone.now()).version
            held.set()
            assert looked.wait(timeout=10)
        return version

    def look() -> str:
        assert held.wait(timeout=10)
        seen = current_rules().version
        looked.set()
        return seen

    published, seen = at_once(publish, look)

    assert seen == before != published
    assert current_rules().version == published


def test_the_rules_of_a_moment_are_those_published_last_by_then():
    first = PublishedRules.objects.latest("pk")
    start = timezone.now() + dt.timedelta(days=1)
    versions = []
    for day, law in enumerate(("first", "second")):
        edit("NO/*/*", law)
        versions.append(publish_rules(now=start + dt.timedelta(days=day)).version)

    at = [rules_as_of(start + dt.timedelta(days=days)).version for days in (-0.1, 0, 0.5, 1, 100)]

    assert at == [first.version, versions[0], versions[0], versions[1], versions[1]]
    assert rules_as_of(first.in_force_from - dt.timedelta(days=1)).marketing == {}


def test_a_clock_that_goes_backwards_leaves_the_last_in_force():
    now = timezone.now()
    edit("NO/*/*", "first")
    publish_rules(now=now + dt.timedelta(hours=1))
    edit("NO/*/*", "second")
    second = publish_rules(now=now)

    assert current_rules().version == second.version
    assert rules_as_of(now + dt.timedelta(hours=2)).version == second.version


def test_with_nothing_published_everything_asks_for_confirmed_consent(kari):
    ask = ask_about(key=TopicFactory(channels=["post"]).key, channel=Channel.POST)
    moment = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)

    verdict = decide(
        recipient=kari.pk, ask=ask, message_class=MessageClass.MARKETING, now=timezone.now(), as_of=moment
    )

    assert (verdict.allowed, verdict.reason, verdict.rule) == (False, "law_requires_consent", "")
    assert verdict.version == rules_as_of(moment).version


def test_a_reader_never_waits_for_a_publisher():
    """Publishers order themselves with an advisory lock, which no decision asks for."""
    with transaction.atomic():
        lock_rules()
        (version,) = at_once(lambda: current_rules().version)
    assert version == current_rules().version
