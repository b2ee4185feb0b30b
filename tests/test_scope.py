"""Which scope covers which: field by field, None for all."""

from itertools import product

import pytest

from preferences.enums import Channel, Kind
from preferences.scope import Scope

EVERY = [
    *(
        Scope(kind=Kind.MARKETING, brand=brand, purpose=purpose, channel=channel)
        for brand, purpose, channel in product(
            (None, 1, 2), (None, 10, 20), (None, Channel.EMAIL, Channel.SMS)
        )
    ),
    *(Scope(kind=Kind.PROFILING, purpose=purpose) for purpose in (None, 30, 31)),
]
NEWS = Scope(kind=Kind.MARKETING, brand=1, purpose=10, channel=Channel.EMAIL)


@pytest.mark.parametrize(
    ("scope", "covers"),
    [
        (Scope.all_marketing(), True),
        (Scope(kind=Kind.MARKETING, brand=1), True),
        (Scope(kind=Kind.MARKETING, channel=Channel.EMAIL), True),
        (Scope(kind=Kind.MARKETING, brand=1, channel=Channel.EMAIL), True),
        (Scope(kind=Kind.MARKETING, brand=1, purpose=10), True),
        (NEWS, True),
        (Scope(kind=Kind.MARKETING, brand=2), False),
        (Scope(kind=Kind.MARKETING, channel=Channel.SMS), False),
        (Scope(kind=Kind.MARKETING, brand=1, purpose=20), False),
        (Scope(kind=Kind.MARKETING, brand=1, purpose=10, channel=Channel.SMS), False),
        (Scope.all_profiling(), False),
        (Scope(kind=Kind.PROFILING, purpose=10), False),
    ],
)
def test_what_covers_one_topic_on_one_channel(scope, covers):
    assert scope.covers(NEWS) is covers
    assert scope.overlaps(NEWS) is covers, "a single scope is covered or untouched"


def test_channel_and_brand_overlap_without_covering():
    by_brand, by_channel = (
        Scope(kind=Kind.MARKETING, brand=1),
        Scope(kind=Kind.MARKETING, channel=Channel.SMS),
    )
    assert by_brand.overlaps(by_channel)
    assert not by_brand.covers(by_channel)
    assert not by_channel.covers(by_brand)


def test_covering_is_an_order_and_overlap_is_mutual():
    for one, other in product(EVERY, EVERY):
        assert one.overlaps(other) == other.overlaps(one)
        if one.covers(other):
            assert one.overlaps(other)
            assert one == other or not other.covers(one)
            assert all(one.covers(third) for third in EVERY if other.covers(third))
    assert all(scope.covers(scope) for scope in EVERY)


def test_overlap_means_that_something_is_covered_by_both():
    singles = [scope for scope in EVERY if scope.is_single and (scope.brand or scope.kind is Kind.PROFILING)]
    for one, other in product(EVERY, EVERY):
        both = [single for single in singles if one.covers(single) and other.covers(single)]
        assert one.overlaps(other) is bool(both)


@pytest.mark.parametrize(
    ("scope", "single"),
    [
        (NEWS, True),
        (Scope(kind=Kind.PROFILING, purpose=30), True),
        (Scope(kind=Kind.MARKETING, brand=1, purpose=10), False),
        (Scope(kind=Kind.MARKETING, channel=Channel.EMAIL), False),
        (Scope(kind=Kind.PROFILING, purpose=30, channel=Channel.EMAIL), False),
        (Scope.all_marketing(), False),
        (Scope.all_profiling(), False),
    ],
)
def test_a_yes_can_be_given_for_a_single_scope_alone(scope, single):
    assert scope.is_single is single
