"""National law: the rows of the file, and how one is chosen."""

import csv
from itertools import product

import pytest

from preferences.enums import Channel, Relationship, Requirement
from preferences.rules.requirement import FILE, required_permission

STRICTEST_FIRST = list(Requirement)
PROSPECT, CUSTOMER = Relationship.CONSUMER_PROSPECT, Relationship.CONSUMER_CUSTOMER
BUSINESS_PROSPECT, BUSINESS = Relationship.BUSINESS_PROSPECT, Relationship.BUSINESS_CUSTOMER

with FILE.open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))
COUNTRIES = sorted({row["country"] for row in ROWS} - {"*"})


@pytest.mark.parametrize(
    ("country", "channel", "relationship", "requirement"),
    [
        ("NO", Channel.EMAIL, PROSPECT, "opt_in"),
        ("NO", Channel.EMAIL, CUSTOMER, "soft_opt_in"),
        ("NO", Channel.EMAIL, BUSINESS, "soft_opt_in"),
        ("NO", Channel.PHONE, PROSPECT, "opt_out"),
        ("NO", Channel.POST, BUSINESS, "opt_out"),
        ("NO", Channel.SOCIAL, CUSTOMER, "opt_in"),
        ("NO", Channel.WEB, PROSPECT, "opt_in"),
        ("DE", Channel.EMAIL, PROSPECT, "double_opt_in"),
        ("DE", Channel.EMAIL, CUSTOMER, "soft_opt_in"),
        ("SE", Channel.EMAIL, BUSINESS_PROSPECT, "opt_out"),
        ("US", Channel.EMAIL, PROSPECT, "opt_out"),
        ("US", Channel.SMS, CUSTOMER, "opt_in"),
        # Nobody knows what the person is to us: as for the one the law protects most.
        ("NO", Channel.EMAIL, None, "opt_in"),
        ("DE", Channel.EMAIL, None, "double_opt_in"),
        # No country, or one without rows.
        ("", Channel.EMAIL, BUSINESS, "double_opt_in"),
        ("", Channel.POST, CUSTOMER, "opt_in"),
        ("ZZ", Channel.EMAIL, None, "double_opt_in"),
        ("ZZ", Channel.PHONE, None, "opt_in"),
        # The file's way of saying "any" is no country of anybody's.
        ("*", Channel.EMAIL, None, "double_opt_in"),
        ("no", Channel.POST, None, "opt_in"),
    ],
)
def test_required_permission(country, channel, relationship, requirement):
    assert required_permission(country=country, channel=channel, relationship=relationship) == requirement


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "/".join(list(row.values())[:3]))
def test_a_row_answers_for_what_it_names(row):
    """A row without "any" is the answer; one with it is the answer where no row says more."""
    channels = [Channel(row["channel"])] if row["channel"] != "*" else list(Channel)
    relationships = [Relationship(row["relationship"])] if row["relationship"] != "*" else [None]
    country = row["country"] if row["country"] != "*" else "ZZ"
    answers = [
        required_permission(country=country, channel=channel, relationship=relationship)
        for channel, relationship in product(channels, relationships)
    ]
    if row["channel"] == "*":
        named = {other["channel"] for other in ROWS if other["country"] == row["country"]}
        answers = [answer for channel, answer in zip(channels, answers, strict=True) if channel not in named]
    assert set(answers) <= {row["requirement"]}


@pytest.mark.parametrize("country", ["", "ZZ", *COUNTRIES])
def test_who_is_unknown_is_treated_as_strictly_as_anybody(country):
    for channel in Channel:
        unknown = required_permission(country=country, channel=channel, relationship=None)
        for relationship in Relationship:
            known = required_permission(country=country, channel=channel, relationship=relationship)
            assert STRICTEST_FIRST.index(unknown) <= STRICTEST_FIRST.index(known), (channel, relationship)


def test_every_combination_has_an_answer():
    for country, channel, relationship in product(COUNTRIES, Channel, Relationship):
        assert required_permission(country=country, channel=channel, relationship=relationship) in Requirement
