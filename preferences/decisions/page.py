"""All that one person may decide, and how it stands: what the preference page shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from django.db.models import F, Max
from django.utils.translation import gettext as _

from preferences.decisions.covering import Stated, says_all
from preferences.decisions.decide import limits_in_force, make_ask
from preferences.decisions.in_words import in_words, why
from preferences.decisions.rules_in_force import rules_published
from preferences.decisions.situation import PersonRef, Situation, load_situations
from preferences.decisions.verdict import Verdict, verdict_on
from preferences.decisions.wording import Words, current_words
from preferences.enums import Channel, Kind, MessageClass, State
from preferences.models import Brand, Event, Purpose, Recipient
from preferences.models.wording import WordingKey, WordingText
from preferences.rules.values import RuleSet
from preferences.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One thing that is on or off: a topic on a channel, or a profiling purpose.

    `field` names it in the form (`t12.email`, `p3`), `label` is the short name beside the box, `name` the full one.
    """

    field: str
    scope: Scope
    label: str
    name: str
    brand: str
    verdict: Verdict
    wording: WordingText

    @property
    def on(self) -> bool:
        """Whether it is on by what was said or by law. That no address is on file does not switch it off."""
        return self.verdict.permitted

    @property
    def word(self) -> str:
        """The present state in a word; `reason` says why, and `since` since when."""
        if self.on and not self.verdict.allowed:
            return _("On, but nothing is sent.")
        return _("On.") if self.on else _("Off.")

    @property
    def reason(self) -> str:
        verdict = self.verdict
        reasons = [verdict.obstructed, verdict.reason] if verdict.obstructed else [verdict.reason]
        return " ".join(why(reason=reason, brand=self.brand) for reason in reasons)

    @property
    def since(self) -> dt.datetime | None:
        """When it was said; None where nothing was."""
        return self.verdict.statement.occurred_at if self.verdict.statement else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A button that stops many things at once. `value` names it in the form, `stopped` says that it is so already.

    `label` stands on the button, `name` is what the history calls the scope, and `reach` says in words what it
    covers, exactly as the history will keep it.
    """

    value: str
    scope: Scope
    label: str
    name: str
    reach: str
    stopped: bool
    wording: WordingText


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRow:
    name: str
    description: str
    switches: tuple[Switch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandSection:
    brand: Brand
    topics: tuple[TopicRow, ...]
    stop: Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilingRow:
    name: str
    description: str
    data_used: str
    switch: Switch


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencePage:
    """The page as values. `version` is the id of the newest event it rests on, 0 for none."""

    recipient: Recipient
    version: int
    introduction: str
    service_sentence: str
    brands: tuple[BrandSection, ...]
    profiling: tuple[ProfilingRow, ...]
    channel_stops: tuple[Stop, ...]
    stop_all: Stop
    stop_profiling: Stop
    choices: tuple[Stated, ...]

    @property
    def switches(self) -> Iterator[Switch]:
        """Every switch, in the order of the page."""
        for section in self.brands:
            for topic in section.topics:
                yield from topic.switches
        for row in self.profiling:
            yield row.switch

    @property
    def stops(self) -> Iterator[Stop]:
        """Every button that stops many things at once."""
        yield self.stop_all
        yield self.stop_profiling
        yield from self.channel_stops
        for section in self.brands:
            yield section.stop


def page_for(*, recipient: Recipient, now: dt.datetime, offered_only: bool = True) -> PreferencePage:
    """The preference page of a recipient, in the active language. Four queries, however many topics there are.

    People are shown what is offered. With `offered_only=False` the page has everything that any page ever showed:
    topics, purposes and brands retired since, and every channel of each topic.
    """
    loaded = load_situations(people=[PersonRef(recipient=recipient.pk)], today=now.date())
    (person,) = loaded.people
    if person is None:
        raise Recipient.DoesNotExist
    offered = Purpose.objects.offered() if offered_only else Purpose.objects.all()
    purposes = list(
        offered.select_related("brand")
        .with_children()
        .order_by(F("brand__position").asc(nulls_last=True), "brand_id", "position", "pk")
    )
    version = Event.objects.filter(recipient=recipient).aggregate(newest=Max("pk"))["newest"] or 0
    builder = _Builder(
        person=person,
        rules=rules_published(loaded.published_rules),
        now=now,
        words=current_words(),
        offered_only=offered_only,
    )
    topics = [purpose for purpose in purposes if purpose.kind == Kind.MARKETING]
    used = {channel for topic in topics for channel in builder.channels(topic)}
    return PreferencePage(
        recipient=recipient,
        version=version,
        introduction=builder.words.say(WordingKey.PAGE),
        service_sentence=builder.words.say(WordingKey.SERVICE),
        brands=tuple(
            BrandSection(brand=brand, topics=tuple(map(builder.topic, rows)), stop=builder.stop_brand(brand))
            for brand, rows in groupby(topics, key=lambda topic: topic.brand)
            if brand is not None
        ),
        profiling=tuple(builder.profiling(purpose) for purpose in purposes if purpose.kind == Kind.PROFILING),
        channel_stops=tuple(builder.stop_channel(channel) for channel in Channel if channel in used),
        stop_all=builder.stop_all(),
        stop_profiling=builder.stop_profiling(),
        choices=person.choices,
    )


class _Builder:
    def __init__(
        self, *, person: Situation, rules: RuleSet, now: dt.datetime, words: Words, offered_only: bool
    ) -> None:
        self.words = words
        self._person = person
        self._rules = rules
        self._limits = limits_in_force()
        self._now = now
        self._offered_only = offered_only

    def channels(self, topic: Purpose) -> list[Channel]:
        return [channel for channel in Channel if channel in topic.channels or not self._offered_only]

    def topic(self, topic: Purpose) -> TopicRow:
        return TopicRow(
            name=str(topic.name),
            description=str(topic.description),
            switches=tuple(self._topic_switch(topic, channel) for channel in self.channels(topic)),
        )

    def profiling(self, purpose: Purpose) -> ProfilingRow:
        return ProfilingRow(
            name=str(purpose.name),
            description=str(purpose.description),
            data_used=str(purpose.data_used),
            switch=self._switch(
                field=f"p{purpose.pk}",
                purpose=purpose,
                channel=None,
                label=str(purpose.name),
                name=str(purpose.name),
            ),
        )

    def stop_brand(self, brand: Brand) -> Stop:
        return self._stop(
            value=f"brand.{brand.pk}",
            scope=Scope(kind=Kind.MARKETING, brand=brand.pk),
            label=_("Stop everything from %(brand)s") % {"brand": brand.name},
            name=in_words(kind=Kind.MARKETING, brand=brand, purpose=None, channel=None),
            reach=self.words.say(WordingKey.STOP_BRAND, brand=brand.name),
            wording=self.words.stop_brand(brand=brand),
        )

    def stop_channel(self, channel: Channel) -> Stop:
        return self._stop(
            value=f"channel.{channel.value}",
            scope=Scope(kind=Kind.MARKETING, channel=channel),
            label=str(channel.label),
            name=in_words(kind=Kind.MARKETING, brand=None, purpose=None, channel=channel),
            reach=self.words.say(WordingKey.STOP_CHANNEL, channel=channel.label),
            wording=self.words.stop_channel(channel=channel),
        )

    def stop_all(self) -> Stop:
        return self._stop(
            value="all",
            scope=Scope.all_marketing(),
            label=_("Stop all marketing"),
            name=in_words(kind=Kind.MARKETING, brand=None, purpose=None, channel=None),
            reach=self.words.say(WordingKey.STOP_ALL),
            wording=self.words.stop_all(),
        )

    def stop_profiling(self) -> Stop:
        return self._stop(
            value="profiling",
            scope=Scope.all_profiling(),
            label=_("Refuse all profiling"),
            name=in_words(kind=Kind.PROFILING, brand=None, purpose=None, channel=None),
            reach=self.words.say(WordingKey.STOP_PROFILING),
            wording=self.words.stop_profiling(),
        )

    def _topic_switch(self, topic: Purpose, channel: Channel) -> Switch:
        return self._switch(
            field=f"t{topic.pk}.{channel.value}",
            purpose=topic,
            channel=channel,
            label=str(channel.label),
            name=in_words(kind=Kind.MARKETING, brand=topic.brand, purpose=topic, channel=channel),
        )

    def _switch(
        self, *, field: str, purpose: Purpose, channel: Channel | None, label: str, name: str
    ) -> Switch:
        ask = make_ask(purpose=purpose, channel=channel, tracking=None, children=purpose.children)
        return Switch(
            field=field,
            scope=ask.scope,
            label=label,
            name=name,
            brand=ask.brand,
            verdict=verdict_on(
                person=self._person,
                ask=ask,
                message_class=MessageClass.MARKETING,
                rules=self._rules,
                limits=self._limits,
                now=self._now,
            ),
            wording=self.words.switch(purpose=purpose, channel=channel),
        )

    def _stop(
        self, *, value: str, scope: Scope, label: str, name: str, reach: str, wording: WordingText
    ) -> Stop:
        return Stop(
            value=value,
            scope=scope,
            label=label,
            name=name,
            reach=reach,
            stopped=says_all(choices=self._person.choices, scope=scope, state=State.OPTED_OUT) is not None,
            wording=wording,
        )
