"""When a change of details would make the law laxer for a person: by requirement, by register, by age."""

import datetime as dt

import pytest

from preferences.enums import Channel, Requirement
from preferences.imports.profile import AGE, PROFILING, Profile, edit_profile, relaxed
from preferences.rules.values import ProfilingRow, Rule, RuleSet

TODAY = dt.date(2026, 6, 1)
CHILD, ADULT = dt.date(2014, 1, 1), dt.date(1990, 1, 1)


def rule(country, requirement=Requirement.OPT_OUT, *, channel="*", relationship="*", note="") -> Rule:
    return Rule(
        country=country,
        channel=channel,
        relationship=relationship,
        requirement=requirement,
        law="A law",
        note=note,
        confidence="high",
    )


def row(country, requirement) -> ProfilingRow:
    return ProfilingRow(
        purpose="clicks", country=country, requirement=requirement, law="", note="", confidence=""
    )


# All alike but in one thing each: the age, the register, e-mail, profiling.
RULES = RuleSet.of(
    marketing=[
        rule("*", Requirement.DOUBLE_OPT_IN),
        rule("NO", note="min_age=15; dnc=Reservasjonsregisteret"),
        rule("SE", note="min_age=13; dnc=NIX"),
        rule("US", note="min_age=none; dnc=the list"),
        rule("FI", note="min_age=15; dnc=none"),
        rule("DE", note="min_age=15; dnc=none; profiling=gdpr21"),
        rule("DE", Requirement.OPT_IN, channel="phone"),
        rule("DK", note="min_age=15; dnc=Robinson"),
        rule("DK", Requirement.OPT_IN, channel="email"),
        rule("FR", note="min_age=15; dnc=Bloctel"),
    ],
    profiling=[
        row("*", Requirement.OPT_OUT),
        row("FR", Requirement.OPT_IN),
        row("IT", Requirement.SOFT_OPT_IN),
    ],
)
CASES = [
    ("NO", "NO", CHILD, ()),
    ("NO", "SE", CHILD, (AGE,)),
    ("SE", "NO", CHILD, ()),
    ("NO", "SE", ADULT, ()),
    # Old enough in neither; unknown, it is asked for in both.
    ("NO", "SE", None, ()),
    ("NO", "US", None, (AGE,)),
    ("NO", "US", CHILD, (AGE,)),
    ("NO", "US", ADULT, ()),
    ("NO", "FI", ADULT, (Channel.PHONE.value,)),
    ("FI", "NO", ADULT, ()),
    # Nobody is called there without consent, so the register says nothing.
    ("DE", "FI", ADULT, (Channel.PHONE.value,)),
    ("NO", "DE", ADULT, ()),
    ("DK", "NO", ADULT, (Channel.EMAIL.value,)),
    ("NO", "DK", ADULT, ()),
    ("FR", "NO", ADULT, (f"{PROFILING}clicks",)),
    ("NO", "FR", ADULT, ()),
    ("XX", "NO", ADULT, (*(channel.value for channel in Channel), f"{PROFILING}clicks")),
    ("NO", "", ADULT, ()),
]


@pytest.mark.parametrize(("before", "after", "born_on", "expected"), CASES)
def test_what_becomes_laxer(before, after, born_on, expected):
    found = relaxed(
        before=Profile(country=before, born_on=born_on),
        after=Profile(country=after, born_on=born_on),
        rules=RULES,
        today=TODAY,
    )
    assert found == expected


@pytest.mark.parametrize(("before", "after", "born_on", "expected"), CASES)
def test_a_country_is_changed_exactly_where_nothing_becomes_laxer(before, after, born_on, expected):
    known = Profile(country=before, born_on=born_on)
    edit = edit_profile(known=known, told={"country": after}, rules=RULES, today=TODAY)

    if before == after or not after:
        assert (edit.profile, edit.changed, edit.kept) == (known, (), ())
    elif expected:
        assert (edit.profile, edit.changed, edit.kept) == (known, (), ("country",))
    else:
        assert (edit.profile.country, edit.changed, edit.kept) == (after, ("country",), ())


def test_a_gap_is_filled_before_anything_is_compared():
    edit = edit_profile(
        known=Profile(relationship="consumer_customer"),
        told={"country": "NO", "relationship": "business_customer", "language": "nb"},
        rules=RULES,
        today=TODAY,
    )
    assert (edit.filled, edit.changed, edit.kept) == (("country", "language"), ("relationship",), ())


def test_without_any_rules_nothing_is_laxer():
    empty = RuleSet.of(marketing=[], profiling=[])
    before, after = Profile(country="NO"), Profile(country="SE")
    assert relaxed(before=before, after=after, rules=empty, today=TODAY) == ()
