"""Until when a request has to be answered: clocks by country and kind, and how each of them runs."""

import datetime as dt

import pytest
from django.utils import translation

from preferences.enums import MessageKind
from preferences.rules import deadlines
from preferences.rules.deadlines import Clock, Unit, clock_of, due_at, read_deadlines
from preferences.rules.read import MARKETING_FILE, RulesInvalid, read_marketing_rules

HEAD = "country,kind,amount,unit,name,law"
# A Wednesday.
RECEIVED = dt.datetime(2026, 5, 6, 12, 30, tzinfo=dt.UTC)
REQUESTS = (MessageKind.STOP, MessageKind.PROFILING, MessageKind.ACCESS, MessageKind.ERASURE)


def on(month: int, day: int) -> dt.datetime:
    return RECEIVED.replace(month=month, day=day)


def clock(amount: int, unit: Unit) -> Clock:
    return Clock(name="", amount=amount, unit=unit, law="")


@pytest.mark.parametrize(
    ("country", "kind", "due", "name"),
    [
        # One month: the European Economic Area and the United Kingdom, whatever is asked.
        ("NO", MessageKind.STOP, on(6, 6), "GDPR"),
        ("DE", MessageKind.PROFILING, on(6, 6), "GDPR"),
        ("FR", MessageKind.ACCESS, on(6, 6), "GDPR"),
        ("IS", MessageKind.ERASURE, on(6, 6), "GDPR"),
        ("LI", MessageKind.UNCLEAR, on(6, 6), "GDPR"),
        ("GB", MessageKind.ACCESS, on(6, 6), "UK GDPR"),
        # Ten business days.
        ("US", MessageKind.STOP, on(5, 20), "CAN-SPAM"),
        ("CA", MessageKind.STOP, on(5, 20), "CASL"),
        ("US", MessageKind.PROFILING, on(5, 27), "CCPA"),
        ("US", MessageKind.ACCESS, on(6, 20), "CCPA"),
        ("CA", MessageKind.ACCESS, on(6, 5), "PIPEDA"),
        ("CH", MessageKind.ACCESS, on(6, 5), "FADP"),
        ("AU", MessageKind.STOP, on(5, 13), "Spam Act"),
        ("NZ", MessageKind.STOP, on(5, 13), "UEMA"),
        ("BR", MessageKind.ACCESS, on(5, 21), "LGPD"),
        ("AR", MessageKind.ACCESS, on(5, 16), "Ley 25.326"),
        ("AR", MessageKind.ERASURE, on(5, 13), "Ley 25.326"),
        ("CL", MessageKind.STOP, on(6, 5), "Ley 21.719"),
        ("CO", MessageKind.ACCESS, on(5, 20), "Ley 1581"),
        ("CO", MessageKind.STOP, on(5, 27), "Ley 1581"),
        ("MX", MessageKind.PROFILING, on(6, 3), "LFPDPPP"),
        ("UY", MessageKind.ACCESS, on(5, 13), "Ley 18.331"),
        # A spam report that waits counts as a stop; a question counts as the most urgent of all requests.
        ("NO", MessageKind.COMPLAINT, on(6, 6), "GDPR"),
        ("US", MessageKind.COMPLAINT, on(5, 20), "CAN-SPAM"),
        ("NO", MessageKind.START, on(6, 6), "GDPR"),
        ("CO", MessageKind.UNCLEAR, on(5, 20), "Ley 1581"),
        # Two days for what a mail program sends, wherever.
        ("NO", MessageKind.STOP_LINK, on(5, 8), "One click"),
        ("US", MessageKind.STOP_LINK, on(5, 8), "One click"),
        ("", MessageKind.STOP_LINK, on(5, 8), "One click"),
        # Nobody knows where, or nobody knows of a clock there: the earliest there is anywhere.
        ("", MessageKind.STOP, on(5, 13), "Ley 25.326"),
        ("JP", MessageKind.STOP, on(5, 13), "Ley 25.326"),
        ("", MessageKind.ACCESS, on(5, 13), "Ley 18.331"),
        ("BR", MessageKind.STOP, on(5, 13), "Ley 25.326"),
        ("CH", MessageKind.ERASURE, on(5, 13), "Ley 18.331"),
    ],
)
def test_the_shipped_clocks(country, kind, due, name):
    assert due_at(kind=kind, country=country, received_at=RECEIVED) == due
    found = clock_of(kind=kind, country=country, received_at=RECEIVED)
    assert found is not None
    assert found.law
    assert found.name == name
    assert found.ends_at(RECEIVED) == due


@pytest.mark.parametrize(
    "kind", [MessageKind.BOUNCE, MessageKind.AUTO_REPLY, MessageKind.MAILING_LIST], ids=str
)
@pytest.mark.parametrize("country", ["NO", "US", ""])
def test_what_nobody_waits_for_has_no_deadline(kind, country):
    assert due_at(kind=kind, country=country, received_at=RECEIVED) is None
    assert clock_of(kind=kind, country=country, received_at=RECEIVED) is None


@pytest.mark.parametrize("kind", REQUESTS, ids=str)
@pytest.mark.parametrize("day", range(1, 32))
def test_an_unknown_country_is_never_later_than_any_other(kind, day):
    received = dt.datetime(2026, 1, day, 9, tzinfo=dt.UTC)
    places = {line.country for line in read_marketing_rules(MARKETING_FILE.read_bytes())} | {"UY", "JP"}
    unknown = due_at(kind=kind, country="", received_at=received)
    assert all(due_at(kind=kind, country=place, received_at=received) >= unknown for place in places)


def test_all_thirty_countries_of_the_area_have_their_month():
    members = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
    area = [*members.split(), "IS", "LI", "NO"]
    assert [
        place
        for place in area
        for kind in REQUESTS
        if clock_of(kind=kind, country=place, received_at=RECEIVED).name != "GDPR"
    ] == []


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ((2026, 1, 15), (2026, 2, 15)),
        ((2026, 1, 29), (2026, 2, 28)),
        ((2026, 1, 31), (2026, 2, 28)),
        ((2028, 1, 31), (2028, 2, 29)),
        ((2026, 3, 31), (2026, 4, 30)),
        ((2026, 2, 28), (2026, 3, 28)),
        ((2026, 11, 30), (2026, 12, 30)),
        ((2026, 12, 31), (2027, 1, 31)),
    ],
)
def test_a_month_ends_on_the_same_day_of_the_next(received, due):
    at = dt.datetime(*received, 23, 59, tzinfo=dt.UTC)
    assert clock(1, Unit.MONTHS).ends_at(at) == dt.datetime(*due, 23, 59, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        # Any day of a week, ten business days on: Monday is 4 May.
        ((5, 4, 15), (5, 18, 15)),
        ((5, 5, 15), (5, 19, 15)),
        ((5, 8, 9), (5, 22, 9)),
        # At the edges of a weekend the day depends on where on earth one is: the earliest counts.
        ((5, 8, 13), (5, 21, 13)),
        ((5, 9, 9), (5, 22, 9)),
        ((5, 9, 13), (5, 21, 13)),
        ((5, 10, 9), (5, 22, 9)),
        ((5, 11, 3), (5, 23, 3)),
    ],
)
def test_business_days_are_monday_to_friday(received, due):
    start, end = (dt.datetime(2026, month, day, hour, tzinfo=dt.UTC) for month, day, hour in (received, due))
    assert clock(10, Unit.BUSINESS_DAYS).ends_at(start) == end


@pytest.mark.parametrize("offset", range(-12, 15))
@pytest.mark.parametrize("amount", [1, 5])
def test_no_business_day_is_one_too_many_wherever_the_person_lives(offset, amount):
    there = dt.timezone(dt.timedelta(hours=offset))
    for half_hours in range(7 * 48):
        received = RECEIVED + dt.timedelta(minutes=30 * half_hours)
        day, left = received.astimezone(there).date(), amount
        while left:
            day += dt.timedelta(days=1)
            left -= day.isoweekday() <= 5
        end_of_day = dt.datetime.combine(day, dt.time.max, tzinfo=there)
        assert clock(amount, Unit.BUSINESS_DAYS).ends_at(received) <= end_of_day


def test_hours_and_days():
    assert clock(48, Unit.HOURS).ends_at(RECEIVED) == on(5, 8)
    assert clock(30, Unit.DAYS).ends_at(RECEIVED) == on(6, 5)


@pytest.mark.parametrize(
    ("amount", "unit", "words"),
    [
        (48, Unit.HOURS, "48 hours"),
        (1, Unit.DAYS, "1 day"),
        (10, Unit.BUSINESS_DAYS, "10 business days"),
        (1, Unit.MONTHS, "1 month"),
    ],
)
def test_a_clock_in_words(amount, unit, words):
    with translation.override("en"):
        assert str(clock(amount, unit)) == words


def file_of(*lines: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *lines, ""]).encode()


EVERY = ("*,stop_link,48,hours,One click,RFC 8058", "NO,*,1,months,GDPR,GDPR 12(3)")


def problems(data: bytes) -> list[str]:
    with pytest.raises(RulesInvalid) as refused:
        read_deadlines(data)
    return list(refused.value.problems)


def test_the_shipped_file_is_sound():
    read_deadlines(deadlines.FILE.read_bytes())


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("no,stop,1,months,GDPR,Law", "'no' is no country"),
        ("SE,stopp,1,months,GDPR,Law", "'stopp' is no kind"),
        ("SE,bounce,1,months,GDPR,Law", "'bounce' is no kind"),
        ("SE,stop,0,months,GDPR,Law", "'0' is no amount"),
        ("SE,stop,-1,months,GDPR,Law", "'-1' is no amount"),
        ("SE,stop,367,days,GDPR,Law", "'367' is no amount"),
        ("SE,stop,1.5,months,GDPR,Law", "'1.5' is no amount"),
        ("SE,stop,1,weeks,GDPR,Law", "'weeks' is no unit"),
        ("SE,stop,1,months,,Law", "the name is missing"),
        ("SE,stop,1,months,GDPR,", "the law is missing"),
        ("NO,*,1,months,GDPR,Law", "NO/* is in line 3 already"),
        ("SE,stop,1,months,GDPR", "not 6 columns"),
    ],
)
def test_a_slip_is_named_by_its_line(line, problem):
    (found,) = problems(file_of(*EVERY, line))
    assert found.startswith(f"Line 4: {problem}")


def test_a_kind_without_any_clock_is_named():
    assert problems(file_of(EVERY[0], "NO,stop,1,months,GDPR,Law")) == [
        f"There is no row for {kind}: it would have no deadline."
        for kind in ("profiling", "access", "erasure")
    ]
