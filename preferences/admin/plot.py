"""Stacked columns, one for each of the last thirty days, with the same numbers as a table."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.formats import date_format

DAYS = 30

# The plot's own units; it is drawn as wide as its place.
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 720, 200, 40, 10, 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One of the things that are counted: `colour` is the number of its colour, the same in all plots of a page."""

    key: str
    name: str
    colour: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A piece of a column: how many of one series on one day."""

    x: int
    y: int
    width: int
    height: int
    series: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What templates/admin/preferences/plot.html draws."""

    key: str
    title: str
    name: str
    note: str
    total: int
    bars: tuple[Bar, ...]
    grid: tuple[tuple[int, int], ...]
    days: tuple[tuple[int, str], ...]
    legend: tuple[tuple[int, str, int], ...]
    rows: tuple[tuple[str, tuple[int, ...], int], ...]


def draw(
    *,
    key: str,
    title: str,
    name: str,
    series: tuple[Series, ...],
    counts: Mapping[tuple[dt.date, str], int],
    today: dt.date,
    note: str = "",
) -> Plot:
    """The counts by day and key of series, laid out in whole units, so that nothing depends on how a language writes
    numbers. A series that counts nothing is left out."""
    days = [today - dt.timedelta(days=back) for back in reversed(range(DAYS))]
    by_series, by_day = Counter[str](), Counter[dt.date]()
    for (day, of), count in counts.items():
        by_series[of] += count
        by_day[day] += count
    shown = [one for one in series if by_series[one.key]]
    top = round_up(max(by_day.values(), default=0))
    step = (_WIDTH - _LEFT) // DAYS
    bars: list[Bar] = []
    for position, day in enumerate(days):
        below = 0
        for one in shown:
            value = counts.get((day, one.key), 0)
            if not value:
                continue
            y_from, y_to = _y(below, top), _y(below + value, top)
            below += value
            bars.append(
                Bar(
                    x=_LEFT + position * step + 2,
                    y=y_to,
                    width=step - 4,
                    height=max(y_from - y_to, 1),
                    series=one.colour,
                    title=f"{date_format(day, 'SHORT_DATE_FORMAT')}, {one.name}: {value}",
                )
            )
    return Plot(
        key=key,
        title=title,
        name=name,
        note=note,
        total=sum(by_day.values()),
        bars=tuple(bars),
        grid=tuple((_y(value, top), value) for value in sorted({0, top // 2, top})),
        days=tuple(
            (_LEFT + position * step + step // 2, date_format(day, "j M"))
            for position, day in enumerate(days)
            if (DAYS - 1 - position) % 7 == 0
        ),
        legend=tuple((one.colour, one.name, by_series[one.key]) for one in shown),
        rows=tuple(
            (
                date_format(day, "j M Y"),
                tuple(counts.get((day, one.key), 0) for one in shown),
                by_day[day],
            )
            for day in reversed(days)
            if by_day[day]
        ),
    )


def _y(value: int, top: int) -> int:
    return _HEIGHT - _BOTTOM - round(value * (_HEIGHT - _BOTTOM - _TOP) / top)


def round_up(value: int) -> int:
    """The next round number: 2, 4, 6, 8, 10, 20, 40, … so that the middle line is a whole number too."""
    size = 1
    while True:
        for step in (2, 4, 6, 8, 10):
            if step * size >= value:
                return step * size
        size *= 10
