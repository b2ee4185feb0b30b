"""May we send this? The one answer for everybody who asks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from preferences.decisions.rules_in_force import rules_published
from preferences.decisions.situation import PersonRef, Situation, load_situations
from preferences.decisions.verdict import Ask, Limits, Verdict, verdict_on
from preferences.enums import Channel, Kind, MessageClass, Reason
from preferences.models import Purpose
from preferences.scope import Scope


class PurposeUnknown(LookupError):
    """There is no topic or profiling purpose with this key."""

    code = "purpose_unknown"


class AskInvalid(ValueError):
    """A topic is asked about on a channel, a profiling purpose without one. `code` says which is wrong."""

    def __init__(self, *, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A verdict about one person; `person` is None for somebody unknown."""

    person: Situation | None
    verdict: Verdict


# Plain SQL: this is asked before each decision, and putting the query together would cost more than both answers.
_ASK = """
SELECT purpose.id, purpose.kind, purpose.key, purpose.channels, purpose.brand_id, coalesce(brand.name, ''),
       least(purpose.retired_at, brand.retired_at),
       CASE WHEN brand.id IS NOT NULL THEN brand.offers_to_children
            ELSE EXISTS (SELECT FROM preferences_brand WHERE offers_to_children AND retired_at IS NULL) END,
       purpose.use = 'email_tracking' AND purpose.retired_at IS NULL
  FROM preferences_purpose AS purpose
  LEFT JOIN preferences_brand AS brand ON brand.id = purpose.brand_id
 WHERE purpose.key = %s OR purpose.use = 'email_tracking' AND purpose.retired_at IS NULL
"""


def ask_about(*, key: str, channel: Channel | None) -> Ask:
    """The question whether something about the purpose with this key may be sent, or done. One query.

    Raises PurposeUnknown, AskInvalid.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ASK, [key])
        rows = cursor.fetchall()
    found = next((row for row in rows if row[2] == key), None)
    if found is None:
        raise PurposeUnknown(key)
    if (found[1] == Kind.MARKETING) is not (channel is not None):
        raise AskInvalid(code="channel_missing" if channel is None else "channel_not_for_profiling")
    tracking = next((_ask(*row[:-1], channel=None) for row in rows if row[-1]), None)
    return _ask(*found[:-1], channel=channel, tracking=tracking)


def make_ask(*, purpose: Purpose, channel: Channel | None, tracking: Purpose | None, children: bool) -> Ask:
    """The question as a value; no query. `purpose` has its brand loaded, `children`: some brand offers to children."""
    brand = purpose.brand
    return _ask(
        purpose.pk,
        purpose.kind,
        purpose.key,
        purpose.channels,
        purpose.brand_id,
        brand.name if brand else "",
        min(filter(None, [purpose.retired_at, brand.retired_at if brand else None]), default=None),
        brand.offers_to_children if brand else children,
        channel=channel,
        tracking=make_ask(purpose=tracking, channel=None, tracking=None, children=children)
        if tracking
        else None,
    )


def _ask(
    purpose: int,
    kind: str,
    key: str,
    channels: Sequence[str],
    brand: int | None,
    brand_name: str,
    retired_at: dt.datetime | None,
    asks_age: bool,
    *,
    channel: Channel | None,
    tracking: Ask | None = None,
) -> Ask:
    not_offered = None
    if retired_at:
        not_offered = Reason.PURPOSE_RETIRED
    elif channel is not None and channel not in channels:
        not_offered = Reason.CHANNEL_NOT_OFFERED
    return Ask(
        scope=Scope(kind=Kind(kind), brand=brand, purpose=purpose, channel=channel),
        key=key,
        brand=brand_name,
        not_offered=not_offered,
        retired_at=retired_at,
        asks_age=asks_age,
        tracking=tracking,
    )


def decide(
    *,
    recipient: int,
    ask: Ask,
    message_class: MessageClass,
    now: dt.datetime,
    as_of: dt.datetime | None = None,
) -> Verdict:
    """Whether one person (primary key) may be sent what `ask` is about. One query, and no write.

    With `as_of`, the answer that would have been given at that moment, by what had been recorded by then, except for
    what keeps no history (see load_situations). A moment to come is taken for now.
    """
    people = [PersonRef(recipient=recipient)]
    return decide_many(people=people, ask=ask, message_class=message_class, now=now, as_of=as_of)[0].verdict


def decide_many(
    *,
    people: Sequence[PersonRef],
    ask: Ask,
    message_class: MessageClass,
    now: dt.datetime,
    as_of: dt.datetime | None = None,
) -> list[Decided]:
    """The same for many people, in the order given; one query for all of them."""
    if as_of is not None and as_of >= now:
        as_of = None
    moment = as_of or now
    asks = [ask, ask.tracking] if ask.tracking else [ask]
    loaded = load_situations(
        people=people,
        today=moment.date(),
        as_of=as_of,
        purposes=[asked.scope.purpose for asked in asks if asked.scope.purpose],
    )
    rules, limits = rules_published(loaded.published_rules), limits_in_force()
    return [
        Decided(
            person=person,
            verdict=verdict_on(
                person=person,
                ask=ask,
                message_class=message_class,
                rules=rules,
                limits=limits,
                now=moment,
            ),
        )
        for person in loaded.people
    ]


def limits_in_force() -> Limits:
    """The days set by CONFIRM_DAYS and REGISTER_SCREENING_DAYS."""
    return Limits(confirm_days=settings.CONFIRM_DAYS, screening_days=settings.REGISTER_SCREENING_DAYS)
