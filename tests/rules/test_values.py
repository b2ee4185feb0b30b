"""Sets of rules as values: their version, what they say besides, and the rules for profiling."""

import json
import random
from dataclasses import FrozenInstanceError, replace

import pytest

from preferences.enums import Channel, Requirement
from preferences.rules.compare import Difference, differences
from preferences.rules.countries import countries, country_name, is_country
from preferences.rules.values import CountryFacts, ProfilingRow, Rule, RuleSet, facts_missing


def general(country: str, note: str = "min_age=13; dnc=none", requirement=Requirement.OPT_IN) -> Rule:
    return Rule(
        country=country,
        channel="*",
        relationship="*",
        requirement=requirement,
        law="Law § 1",
        note=note,
        confidence="high",
    )


def row(key: str, requirement: Requirement) -> ProfilingRow:
    purpose, country = key.split("/")
    return ProfilingRow(
        purpose=purpose, country=country, requirement=requirement, law="", note="", confidence=""
    )


MARKETING = [general("*", note=""), general("NO"), general("SE"), general("DE", note="min_age=16; dnc=none")]
PROFILING = [
    row("tracking/*", Requirement.OPT_OUT),
    row("tracking/FR", Requirement.OPT_IN),
    row("tracking/NO", Requirement.SOFT_OPT_IN),
    row("activity/*", Requirement.OPT_OUT),
    row("strict/*", Requirement.DOUBLE_OPT_IN),
    row("strict/NO", Requirement.OPT_OUT),
]
RULES = RuleSet.of(marketing=MARKETING, profiling=PROFILING)


def test_a_set_has_the_same_version_in_whatever_order_it_was_made():
    for _ in range(5):
        marketing = random.sample(MARKETING, len(MARKETING))
        profiling = random.sample(PROFILING, len(PROFILING))
        assert RuleSet.of(marketing=marketing, profiling=profiling).version == RULES.version
    assert len(RULES.version) == 64
    assert set(RULES.version) <= set("0123456789abcdef")


def test_a_set_survives_being_stored():
    stored = RuleSet.from_content(json.loads(json.dumps(RULES.content)))
    assert stored == RULES
    assert stored.version == RULES.version
    assert stored.marketing_rule(country="NO", channel=Channel.EMAIL, relationship=None) == MARKETING[1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("requirement", Requirement.OPT_OUT),
        ("law", "Law § 2"),
        ("note", "min_age=14; dnc=none"),
        ("confidence", "low"),
        ("channel", "email"),
    ],
)
def test_any_difference_makes_another_version(name, value):
    changed = [*MARKETING[:-1], replace(MARKETING[-1], **{name: value})]
    assert RuleSet.of(marketing=changed, profiling=PROFILING).version != RULES.version


def test_any_difference_in_profiling_makes_another_version():
    versions = {
        RuleSet.of(marketing=MARKETING, profiling=profiling).version
        for profiling in (PROFILING, PROFILING[1:], [row("tracking/*", Requirement.OPT_IN), *PROFILING[1:]])
    }
    assert len(versions) == 3


def test_values_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        RULES.version = "other"
    with pytest.raises(FrozenInstanceError):
        MARKETING[0].law = "other"


@pytest.mark.parametrize(
    ("purpose", "country", "rule"),
    [
        ("tracking", "FR", "tracking/FR"),
        ("tracking", "NO", "tracking/NO"),
        # A country with rules, none of them for this: the purpose's own default.
        ("tracking", "SE", "tracking/*"),
        ("activity", "NO", "activity/*"),
        # Nobody knows where: the strictest there is for the purpose.
        ("tracking", "", "tracking/FR"),
        ("tracking", "XX", "tracking/FR"),
        ("tracking", "no", "tracking/FR"),
        ("tracking", "JP", "tracking/FR"),
        ("tracking", "*", "tracking/FR"),
        ("activity", "", "activity/*"),
        ("strict", "", "strict/*"),
        ("strict", "NO", "strict/NO"),
    ],
)
def test_the_rule_for_a_profiling_purpose(purpose, country, rule):
    assert RULES.profiling_rule(purpose=purpose, country=country).id == rule


def test_a_purpose_that_is_not_in_the_set_has_no_rule():
    assert RULES.profiling_rule(purpose="unknown", country="NO") is None


@pytest.mark.parametrize(
    ("note", "facts"),
    [
        ("b2b_exempt=no; min_age=15; dnc=The Register; profiling=gdpr21", (15, True)),
        ("min_age=none; dnc=none", (None, False)),
        ("min_age=14; dnc=none since 2021 (closed)", (14, False)),
        ("min_age=14; dnc=None found", (14, False)),
        ("min_age=14; dnc=directory mark; covers social and none besides", (14, True)),
        # What is not said, or not so that it can be read, gets the strictest answer there is.
        ("", (16, True)),
        ("dnc=none", (16, False)),
        ("min_age=thirteen; dnc=none", (16, False)),
        ("min_age=; dnc=", (16, True)),
        ("min_age=-1; dnc=none", (16, False)),
        ("see the other country: min_age=12", (16, True)),
    ],
)
def test_what_a_country_says_besides(note, facts):
    rules = RuleSet.of(marketing=[*MARKETING, general("FI", note=note)], profiling=[])
    known = rules.country_facts("FI")
    assert (known.minimum_age, known.has_register) == facts


@pytest.mark.parametrize("country", ["", "XX", "no", "*", "JP"])
def test_an_unknown_country_gets_the_strictest_facts(country):
    assert RULES.country_facts(country) == CountryFacts(minimum_age=16, has_register=True)
    nothing = RuleSet.of(marketing=[], profiling=[])
    assert nothing.country_facts(country) == CountryFacts(minimum_age=None, has_register=True)


def test_facts_that_are_missing_are_named():
    assert facts_missing("min_age=13; dnc=none") == []
    assert facts_missing("min_age=13") == ["dnc=REGISTER (or none)"]
    assert facts_missing("min_age=old") == ["min_age=NUMBER (or none)", "dnc=REGISTER (or none)"]


def test_what_tells_two_sets_apart():
    after = RuleSet.of(
        marketing=[
            MARKETING[0],
            replace(MARKETING[1], requirement=Requirement.OPT_OUT, law="Law § 9"),
            MARKETING[3],
            general("DK"),
        ],
        profiling=PROFILING,
    )
    everything = {"requirement": "opt_in", "law": "Law § 1", "note": "min_age=13; dnc=none"}

    assert differences(before=RULES, after=RULES) == []
    assert differences(before=RULES, after=after) == [
        Difference(rule="DK/*/*", before=None, after={**everything, "confidence": "high"}),
        Difference(
            rule="NO/*/*",
            before={"requirement": "opt_in", "law": "Law § 1"},
            after={"requirement": "opt_out", "law": "Law § 9"},
        ),
        Difference(rule="SE/*/*", before={**everything, "confidence": "high"}, after=None),
    ]


@pytest.mark.parametrize("code", ["NO", "GB", "GR", "XK", "US", "AX"])
def test_a_country(code):
    assert is_country(code)


@pytest.mark.parametrize(
    "code", ["", "no", "No", "XX", "ZZ", "EU", "UK", "EL", "UN", "NOR", "N", "*", "47", " NO", "NO\n"]
)
def test_no_country(code):
    assert not is_country(code)


def test_there_are_as_many_countries_as_the_standard_has():
    # 249 codes, and Kosovo.
    assert len(countries()) == 250


def test_a_country_has_a_name_in_each_language():
    assert [country_name("NO", language=language) for language in ("en", "nb", "pt-br")] == [
        "Norway",
        "Norge",
        "Noruega",
    ]
    assert country_name("XX", language="en") == "XX"
