"""May we send this? The one answer for everybody who asks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q

from preferences.decisions.rules_in_force import rules_published
from preferences.decisions.situation import PersonRef, Situation, load_situations
from preferences.decisions.verdict import Ask, Limits, Verdict, verdict_on
from preferences.enums import Channel, Kind, MessageClass, ProfilingUse, Reason
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


def ask_about(*, key: str, channel: Channel | None) -> Ask:
    """The question whether something about the purpose with this key may be sent, or done. One query.

    Raises PurposeUnknown, AskInvalid.
    """
    purposes = list(
        Purpose.objects.filter(Q(key=key) | Q(use=ProfilingUse.EMAIL_TRACKING, retired_at=None))
        .select_related("brand")
        .with_children()
    )
    purpose = next((purpose for purpose in purposes if purpose.key == key), None)
    if purpose is None:
        raise PurposeUnknown(key)
    if (purpose.kind == Kind.MARKETING) is not (channel is not None):
        raise AskInvalid(code="channel_missing" if channel is None else "channel_not_for_profiling")
    return make_ask(
        purpose=purpose,
        channel=channel,
        tracking=next((other for other in purposes if other.use == ProfilingUse.EMAIL_TRACKING), None),
        children=purpose.children,
    )


def make_ask(*, purpose: Purpose, channel: Channel | None, tracking: Purpose | None, children: bool) -> Ask:
    """The question as a value; no query. `purpose` has its brand loaded, `children`: some brand offers to children."""
    brand = purpose.brand
    not_offered = None
    if purpose.retired_at or (brand and brand.retired_at):
        not_offered = Reason.PURPOSE_RETIRED
    elif channel is not None and channel not in purpose.channels:
        not_offered = Reason.CHANNEL_NOT_OFFERED
    return Ask(
        scope=Scope(kind=Kind(purpose.kind), brand=purpose.brand_id, purpose=purpose.pk, channel=channel),
        key=purpose.key,
        brand=brand.name if brand else "",
        not_offered=not_offered,
        asks_age=brand.offers_to_children if brand else children,
        tracking=make_ask(purpose=tracking, channel=None, tracking=None, children=children)
        if tracking
        else None,
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

    With `as_of`, the answer that would have been given at that moment, by what had been recorded by then; country,
    relationship and date of birth are those of now.
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
