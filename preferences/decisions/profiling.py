"""What a person's data may be used for: every profiling purpose at once, for one person or for ten thousand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db.models import Q

from preferences.decisions.covering import Stated, deciding_statement
from preferences.decisions.decide import limits_in_force, make_ask
from preferences.decisions.rules_in_force import rules_published
from preferences.decisions.situation import PersonRef, Situation, load_situations
from preferences.decisions.verdict import Ask, Limits, Verdict, verdict_on
from preferences.enums import Channel, Kind, MessageClass, ProfilingUse, Reason, State
from preferences.models import Purpose
from preferences.rules.values import RuleSet
from preferences.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeVerdicts:
    """May the person be put into segments for this purpose, and be shown a web page, or a product, tailored by it?

    `purpose` is its key. `segments` is the verdict that `decide` gives. The other two are the same, except that
    whoever has stopped marketing on the channel is not shown anything tailored there.
    """

    purpose: str
    use: ProfilingUse
    segments: Verdict
    web: Verdict
    in_product: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiled:
    """The verdicts about one person (None for somebody unknown), in the order of the preference page.

    `tracking` says whether opens and clicks of an e-mail may be measured.
    """

    person: Situation | None
    tracking: bool
    purposes: tuple[PurposeVerdicts, ...]


def profiling_of(
    *,
    people: Sequence[PersonRef],
    now: dt.datetime,
    brand: int | None = None,
    as_of: dt.datetime | None = None,
) -> list[Profiled]:
    """What each of `people` may be profiled for, in the order given. Two queries, and no write.

    `brand` (primary key) is whose pages or products are meant: with it a stop of this brand counts, without it a stop
    of all brands alone. `as_of` as for `decide`; a purpose retired since is answered about too.
    """
    if as_of is not None and as_of >= now:
        as_of = None
    moment = as_of or now
    purposes = list(
        Purpose.objects.filter(Q(retired_at=None) | Q(retired_at__gt=moment), kind=Kind.PROFILING)
        .with_children()
        .order_by("position", "pk")
    )
    loaded = load_situations(
        people=people, today=moment.date(), as_of=as_of, purposes=[purpose.pk for purpose in purposes]
    )
    answers = _Answers(
        purposes=purposes,
        brand=brand,
        rules=rules_published(loaded.published_rules),
        limits=limits_in_force(),
        now=moment,
    )
    return [answers.about(person) for person in loaded.people]


class _Answers:
    """What is common to the answers about many people."""

    def __init__(
        self,
        *,
        purposes: Sequence[Purpose],
        brand: int | None,
        rules: RuleSet,
        limits: Limits,
        now: dt.datetime,
    ) -> None:
        # As `decide` has it: who may be tracked then is asked of the purpose that is in use now.
        tracking = next(
            (
                purpose
                for purpose in purposes
                if purpose.use == ProfilingUse.EMAIL_TRACKING and purpose.retired_at is None
            ),
            None,
        )
        self._asks: list[tuple[Ask, ProfilingUse]] = [
            (
                make_ask(purpose=purpose, channel=None, tracking=tracking, children=purpose.children),
                ProfilingUse(purpose.use),
            )
            for purpose in purposes
        ]
        self._web = Scope(kind=Kind.MARKETING, brand=brand, channel=Channel.WEB)
        self._in_product = Scope(kind=Kind.MARKETING, brand=brand, channel=Channel.IN_PRODUCT)
        self._rules, self._limits, self._now = rules, limits, now

    def about(self, person: Situation | None) -> Profiled:
        said = person.choices if person else ()
        web = deciding_statement(choices=said, scope=self._web)
        in_product = deciding_statement(choices=said, scope=self._in_product)
        purposes = []
        for ask, use in self._asks:
            verdict = verdict_on(
                person=person,
                ask=ask,
                message_class=MessageClass.MARKETING,
                rules=self._rules,
                limits=self._limits,
                now=self._now,
            )
            purposes.append(
                PurposeVerdicts(
                    purpose=ask.key,
                    use=use,
                    segments=verdict,
                    web=_where_stopped(verdict, statement=web, scope=self._web),
                    in_product=_where_stopped(verdict, statement=in_product, scope=self._in_product),
                )
            )
        return Profiled(
            person=person,
            tracking=any(one.segments.tracking for one in purposes),
            purposes=tuple(purposes),
        )


def _where_stopped(verdict: Verdict, *, statement: Stated | None, scope: Scope) -> Verdict:
    """The verdict on a channel: a no where `statement`, the latest on all marketing there, is one."""
    if not verdict.allowed or statement is None or statement.state is not State.OPTED_OUT:
        return verdict
    exact = statement.scope == scope
    return replace(
        verdict,
        allowed=False,
        reason=Reason.CHOICE_OPTED_OUT if exact else Reason.CHOICE_OPTED_OUT_BROADLY,
        statement=statement,
    )
