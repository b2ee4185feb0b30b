"""What staff see first: how many stop and start, where, and whether anything waits."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db import OperationalError, connection, transaction
from django.db.models import Count, Min, Q
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django_tasks_db.models import DBTaskResult

from preferences.admin.plot import DAYS, Plot, Series, draw
from preferences.admin.words import SOURCES
from preferences.enums import MessageState, Source, State
from preferences.mail.unsent import count_unsent
from preferences.models import Event, LinkRequest, Message, Topic

_SHARES_KEPT_FOR = 600
_SHARES_MAY_TAKE = "5s"
# A worker answers within seconds; a request older than this says that it does not run.
_ANSWERED_WITHIN = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyCount:
    day: dt.date
    source: Source
    state: State
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Of the answers in force for one topic, channel by channel, how many are No."""

    topic: str
    brand: str
    stopped: int
    answers: int

    @property
    def percent(self) -> int:
        return round(100 * self.stopped / self.answers) if self.answers else 0


def add_plots(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Called by Unfold for the start page. Counts only: no person can be recognised in them."""
    now = timezone.now()
    today = timezone.localdate(now)
    counts = daily_counts(now=now)
    waiting = LinkRequest.objects.filter(answered_at=None, requested_at__lt=now - _ANSWERED_WITHIN).aggregate(
        count=Count("pk"), oldest=Min("requested_at")
    )
    inbox = count_messages(now=now) if request.user.has_perm("preferences.view_message") else None
    unsent = count_unsent(now=now) if request.user.has_perm("preferences.view_mail") else None
    failed = DBTaskResult.objects.failed().filter(enqueued_at__gte=now - dt.timedelta(days=7)).count()
    return {
        **context,
        "title": _("Start"),
        "plots": [
            plot(
                counts=counts,
                state=State.OPTED_OUT,
                name=_("Opt-outs"),
                title=_("Opt-outs per day"),
                today=today,
            ),
            plot(
                counts=counts,
                state=State.OPTED_IN,
                name=_("Opt-ins"),
                title=_("Opt-ins per day"),
                today=today,
            ),
        ],
        "shares": shares_opted_out(),
        "waiting": waiting["count"],
        "waiting_since": waiting["oldest"],
        "inbox": inbox,
        "unsent": unsent,
        "failed_tasks": failed,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """How many messages wait for staff, are overdue, and are assigned to nobody; and how many wait for the worker."""

    waiting: int
    overdue: int
    unassigned: int
    unread: int


def count_messages(*, now: dt.datetime) -> Inbox:
    """Both counts go by an index of what waits, however many messages there are."""
    waiting = Message.objects.filter(state=MessageState.WAITING).aggregate(
        waiting=Count("pk"),
        overdue=Count("pk", filter=Q(due_at__lt=now)),
        unassigned=Count("pk", filter=Q(assigned_to=None)),
    )
    received = Message.objects.filter(state=MessageState.RECEIVED, received_at__lt=now - _ANSWERED_WITHIN)
    return Inbox(**waiting, unread=received.count())


def daily_counts(*, now: dt.datetime) -> list[DailyCount]:
    """Opt-outs and opt-ins recorded in the last thirty days, today included, by day and source.

    Nothing is recorded in the past, so the days before today are counted once a day.
    """
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    key = f"start_page.days_before.{today:%Y-%m-%d}"
    before: list[DailyCount] = cache.get(key) or []
    if not before:
        before = _count_by_day(start=today - dt.timedelta(days=DAYS - 1), end=today)
        cache.set(key, before, 24 * 3600)
    return [*before, *_count_by_day(start=today, end=today + dt.timedelta(days=1))]


def _count_by_day(*, start: dt.datetime, end: dt.datetime) -> list[DailyCount]:
    rows = (
        Event.objects.filter(
            recorded_at__gte=start, recorded_at__lt=end, state__in=[State.OPTED_OUT, State.OPTED_IN]
        )
        .annotate(day=TruncDate("recorded_at"))
        .values("day", "source", "state")
        .annotate(count=Count("pk"))
        .order_by("day", "source", "state")
    )
    return [
        DailyCount(
            day=row["day"], source=Source(row["source"]), state=State(row["state"]), count=row["count"]
        )
        for row in rows
    ]


def plot(*, counts: list[DailyCount], state: State, name: str, title: str, today: dt.date) -> Plot:
    """The columns of one state, source by source."""
    cells = Counter[tuple[dt.date, str]]()
    for count in counts:
        if count.state is state:
            cells[count.day, count.source.value] += count.count
    # One colour for a source, in both plots.
    sources = [source for source in Source if source in {count.source for count in counts}]
    return draw(
        key=state.value,
        title=title,
        name=name,
        series=tuple(
            Series(key=source.value, name=str(SOURCES[source]), colour=number)
            for number, source in enumerate(sources)
        ),
        counts=cells,
        today=today,
    )


# For each topic, channel and person: the latest statement that covers them, as decisions.covering has it.
_SHARES = """
SELECT purpose, count(*) FILTER (WHERE state = 'opted_out'), count(*)
  FROM (SELECT DISTINCT ON (choice.recipient_id, topic.id, offered.channel)
               topic.id AS purpose, choice.state
          FROM preferences_purpose topic
         CROSS JOIN LATERAL unnest(topic.channels) AS offered (channel)
          JOIN preferences_choice choice
            ON choice.kind = 'marketing'
           AND (choice.brand_id IS NULL OR choice.brand_id = topic.brand_id)
           AND (choice.purpose_id IS NULL OR choice.purpose_id = topic.id)
           AND (choice.channel IS NULL OR choice.channel = offered.channel)
          JOIN preferences_recipient recipient
            ON recipient.id = choice.recipient_id AND recipient.merged_into_id IS NULL AND recipient.erased_at IS NULL
         WHERE topic.kind = 'marketing' AND topic.retired_at IS NULL
         ORDER BY choice.recipient_id, topic.id, offered.channel, choice.occurred_at DESC, choice.event_id DESC
       ) AS answer
 GROUP BY purpose
"""


def shares_opted_out() -> list[Share] | None:
    """The share of No per offered topic, largest first; None where counting takes too long for a page.

    Counted at most once in ten minutes.
    """
    counted: dict[int, tuple[int, int]] | None = cache.get("start_page.shares")
    if counted is None:
        counted = count_answers()
        if counted is None:
            return None
        cache.set("start_page.shares", counted, _SHARES_KEPT_FOR)
    topics = (
        Topic.objects.filter(retired_at=None)
        .select_related("brand")
        .order_by("brand__position", "position", "pk")
    )
    shares = [
        Share(
            topic=str(topic.name),
            brand=str(topic.brand),
            stopped=counted.get(topic.pk, (0, 0))[0],
            answers=counted.get(topic.pk, (0, 0))[1],
        )
        for topic in topics
    ]
    return sorted(shares, key=lambda share: share.percent, reverse=True)


def count_answers() -> dict[int, tuple[int, int]] | None:
    """Per topic id: how many answers in force are No, and how many there are."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [_SHARES_MAY_TAKE])
            cursor.execute(_SHARES)
            return {purpose: (stopped, answers) for purpose, stopped, answers in cursor.fetchall()}
    except OperationalError:
        return None
