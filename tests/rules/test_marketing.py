"""Which rule holds, for every combination there is: against a scan of the file by the precedence as it is written."""

import csv
from itertools import product

import pytest

from preferences.enums import Channel, Relationship, Requirement
from preferences.rules.read import MARKETING_FILE, read_marketing_rules
from preferences.rules.values import Rule, RuleSet

with MARKETING_FILE.open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))
COUNTRIES = sorted({row["country"] for row in ROWS} - {"*"})
STRICTEST_FIRST = ["double_opt_in", "opt_in", "soft_opt_in", "opt_out"]
PROSPECT, CUSTOMER = Relationship.CONSUMER_PROSPECT, Relationship.CONSUMER_CUSTOMER
BUSINESS_PROSPECT, BUSINESS = Relationship.BUSINESS_PROSPECT, Relationship.BUSINESS_CUSTOMER


def rule_set(*changes: Rule) -> RuleSet:
    """The shipped rules, some of them edited or added."""
    rules = {
        rule.id: rule
        for rule in (
            *(
                Rule(**{name: getattr(line, name) for name in Rule.__slots__})
                for line in read_marketing_rules(MARKETING_FILE.read_bytes())
            ),
            *changes,
        )
    }
    return RuleSet.of(marketing=rules.values(), profiling=[])


SHIPPED = rule_set()


def by_scan(country: str, channel: str, relationship: str) -> dict[str, str]:
    """The row of the file that matches best: country first, then channel, then relationship."""
    asked = {"country": country, "channel": channel, "relationship": relationship}
    matching = [row for row in ROWS if all(row[name] in ("*", word) for name, word in asked.items())]
    return max(matching, key=lambda row: [row[name] == word for name, word in asked.items()])


def requirement(country, channel, relationship, *, rules=SHIPPED) -> str:
    rule = rules.marketing_rule(country=country, channel=channel, relationship=relationship)
    return rule.requirement.value


def test_there_are_as_many_combinations_as_the_research_says():
    assert len(list(product(COUNTRIES, Channel, Relationship))) == 1176


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_combination(country):
    for channel, relationship in product(Channel, Relationship):
        row = by_scan(country, channel, relationship)
        rule = SHIPPED.marketing_rule(country=country, channel=channel, relationship=relationship)
        assert rule.id == f"{row['country']}/{row['channel']}/{row['relationship']}", (channel, relationship)
        assert (rule.requirement, rule.law, rule.note, rule.confidence) == (
            row["requirement"],
            row["law"],
            row["note"],
            row["confidence"],
        )
        assert rule.country == country, "a country with rows answers for itself"


# Read off the file by eye.
@pytest.mark.parametrize(
    ("country", "channel", "relationship", "expected", "rule"),
    [
        ("NO", Channel.EMAIL, PROSPECT, "opt_in", "NO/email/*"),
        ("NO", Channel.EMAIL, CUSTOMER, "soft_opt_in", "NO/email/consumer_customer"),
        ("NO", Channel.EMAIL, BUSINESS_PROSPECT, "opt_in", "NO/email/business_prospect"),
        ("NO", Channel.EMAIL, BUSINESS, "soft_opt_in", "NO/email/business_customer"),
        ("NO", Channel.SMS, PROSPECT, "opt_in", "NO/sms/*"),
        ("NO", Channel.PHONE, PROSPECT, "opt_out", "NO/phone/*"),
        ("NO", Channel.POST, BUSINESS, "opt_out", "NO/post/*"),
        ("NO", Channel.IN_PRODUCT, PROSPECT, "opt_in", "NO/*/*"),
        ("NO", Channel.IN_PRODUCT, CUSTOMER, "soft_opt_in", "NO/in_product/consumer_customer"),
        ("NO", Channel.WEB, PROSPECT, "opt_in", "NO/*/*"),
        ("NO", Channel.WEB, CUSTOMER, "opt_out", "NO/web/consumer_customer"),
        ("NO", Channel.SOCIAL, CUSTOMER, "opt_in", "NO/*/*"),
        ("DE", Channel.EMAIL, PROSPECT, "double_opt_in", "DE/email/*"),
        ("DE", Channel.EMAIL, CUSTOMER, "soft_opt_in", "DE/email/consumer_customer"),
        ("DE", Channel.EMAIL, BUSINESS_PROSPECT, "double_opt_in", "DE/email/*"),
        ("DE", Channel.SMS, PROSPECT, "double_opt_in", "DE/sms/*"),
        ("DE", Channel.PHONE, CUSTOMER, "opt_in", "DE/phone/*"),
        ("DE", Channel.PHONE, BUSINESS, "soft_opt_in", "DE/phone/business_customer"),
        ("DE", Channel.POST, PROSPECT, "opt_out", "DE/post/*"),
        ("SE", Channel.EMAIL, PROSPECT, "opt_in", "SE/email/*"),
        ("SE", Channel.EMAIL, BUSINESS_PROSPECT, "opt_out", "SE/email/business_prospect"),
        ("SE", Channel.IN_PRODUCT, BUSINESS_PROSPECT, "opt_out", "SE/in_product/business_prospect"),
        ("DK", Channel.PHONE, PROSPECT, "opt_in", "DK/phone/*"),
        ("DK", Channel.PHONE, BUSINESS, "opt_out", "DK/phone/business_customer"),
        ("DK", Channel.IN_PRODUCT, CUSTOMER, "opt_in", "DK/in_product/*"),
        ("NL", Channel.PHONE, CUSTOMER, "opt_in", "NL/phone/consumer_customer"),
        ("CH", Channel.PHONE, PROSPECT, "opt_in", "CH/phone/*"),
        ("CH", Channel.PHONE, CUSTOMER, "opt_out", "CH/phone/consumer_customer"),
        ("CH", Channel.WEB, PROSPECT, "opt_out", "CH/web/*"),
        ("FR", Channel.EMAIL, BUSINESS_PROSPECT, "opt_out", "FR/email/business_prospect"),
        ("FR", Channel.PHONE, CUSTOMER, "soft_opt_in", "FR/phone/consumer_customer"),
        ("GB", Channel.SMS, CUSTOMER, "soft_opt_in", "GB/sms/consumer_customer"),
        ("IT", Channel.SMS, CUSTOMER, "opt_in", "IT/sms/*"),
        ("IT", Channel.SMS, PROSPECT, "opt_in", "IT/sms/consumer_prospect"),
        ("PL", Channel.EMAIL, CUSTOMER, "opt_in", "PL/email/*"),
        ("PL", Channel.POST, CUSTOMER, "opt_out", "PL/post/*"),
        ("US", Channel.EMAIL, PROSPECT, "opt_out", "US/email/*"),
        ("US", Channel.SMS, CUSTOMER, "opt_in", "US/sms/*"),
        ("US", Channel.SOCIAL, PROSPECT, "opt_out", "US/social/*"),
        ("CA", Channel.EMAIL, BUSINESS, "soft_opt_in", "CA/email/business_customer"),
        ("CA", Channel.WEB, CUSTOMER, "opt_in", "CA/*/*"),
        ("AU", Channel.PHONE, CUSTOMER, "opt_out", "AU/phone/consumer_customer"),
        # No rows for the country, no country, and what is no country: the rows for all the world.
        ("JP", Channel.EMAIL, BUSINESS, "double_opt_in", "*/email/*"),
        ("JP", Channel.SMS, None, "opt_in", "*/*/*"),
        ("", Channel.EMAIL, BUSINESS, "double_opt_in", "*/email/*"),
        ("", Channel.POST, CUSTOMER, "opt_in", "*/*/*"),
        ("XX", Channel.EMAIL, None, "double_opt_in", "*/email/*"),
        ("no", Channel.PHONE, BUSINESS, "opt_in", "*/*/*"),
        ("*", Channel.EMAIL, None, "double_opt_in", "*/email/*"),
        ("N", Channel.POST, None, "opt_in", "*/*/*"),
        # Nobody knows what the person is to us.
        ("NO", Channel.EMAIL, None, "opt_in", "NO/email/*"),
        ("NO", Channel.WEB, None, "opt_in", "NO/*/*"),
        ("DE", Channel.EMAIL, None, "double_opt_in", "DE/email/*"),
        ("DE", Channel.PHONE, None, "opt_in", "DE/phone/*"),
        ("US", Channel.EMAIL, None, "opt_out", "US/email/*"),
    ],
)
def test_a_sample(country, channel, relationship, expected, rule):
    found = SHIPPED.marketing_rule(country=country, channel=channel, relationship=relationship)
    assert (found.requirement.value, found.id) == (expected, rule)


@pytest.mark.parametrize(
    ("beats", "loses", "asked"),
    [
        ("NO/*/*", "*/email/*", "NO/email/business_customer"),
        ("NO/*/*", "*/*/business_customer", "NO/email/business_customer"),
        ("NO/*/*", "*/email/business_customer", "NO/email/business_customer"),
        ("NO/email/*", "NO/*/business_customer", "NO/email/business_customer"),
        ("NO/email/business_customer", "NO/email/*", "NO/email/business_customer"),
        ("*/email/*", "*/*/business_customer", "SE/email/business_customer"),
        ("NO/*/business_customer", "NO/*/*", "NO/email/business_customer"),
        ("NO/*/*", "SE/email/business_customer", "NO/email/business_customer"),
    ],
)
def test_country_then_channel_then_relationship(beats, loses, asked):
    rows = []
    for key in (beats, loses):
        where = dict(zip(("country", "channel", "relationship"), key.split("/"), strict=True))
        rows.append(Rule(**where, requirement=Requirement.OPT_IN, law="", note="", confidence="low"))
    country, channel, relationship = asked.split("/")
    found = RuleSet.of(marketing=rows, profiling=[]).marketing_rule(
        country=country, channel=Channel(channel), relationship=Relationship(relationship)
    )
    assert found.id == beats


@pytest.mark.parametrize("country", ["", "XX", "no", *COUNTRIES])
def test_an_unknown_relationship_is_treated_as_strictly_as_any(country):
    for channel in Channel:
        unknown = requirement(country, channel, None)
        for relationship in Relationship:
            known = requirement(country, channel, relationship)
            assert STRICTEST_FIRST.index(unknown) <= STRICTEST_FIRST.index(known), (channel, relationship)


def test_an_unknown_relationship_stays_the_strictest_whatever_staff_edit():
    """Also where no rule for any relationship stands beside the one that was made stricter."""

    def edited(key, requirement):
        where = dict(zip(("country", "channel", "relationship"), key.split("/"), strict=True))
        return Rule(**where, requirement=requirement, law="ours", note="", confidence="low")

    rules = rule_set(
        edited("NO/*/*", Requirement.OPT_OUT), edited("NO/web/business_prospect", Requirement.DOUBLE_OPT_IN)
    )

    assert requirement("NO", Channel.WEB, PROSPECT, rules=rules) == "opt_out"
    assert requirement("NO", Channel.WEB, None, rules=rules) == "double_opt_in"
    assert rules.marketing_rule(country="NO", channel=Channel.WEB, relationship=None).id == (
        "NO/web/business_prospect"
    )


def test_an_unknown_country_is_treated_as_strictly_as_consent_anywhere():
    for channel, relationship in product(Channel, [None, *Relationship]):
        assert STRICTEST_FIRST.index(requirement("", channel, relationship)) <= 1


def test_without_any_rules_there_is_no_answer():
    nothing = RuleSet.of(marketing=[], profiling=[])
    assert nothing.marketing_rule(country="NO", channel=Channel.EMAIL, relationship=None) is None
    assert nothing.marketing_rule(country="NO", channel=Channel.EMAIL, relationship=CUSTOMER) is None
    assert nothing.profiling_rule(purpose="activity", country="NO") is None
