"""Files of rules taken over into the tables: twice is once, and what staff wrote stays."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from preferences.enums import Confidence, ProfilingUse, Requirement
from preferences.imports.rules import KeptRule, load_rules, publish_rules, rules_in_tables
from preferences.models import MarketingRule, ProfilingRule, PublishedRules
from preferences.rules.read import (
    MARKETING_FILE,
    PROFILING_FILE,
    MarketingLine,
    ProfilingLine,
    read_marketing_rules,
    read_profiling_rules,
)
from preferences.rules.values import RuleSet
from tests.factories import ProfilingPurposeFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)


def line(rule: str, requirement: Requirement = Requirement.OPT_IN, law: str = "Law § 1") -> MarketingLine:
    country, channel, relationship = rule.split("/")
    return MarketingLine(
        country=country,
        channel=channel,
        relationship=relationship,
        requirement=requirement,
        law=law,
        note="min_age=13; dnc=none",
        confidence=Confidence.HIGH,
    )


def load(*marketing: MarketingLine, profiling: tuple[ProfilingLine, ...] = ()):
    return load_rules(marketing=marketing, profiling=profiling, now=NOW)


def did(report) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    return report.added, report.changed, report.removed


@pytest.fixture
def no_rules():
    """An install on its first day."""
    MarketingRule.objects.all().delete()
    ProfilingRule.objects.all().delete()


def rule(key: str) -> MarketingRule:
    country, channel, relationship = key.split("/")
    return MarketingRule.objects.get(country=country, channel=channel, relationship=relationship)


def test_the_first_time(no_rules):
    tracking = ProfilingLine(
        country="FR",
        use=ProfilingUse.EMAIL_TRACKING,
        requirement=Requirement.OPT_IN,
        law="Art. 82",
        note="",
        confidence=Confidence.MEDIUM,
    )

    report = load(line("*/*/*"), line("NO/*/*"), profiling=(tracking,))

    assert did(report) == (("*/*/*", "NO/*/*", "FR/email_tracking"), (), ())
    assert report.kept == ()
    loaded = rule("NO/*/*")
    assert loaded.values == loaded.shipped
    assert loaded.values == {
        "requirement": "opt_in",
        "law": "Law § 1",
        "note": "min_age=13; dnc=none",
        "confidence": "high",
    }
    assert loaded.history.count() == 1
    published = PublishedRules.objects.latest("pk")
    assert (published.version, published.in_force_from) == (report.published, NOW)


def test_the_same_again_changes_nothing(no_rules):
    first = load(line("*/*/*"), line("NO/*/*"))
    history, sets = MarketingRule.history.count(), PublishedRules.objects.count()

    again = load(line("NO/*/*"), line("*/*/*"))

    assert did(again) == ((), (), ())
    assert again.published == first.published
    assert (MarketingRule.history.count(), PublishedRules.objects.count()) == (history, sets)


def test_a_newer_file_changes_what_nobody_edited(no_rules):
    before = load(line("*/*/*"), line("NO/*/*"), line("NO/email/*"), line("SE/*/*"))

    after = load(line("*/*/*"), line("NO/*/*", law="Law § 2"), line("NO/email/*"), line("DK/*/*"))

    assert did(after) == (("DK/*/*",), ("NO/*/*",), ("SE/*/*",))
    assert after.kept == ()
    assert after.published != before.published
    assert (rule("NO/*/*").law, rule("NO/*/*").shipped["law"]) == ("Law § 2", "Law § 2")
    assert not MarketingRule.objects.filter(country="SE").exists()


def test_what_staff_edited_is_kept_and_the_difference_shown(no_rules):
    load(line("*/*/*"), line("NO/*/*"), line("NO/email/*"))
    edited = rule("NO/email/*")
    edited.requirement, edited.note = Requirement.DOUBLE_OPT_IN, "our lawyers say so"
    edited.save()

    same = load(line("*/*/*"), line("NO/*/*"), line("NO/email/*"))
    newer = load(line("*/*/*"), line("NO/*/*"), line("NO/email/*", law="Law § 2"))
    gone = load(line("*/*/*"), line("NO/*/*"))

    ours = {"requirement": "double_opt_in", "note": "our lawyers say so"}
    theirs = {"requirement": "opt_in", "note": "min_age=13; dnc=none"}
    everything = {"law": "Law § 1", "confidence": "high"}
    assert same.kept == (KeptRule(rule="NO/email/*", ours=ours, theirs=theirs),)
    assert newer.kept == (
        KeptRule(rule="NO/email/*", ours={**ours, "law": "Law § 1"}, theirs={**theirs, "law": "Law § 2"}),
    )
    assert gone.kept == (KeptRule(rule="NO/email/*", ours={**ours, **everything}, theirs=None),)
    assert {did(report) for report in (same, newer, gone)} == {((), (), ())}
    assert rule("NO/email/*").requirement == Requirement.DOUBLE_OPT_IN


def test_what_staff_edited_back_is_theirs_no_longer(no_rules):
    load(line("*/*/*"))
    world = rule("*/*/*")
    world.law = "ours"
    world.save()
    world.law = "Law § 1"
    world.save()

    assert did(load(line("*/*/*", law="Law § 2"))) == ((), ("*/*/*",), ())


def test_where_the_file_comes_to_say_what_staff_said_the_row_follows_it_again(no_rules):
    load(line("*/*/*"))
    world = rule("*/*/*")
    world.law = "Law § 2"
    world.save()

    agreed = load(line("*/*/*", law="Law § 2"))
    newer = load(line("*/*/*", law="Law § 3"))

    assert (did(agreed), agreed.kept) == (((), (), ()), ())
    assert did(newer) == ((), ("*/*/*",), ())


def test_what_staff_added_is_kept(no_rules):
    load(line("*/*/*"), line("NO/*/*"))
    MarketingRule.objects.create(
        country="NO", channel="email", relationship="*", requirement=Requirement.OPT_IN, law="ours"
    )

    report = load(line("*/*/*"), line("NO/*/*"))
    known = load(line("*/*/*"), line("NO/*/*"), line("NO/email/*"))

    assert [(kept.rule, kept.theirs) for kept in report.kept] == [("NO/email/*", None)]
    assert [(kept.rule, kept.ours["law"], kept.theirs["law"]) for kept in known.kept] == [
        ("NO/email/*", "ours", "Law § 1")
    ]
    assert rule("NO/email/*").law == "ours"


def test_nothing_is_half_loaded(no_rules):
    """Two lines for one rule never come out of a file; here the database refuses the second."""
    twice = line("NO/*/*")

    with pytest.raises(IntegrityError), transaction.atomic():
        load(line("*/*/*"), twice, twice)

    assert not MarketingRule.objects.exists()


def test_what_is_published_is_what_the_tables_say():
    tracking = ProfilingPurposeFactory(
        key="tracking", use=ProfilingUse.EMAIL_TRACKING, requirement=Requirement.OPT_OUT
    )
    ProfilingPurposeFactory(key="activity", use=ProfilingUse.ACTIVITY, requirement=Requirement.OPT_IN)

    published = publish_rules(now=NOW)

    rules = RuleSet.from_content(published.content)
    assert rules == rules_in_tables()
    assert {row.id: row.requirement for row in rules.profiling.values()} == {
        "activity/*": "opt_in",
        "tracking/*": "opt_out",
        "tracking/FR": "opt_in",
        "tracking/IT": "opt_in",
    }
    tracking.use = ProfilingUse.OTHER
    tracking.save()
    assert [row.id for row in rules_in_tables().profiling.values()] == ["activity/*", "tracking/*"]


def test_publishing_what_is_in_force_writes_nothing():
    first = publish_rules(now=NOW)
    again = publish_rules(now=NOW + dt.timedelta(days=1))
    assert again == first


def test_going_back_to_earlier_rules_publishes_them_again():
    """The newest set is in force, so an old version comes back as a new row."""
    first = publish_rules(now=NOW)
    world = rule("*/*/*")
    law = world.law
    world.law = "ours"
    world.save()
    publish_rules(now=NOW)
    world.law = law
    world.save()

    third = publish_rules(now=NOW)

    assert third.version == first.version
    assert third.pk > first.pk


def test_loading_needs_no_more_queries_for_more_rules(django_assert_num_queries):
    """Where nothing has changed; each row that changes is one to write, and one for its history."""
    marketing = read_marketing_rules(MARKETING_FILE.read_bytes())
    profiling = read_profiling_rules(PROFILING_FILE.read_bytes())
    # Two savepoints, two locks, and a query for each table and for the purposes; the newest set, twice.
    with django_assert_num_queries(13):
        load_rules(marketing=marketing, profiling=profiling, now=NOW)


def test_a_rule_for_profiling_is_of_one_country():
    with pytest.raises(IntegrityError, match="profiling_rule_of_one_country"), transaction.atomic():
        ProfilingRule.objects.create(
            country="*", use=ProfilingUse.OTHER, requirement=Requirement.OPT_IN, law="none"
        )
