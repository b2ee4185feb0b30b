"""Until when a request that came by e-mail has to be answered. Pure: no ORM, no clock.

What `deadlines.csv` says, in which `*` is any country, or any kind of request. A country or a kind without a row
gets the earliest of all clocks for that kind, so that nothing is late.
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from django.utils.translation import ngettext

from preferences.enums import MessageKind
from preferences.rules.countries import is_country
from preferences.rules.read import RulesInvalid, Word, one_of, read_rows
from preferences.rules.values import ANY

FILE = Path(__file__).with_name("deadlines.csv")

_COLUMNS = ("country", "kind", "amount", "unit", "name", "law")
_REQUESTS = (MessageKind.STOP, MessageKind.PROFILING, MessageKind.ACCESS, MessageKind.ERASURE)
_LISTED = (MessageKind.STOP_LINK, *_REQUESTS)
# Whose clocks a message starts. What may be any request is due with the most urgent of them.
_CLOCKS_FOR = {
    **{kind: (kind,) for kind in _LISTED},
    MessageKind.COMPLAINT: (MessageKind.STOP,),
    MessageKind.START: _REQUESTS,
    MessageKind.UNCLEAR: _REQUESTS,
}
# Where the person lives it may be the weekend already, or not yet: the ends of the earth, and the middle.
_ZONES = tuple(dt.timezone(dt.timedelta(hours=hours)) for hours in (-12, 0, 14))
_SATURDAY = 5


class Unit(StrEnum):
    """What a clock counts. Business days are Monday to Friday: no holidays are known, which only makes it earlier."""

    HOURS = "hours"
    DAYS = "days"
    BUSINESS_DAYS = "business_days"
    MONTHS = "months"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """How long a law or a rule gives. `name` is what it is called in short ("CAN-SPAM"), `law` where it says so."""

    name: str
    amount: int
    unit: Unit
    law: str

    def ends_at(self, received_at: dt.datetime) -> dt.datetime:
        """The same time of day on the last day, which is never later than the law's end of that day.

        A month ends on the same day of the next one, or on its last day where it has none such.
        """
        match self.unit:
            case Unit.HOURS:
                return received_at + dt.timedelta(hours=self.amount)
            case Unit.DAYS:
                return received_at + dt.timedelta(days=self.amount)
            case Unit.BUSINESS_DAYS:
                return min(
                    _business_days_after(received_at.astimezone(zone), self.amount) for zone in _ZONES
                ).astimezone(received_at.tzinfo)
            case Unit.MONTHS:
                return _months_after(received_at, self.amount)

    def __str__(self) -> str:
        """In words, in the language of the moment: "10 business days"."""
        counted = {
            Unit.HOURS: ngettext("%(amount)d hour", "%(amount)d hours", self.amount),
            Unit.DAYS: ngettext("%(amount)d day", "%(amount)d days", self.amount),
            Unit.BUSINESS_DAYS: ngettext("%(amount)d business day", "%(amount)d business days", self.amount),
            Unit.MONTHS: ngettext("%(amount)d month", "%(amount)d months", self.amount),
        }
        return counted[self.unit] % {"amount": self.amount}


type Clocks = dict[tuple[str, str], Clock]


def due_at(*, kind: MessageKind, country: str, received_at: dt.datetime) -> dt.datetime | None:
    """Until when a message from somebody in `country` ("" for unknown) is to be dealt with; None for no deadline."""
    clock = clock_of(kind=kind, country=country, received_at=received_at)
    return clock.ends_at(received_at) if clock else None


def clock_of(*, kind: MessageKind, country: str, received_at: dt.datetime) -> Clock | None:
    """The clock that `due_at` goes by: of several the one that ends first. None for no deadline."""
    clocks = [
        clock for listed in _CLOCKS_FOR.get(kind, ()) for clock in _clocks_of(kind=listed, country=country)
    ]
    return min(clocks, key=lambda clock: (clock.ends_at(received_at), clock.name), default=None)


def read_deadlines(data: bytes) -> Clocks:
    """Clocks by country and kind, from a file in the shape of deadlines.csv (UTF-8). Raises RulesInvalid.

    Every kind that has clocks has one somewhere: the earliest of them is the answer where the country has none.
    """
    problems: list[str] = []
    words = {
        "country": Word(lambda code: code == ANY or is_country(code), "a code of ISO 3166-1, or *"),
        "kind": one_of(ANY, *(kind.value for kind in _LISTED)),
        "amount": Word(lambda text: text.isascii() and text.isdigit() and 1 <= int(text) <= 366, "1 to 366"),
        "unit": one_of(*Unit),
        "name": Word(lambda text: text.strip() != "", "a name"),
    }
    rows = read_rows(data, columns=_COLUMNS, words=words, key=_COLUMNS[:2], problems=problems)
    clocks = {
        (row["country"], row["kind"]): Clock(
            name=row["name"], amount=int(row["amount"]), unit=Unit(row["unit"]), law=row["law"]
        )
        for _number, row in rows
    }
    kinds = {kind for _country, kind in clocks}
    problems += [
        f"There is no row for {kind.value}: it would have no deadline."
        for kind in _LISTED
        if not kinds & {kind.value, ANY}
    ]
    if problems:
        raise RulesInvalid(problems)
    return clocks


def _clocks_of(*, kind: MessageKind, country: str) -> list[Clock]:
    """The clock of the country; where it has none, all there are for the kind."""
    clocks = _clocks()
    # What a mail program sends by itself has a rule of its own; a law on what people ask would only be later.
    words = (kind.value,) if kind is MessageKind.STOP_LINK else (kind.value, ANY)
    for word in words:
        if (country, word) in clocks:
            return [clocks[country, word]]
    return [clock for (_country, word), clock in clocks.items() if word in words]


@cache
def _clocks() -> Clocks:
    return read_deadlines(FILE.read_bytes())


def _business_days_after(moment: dt.datetime, amount: int) -> dt.datetime:
    while amount:
        moment += dt.timedelta(days=1)
        amount -= moment.weekday() < _SATURDAY
    return moment


def _months_after(moment: dt.datetime, amount: int) -> dt.datetime:
    years, month = divmod(moment.month - 1 + amount, 12)
    year, month = moment.year + years, month + 1
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))
