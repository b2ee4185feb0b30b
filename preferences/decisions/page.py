"""All that one person may decide, and how it stands: what the preference page shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.db.models import F, Max
from django.utils.translation import gettext as _

from preferences.decisions.choices import load_choices
from preferences.decisions.covering import Stated, says_all
from preferences.decisions.in_words import in_words
from preferences.decisions.verdict import Verdict, judge
from preferences.decisions.wording import Words, current_words
from preferences.enums import Channel, Kind, Relationship, Requirement, State
from preferences.models import Brand, Event, Purpose, Recipient
from preferences.models.wording import WordingKey, WordingText
from preferences.rules.requirement import required_permission
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
    verdict: Verdict
    wording: WordingText

    @property
    def allowed(self) -> bool:
        return self.verdict.allowed

    @property
    def word(self) -> str:
        """The present state in a word; `reason` says why, and `since` since when."""
        return _("On.") if self.allowed else _("Off.")

    @property
    def reason(self) -> str:
        return str(self.verdict.reason.label)

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


def page_for(*, recipient: Recipient, offered_only: bool = True) -> PreferencePage:
    """The preference page of a recipient, in the active language. Four queries, however many topics there are.

    People are shown what is offered. With `offered_only=False` the page has everything that any page ever showed:
    topics, purposes and brands retired since, and every channel of each topic.
    """
    choices = load_choices(recipient.pk)
    offered = Purpose.objects.offered() if offered_only else Purpose.objects.all()
    purposes = list(
        offered.select_related("brand").order_by(
            F("brand__position").asc(nulls_last=True), "brand_id", "position", "pk"
        )
    )
    version = Event.objects.filter(recipient=recipient).aggregate(newest=Max("pk"))["newest"] or 0
    builder = _Builder(recipient=recipient, choices=choices, words=current_words(), offered_only=offered_only)
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
        choices=tuple(choices),
    )


class _Builder:
    def __init__(
        self, *, recipient: Recipient, choices: Sequence[Stated], words: Words, offered_only: bool
    ) -> None:
        self.words = words
        self._choices = choices
        self._offered_only = offered_only
        self._country = recipient.country
        self._relationship = Relationship(recipient.relationship) if recipient.relationship else None

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
                scope=Scope(kind=Kind.PROFILING, purpose=purpose.pk),
                label=str(purpose.name),
                name=str(purpose.name),
                requirement=Requirement(purpose.requirement),
                wording=self.words.switch(purpose=purpose, channel=None),
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
            scope=Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=channel),
            label=str(channel.label),
            name=in_words(kind=Kind.MARKETING, brand=topic.brand, purpose=topic, channel=channel),
            requirement=required_permission(
                country=self._country, channel=channel, relationship=self._relationship
            ),
            wording=self.words.switch(purpose=topic, channel=channel),
        )

    def _switch(
        self,
        *,
        field: str,
        scope: Scope,
        label: str,
        name: str,
        requirement: Requirement,
        wording: WordingText,
    ) -> Switch:
        return Switch(
            field=field,
            scope=scope,
            label=label,
            name=name,
            verdict=judge(choices=self._choices, scope=scope, requirement=requirement),
            wording=wording,
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
            stopped=says_all(choices=self._choices, scope=scope, state=State.OPTED_OUT) is not None,
            wording=wording,
        )
