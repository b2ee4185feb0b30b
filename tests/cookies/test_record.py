"""One row for each thing a browser says; an id belongs to one site; what is so already is not written again."""

import datetime as dt
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from preferences.cookies import record
from preferences.cookies.publish import publish
from preferences.cookies.record import (
    ConsentRefused,
    NewConsent,
    Record,
    Recorded,
    record_consent,
    records_of,
)
from preferences.enums import CookieAction, CookieCategory
from preferences.models import Banner, CookieConsent, Site
from tests.at_once import at_once
from tests.factories import CREATED_AT, SiteCategoryFactory, SiteCookieFactory, SiteFactory

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=1)
ALL = ("necessary", "preferences", "statistics", "marketing")
NONE = ("necessary",)
STATISTICS = ("necessary", "statistics")
AN_HOUR = dt.timedelta(hours=1)


@pytest.fixture
def other(acme) -> Site:
    site = SiteFactory(key="other", brand=acme)
    for category in CookieCategory:
        SiteCategoryFactory(site=site, category=category)
    with transaction.atomic():
        publish(site, now=CREATED_AT)
    return site


def new(
    site: Site, *, consent: UUID, granted=ALL, version: int = 1, gpc: bool = False, **columns
) -> NewConsent:
    banner = Banner.objects.filter(site=site).latest("pk")
    action = {ALL: CookieAction.ACCEPT_ALL, NONE: CookieAction.REFUSE_ALL}.get(granted, CookieAction.SAVE)
    return NewConsent(
        **{
            "consent": consent,
            "site": site.pk,
            "banner": banner.pk,
            "version": version,
            "language": "en",
            "wordings": ("a" * 64,),
            "action": action,
            "asked": ALL,
            "granted": granted,
            "gpc": gpc,
            **columns,
        }
    )


def test_the_first_and_a_change_of_mind(shop):
    consent = uuid4()

    first = record_consent(new=new(shop, consent=consent), now=NOW)
    second = record_consent(new=new(shop, consent=consent, granted=NONE, language="nb"), now=LATER)

    assert (first.record.sequence, first.record.recorded_at, first.added) == (1, NOW, True)
    assert (second.record.sequence, second.record.recorded_at, second.added) == (2, LATER, True)
    banner = Banner.objects.get()
    assert records_of(consent=consent, site=shop.pk) == [
        Record(
            sequence=2,
            banner=banner.pk,
            version=1,
            language="nb",
            action="refuse_all",
            asked=ALL,
            granted=NONE,
            gpc=False,
            recorded_at=LATER,
        ),
        Record(
            sequence=1,
            banner=banner.pk,
            version=1,
            language="en",
            action="accept_all",
            asked=ALL,
            granted=ALL,
            gpc=False,
            recorded_at=NOW,
        ),
    ]
    assert CookieConsent.objects.get(sequence=1).wordings == ["a" * 64]


def test_the_same_again_is_not_written_and_says_when_it_was_said(shop):
    consent = uuid4()
    record_consent(new=new(shop, consent=consent), now=NOW)

    again = record_consent(new=new(shop, consent=consent, language="nb"), now=LATER)

    assert again.added is False
    assert (again.record.sequence, again.record.language, again.record.recorded_at) == (1, "en", NOW)
    assert CookieConsent.objects.count() == 1


@pytest.mark.parametrize("columns", [{"granted": NONE}, {"gpc": True}, {"action": CookieAction.SAVE}])
def test_what_differs_is_written(shop, columns):
    consent = uuid4()
    record_consent(new=new(shop, consent=consent), now=NOW)
    assert record_consent(new=new(shop, consent=consent, **columns), now=LATER).record.sequence == 2


def test_the_same_about_a_new_version_is_written(shop):
    consent = uuid4()
    record_consent(new=new(shop, consent=consent), now=NOW)
    SiteCookieFactory(site=shop, category=CookieCategory.STATISTICS, name="_new")
    with transaction.atomic():
        publish(shop, now=NOW)
    assert record_consent(new=new(shop, consent=consent, version=2), now=LATER).record.sequence == 2


def test_only_the_newest_counts_for_a_repetition(shop):
    consent = uuid4()
    for sequence, granted in enumerate([ALL, NONE, ALL, NONE], start=1):
        recorded = record_consent(new=new(shop, consent=consent, granted=granted), now=NOW)
        assert recorded.record.sequence == sequence


@pytest.mark.parametrize(
    ("stands", "late", "taken"),
    [
        (NONE, ALL, False),
        (NONE, STATISTICS, False),
        (STATISTICS, ALL, False),
        # Another yes is one more, though it takes something back too.
        (STATISTICS, ("necessary", "marketing"), False),
        (ALL, STATISTICS, True),
        (ALL, NONE, True),
        (STATISTICS, NONE, True),
    ],
)
def test_what_arrives_late_takes_back_and_allows_nothing(shop, stands, late, taken):
    consent = uuid4()
    record_consent(new=new(shop, consent=consent, granted=stands), now=NOW)
    (before,) = records_of(consent=consent, site=shop.pk)

    recorded = record_consent(
        new=new(shop, consent=consent, granted=late, age=2 * AN_HOUR), now=NOW + AN_HOUR
    )

    if taken:
        assert recorded.added
        assert (recorded.record.sequence, recorded.record.granted) == (2, late)
        # When it became known, not when it was said.
        assert recorded.record.recorded_at == NOW + AN_HOUR
        assert records_of(consent=consent, site=shop.pk) == [recorded.record, before]
    else:
        assert recorded == Recorded(record=before, added=False)
        assert records_of(consent=consent, site=shop.pk) == [before]


@pytest.mark.parametrize(
    ("seconds", "added"), [(0, True), (60, True), (61, True), (62, False), (3600, False)]
)
def test_late_is_what_was_said_before_the_newest(shop, seconds, added):
    """By the age that the browser tells; a minute has passed since the newest, and an age may be a second too much."""
    consent = uuid4()
    record_consent(new=new(shop, consent=consent, granted=NONE), now=NOW)
    late = new(shop, consent=consent, age=dt.timedelta(seconds=seconds))
    assert record_consent(new=late, now=NOW + dt.timedelta(minutes=1)).added is added


def test_only_the_newest_overtakes_and_only_of_its_own_id(shop):
    consent = uuid4()
    record_consent(new=new(shop, consent=uuid4(), granted=NONE), now=LATER)
    record_consent(new=new(shop, consent=consent, granted=NONE), now=NOW)
    record_consent(new=new(shop, consent=consent, granted=STATISTICS), now=LATER)
    late = new(shop, consent=consent, granted=STATISTICS, action=CookieAction.ACCEPT_ALL, age=2 * AN_HOUR)
    assert record_consent(new=late, now=LATER + AN_HOUR).record.sequence == 3


def test_what_was_overtaken_renews_nothing(shop):
    """What was said before a record renews it neither, however long ago that was."""
    consent, days = uuid4(), dt.timedelta(days=shop.days)
    record_consent(new=new(shop, consent=consent), now=NOW)
    before, after = (
        record_consent(new=new(shop, consent=consent, age=age), now=NOW + days)
        for age in (days + AN_HOUR, AN_HOUR)
    )
    assert (before.added, before.record.sequence) == (False, 1)
    assert (after.added, after.record.sequence) == (True, 2)


def test_overtaken_by_what_was_said_of_another_banner(shop):
    consent = uuid4()
    late = new(shop, consent=consent, age=2 * AN_HOUR)
    shop.categories.filter(category=CookieCategory.PREFERENCES).delete()
    with transaction.atomic():
        published = publish(shop, now=NOW)
    columns = {"version": 2, "asked": ("necessary", "statistics", "marketing"), "language": "nb", "gpc": True}
    record_consent(new=new(shop, consent=consent, granted=STATISTICS, **columns), now=NOW)

    assert record_consent(new=late, now=NOW + AN_HOUR) == Recorded(
        record=Record(
            sequence=1,
            banner=published.pk,
            version=2,
            language="nb",
            action="save",
            asked=("necessary", "statistics", "marketing"),
            granted=STATISTICS,
            gpc=True,
            recorded_at=NOW,
        ),
        added=False,
    )


def test_an_id_of_another_site_is_refused(shop, other):
    consent = uuid4()
    record_consent(new=new(shop, consent=consent), now=NOW)
    for granted in (ALL, NONE):
        with pytest.raises(ConsentRefused) as refused:
            record_consent(new=new(other, consent=consent, granted=granted), now=LATER)
        assert refused.value.code == "consent_of_another_site"
    assert CookieConsent.objects.get().site == shop
    assert records_of(consent=consent, site=other.pk) == []


def test_beyond_the_limit_only_what_takes_something_back(shop, monkeypatch):
    monkeypatch.setattr(record, "MOST_RECORDS", 3)
    consent = uuid4()
    for granted in (NONE, ALL, NONE):
        record_consent(new=new(shop, consent=consent, granted=granted), now=NOW)
    for granted in (ALL, STATISTICS):
        with pytest.raises(ConsentRefused) as refused:
            record_consent(new=new(shop, consent=consent, granted=granted), now=NOW)
        assert refused.value.code == "too_many"
    # The same is no more, so it is answered.
    assert not record_consent(new=new(shop, consent=consent, granted=NONE), now=NOW).added

    consent = uuid4()
    for granted in (ALL, NONE, ALL):
        record_consent(new=new(shop, consent=consent, granted=granted), now=NOW)
    for sequence, granted in ((4, STATISTICS), (5, NONE)):
        recorded = record_consent(new=new(shop, consent=consent, granted=granted), now=NOW)
        assert recorded.record.sequence == sequence
    with pytest.raises(ConsentRefused):
        record_consent(new=new(shop, consent=consent, granted=NONE, gpc=True), now=NOW)


def test_one_statement_however_much_was_said(shop):
    consent = uuid4()
    said = [new(shop, consent=consent, granted=granted) for granted in (ALL, NONE, ALL, NONE, NONE)]
    for one in said:
        with CaptureQueriesContext(connection) as queries:
            record_consent(new=one, now=NOW)
        assert len(queries) == 1
    with CaptureQueriesContext(connection) as queries:
        assert len(records_of(consent=consent, site=shop.pk)) == 4
    assert len(queries) == 1


def test_no_more_than_five_tries(shop, monkeypatch):
    """Somebody else is the first each time."""
    monkeypatch.setattr(record, "_RECORD", f"SELECT {', '.join(['NULL'] * 11)}")
    with CaptureQueriesContext(connection) as queries, pytest.raises(ConsentRefused) as refused:
        record_consent(new=new(shop, consent=uuid4()), now=NOW)
    assert refused.value.code == "try_again"
    # The first finds the newest banner.
    assert len(queries) == 1 + 5


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(4))
def test_two_sites_at_once_with_one_id(shop, other, round_):
    consent = uuid4()
    said = [new(site, consent=consent) for site in (shop, other, shop, other)]

    def recorded(one: NewConsent) -> str:
        try:
            return "added" if record_consent(new=one, now=NOW).added else "repeated"
        except ConsentRefused as refused:
            return refused.code

    results = at_once(*[lambda one=one: recorded(one) for one in said])

    row = CookieConsent.objects.get()
    assert sorted(results) == ["added"] + ["consent_of_another_site"] * 2 + ["repeated"]
    assert {result for result, one in zip(results, said, strict=True) if one.site == row.site_id} == {
        "added",
        "repeated",
    }


@pytest.mark.django_db(transaction=True)
def test_several_answers_of_one_browser_at_once_are_all_kept_in_one_order(shop):
    consent = uuid4()
    granted = [ALL, NONE, STATISTICS, ("necessary", "marketing")]
    said = [new(shop, consent=consent, granted=some) for some in granted]

    at_once(*[lambda one=one: record_consent(new=one, now=NOW) for one in said])

    assert [row.sequence for row in records_of(consent=consent, site=shop.pk)] == [4, 3, 2, 1]
