"""The demo's past: what forty people have said over 120 days, through every door there is.

Drawn with a fixed seed, so that it is the same for everybody, and told to the ledger in the order in which it
happened, each statement with the time it was recorded at.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from django.db.models import Max
from django.utils import translation

from preferences import ledger
from preferences.decisions.wording import Words, current_words
from preferences.demo.people import ACCOUNT_HOLDER, PEOPLE, DemoPerson, home_brand
from preferences.enums import Actor, Channel, ContactKind, Kind, Outcome, Route, Source, State
from preferences.ledger import Change, Evidence
from preferences.models import Brand, ConfirmationRequest, ContactPoint, Event, Purpose, Recipient
from preferences.models.wording import WordingText
from preferences.scope import Scope

_SEED = 20260503
_IMPORTED_DAYS_AGO = 118
# A German prospect: the law there lets a yes by e-mail count once it was confirmed.
_CONFIRMS = "paul.brandt@nordspeicher.example"
# Both have an account.
_SIGNALS = ("silje.moen@bjorkogsonn.example", "valeria.ibarra@tiendaluna.example")
_STAFF_REASONS = {
    Route.PHONE: "Called about an invoice and asked for this change.",
    Route.LETTER: "Asked for this change in a letter.",
    Route.EMAIL: "Asked for this change in an e-mail to support.",
    Route.CHAT: "Asked for this change in the support chat.",
    Route.IN_PERSON: "Asked for this change at our stand at a trade fair.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One visit, call or file: `changes` made at once; `said_at` where we heard of it only later."""

    at: dt.datetime
    email: str
    source: Source
    changes: tuple[Change, ...]
    said_at: dt.datetime | None = None
    route: Route | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """The person undoes the latest change of theirs."""

    at: dt.datetime
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """The person presses the button that the mail about what waits for confirmation leads to."""

    at: dt.datetime
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BroughtTogether:
    """A second address turns out to be the same person's."""

    at: dt.datetime
    email: str
    second_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signalled:
    """The person signs in with a browser that sends Global Privacy Control."""

    at: dt.datetime
    email: str


type Act = Said | TakenBack | Confirmed | BroughtTogether | Signalled


def tell_past(
    *, recipients: Mapping[str, Recipient], purposes: Mapping[str, Purpose], staff: int, now: dt.datetime
) -> None:
    """Record the whole past: `recipients` by e-mail, `purposes` by key, `staff` acts on people's behalf."""
    teller = _Teller(recipients=recipients, purposes=purposes, staff=staff)
    for act in plan_past(purposes=purposes, now=now):
        teller.tell(act)


def plan_past(*, purposes: Mapping[str, Purpose], now: dt.datetime) -> list[Act]:
    """All that happened in the 120 days before `now`, in order; always the same, only the days move."""
    return sorted(_Plan(purposes=purposes, now=now).acts(), key=lambda act: act.at)


class _Plan:
    """What happens, and when; nothing is written here."""

    def __init__(self, *, purposes: Mapping[str, Purpose], now: dt.datetime) -> None:
        self._random = random.Random(_SEED)  # noqa: S311 - the same past for everybody is the point
        self._midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        self._purposes = purposes
        self._brands: dict[str, Brand] = {p.brand.key: p.brand for p in purposes.values() if p.brand}
        self._topics = [purpose for purpose in purposes.values() if purpose.kind == Kind.MARKETING]
        self._profiling = [purpose for purpose in purposes.values() if purpose.kind == Kind.PROFILING]

    def acts(self) -> Iterator[Act]:
        yield from self._kari()
        yield from self._late_letter()
        yield from self._confirmation()
        yield from self._signals()
        for person in PEOPLE:
            if person.is_customer:
                yield self._imported(person)
            if person.email not in {ACCOUNT_HOLDER, _CONFIRMS}:
                yield from self._visits(person)
                yield from self._one_clicks(person)
                yield from self._staff_requests(person)
            if person.second_address:
                yield from self._second_address(person)

    def _kari(self) -> Iterator[Act]:
        """Told by hand: she is whom everybody looks at first."""

        def said(days_ago: int, hour: int, source: Source, *changes: Change, **more: object) -> Said:
            at = self._at(days_ago, hour, 12)
            return Said(at=at, email=ACCOUNT_HOLDER, source=source, changes=changes, **more)  # type: ignore[arg-type]

        yield said(
            96,
            8,
            Source.LINK,
            self._topic("tallvik-courses", Channel.EMAIL, State.OPTED_IN),
            self._topic("tallvik-advice", Channel.EMAIL, State.OPTED_IN),
            self._topic("tallvik-advice", Channel.SMS, State.OPTED_IN),
        )
        yield said(80, 6, Source.ONE_CLICK, self._topic("aurelund-offers", Channel.EMAIL, State.OPTED_OUT))
        yield said(
            61,
            19,
            Source.ACCOUNT,
            self._profile("email-tracking", State.OPTED_IN),
            self._topic("tallvik-product-news", Channel.IN_PRODUCT, State.OPTED_IN),
        )
        yield said(
            47,
            10,
            Source.STAFF,
            self._topic("tallvik-offers", Channel.PHONE, State.OPTED_OUT),
            said_at=self._at(47, 9, 40),
            route=Route.PHONE,
            reason="Called about an invoice and asked not to be phoned with offers.",
        )
        yield said(30, 20, Source.ACCOUNT, self._profile("email-tracking", State.OPTED_OUT))
        yield said(21, 7, Source.LINK, self._stop_brand("cordilla"))
        yield TakenBack(at=self._at(21, 7, 16), email=ACCOUNT_HOLDER)
        yield said(
            9,
            18,
            Source.ACCOUNT,
            self._topic("aurelund-insight", Channel.EMAIL, State.OPTED_IN),
            self._profile("customer-relationship", State.OPTED_OUT),
        )
        yield said(2, 9, Source.LINK, self._topic("tallvik-courses", Channel.EMAIL, State.OPTED_OUT))

    def _late_letter(self) -> Iterator[Act]:
        """A letter is opened after its writer has said something newer: it moves nothing."""
        email = "lars.haugen@tindeverk.example"
        yield Said(
            at=self._at(16, 11, 5),
            email=email,
            source=Source.LINK,
            changes=(self._topic("tallvik-offers", Channel.POST, State.OPTED_IN),),
        )
        yield Said(
            at=self._at(14, 8, 30),
            email=email,
            source=Source.STAFF,
            changes=(self._topic("tallvik-offers", Channel.POST, State.OPTED_OUT),),
            said_at=self._at(19, 12, 0),
            route=Route.LETTER,
            reason="The letter lay in the post room for five days.",
        )

    def _confirmation(self) -> Iterator[Act]:
        """A yes that was confirmed, one that was not in time, and one that still waits."""
        for days_ago, topic, confirmed in (
            (52, "aurelund-insight", True),
            (38, "aurelund-offers", False),
            (3, "aurelund-product-news", False),
        ):
            said_at = self._at(days_ago, 9, 20)
            yield Said(
                at=said_at,
                email=_CONFIRMS,
                source=Source.LINK,
                changes=(self._topic(topic, Channel.EMAIL, State.OPTED_IN),),
            )
            if confirmed:
                yield Confirmed(at=said_at + dt.timedelta(minutes=7), email=_CONFIRMS)

    def _signals(self) -> Iterator[Act]:
        """Two people whose browsers send the privacy signal; one of them says yes to something later, which counts."""
        yield Signalled(at=self._at(25, 18, 40), email=_SIGNALS[0])
        yield Said(
            at=self._at(6, 12, 25),
            email=_SIGNALS[0],
            source=Source.ACCOUNT,
            changes=(self._profile("activity", State.OPTED_IN),),
        )
        yield Signalled(at=self._at(11, 9, 15), email=_SIGNALS[1])

    def _imported(self, person: DemoPerson) -> Said:
        """What the earlier system knew about a customer."""
        draw = self._random
        topics = draw.sample(self._likely(person), k=draw.randint(2, 4))
        changes = [
            self._change(
                topic, Channel(topic.channels[0]), State.OPTED_IN if draw.random() < 0.6 else State.OPTED_OUT
            )
            for topic in topics
        ]
        if person.email == ACCOUNT_HOLDER:
            changes = [
                self._topic("tallvik-product-news", Channel.EMAIL, State.OPTED_IN),
                self._topic("tallvik-magazine", Channel.POST, State.OPTED_IN),
                self._topic("aurelund-offers", Channel.EMAIL, State.OPTED_IN),
            ]
        elif person.postal or draw.random() < 0.3:
            changes.append(
                self._topic(
                    "tallvik-magazine",
                    Channel.POST,
                    State.OPTED_IN if draw.random() < 0.5 else State.OPTED_OUT,
                )
            )
        since_known = max(person.known_days - _IMPORTED_DAYS_AGO, 2)
        return Said(
            at=self._at(_IMPORTED_DAYS_AGO, 3, 0) + dt.timedelta(seconds=PEOPLE.index(person)),
            email=person.email,
            source=Source.IMPORT,
            changes=tuple({change.scope: change for change in changes}.values()),
            said_at=self._at(_IMPORTED_DAYS_AGO + draw.randint(1, since_known), 12, 0),
            reason="Taken over from the earlier newsletter system.",
        )

    def _visits(self, person: DemoPerson) -> Iterator[Act]:
        """A few visits to the preference page, some of which the person thinks better of."""
        draw = self._random
        # Some people like to hear from a company, others do not.
        liking = draw.choice((0.2, 0.45, 0.7))
        for _ in range(draw.randint(2, 5)):
            at = self._any_time(person)
            yield Said(
                at=at,
                email=person.email,
                source=Source.ACCOUNT if person.account and draw.random() < 0.7 else Source.LINK,
                changes=self._page_changes(person, liking=liking),
            )
            if draw.random() < 0.14:
                yield TakenBack(at=at + dt.timedelta(minutes=draw.randint(1, 25)), email=person.email)

    def _page_changes(self, person: DemoPerson, *, liking: float) -> tuple[Change, ...]:
        draw = self._random
        kind = draw.random()
        if kind < 0.10:
            return (self._stop_brand(draw.choice(sorted(self._brands))),)
        if kind < 0.14:
            return (_no(Scope(kind=Kind.MARKETING, channel=draw.choice((Channel.PHONE, Channel.SMS)))),)
        if kind < 0.18:
            return (_no(Scope.all_marketing()),)
        if kind < 0.24:
            return (_no(Scope.all_profiling()),)
        changes = [
            self._change(
                topic,
                Channel(draw.choice(topic.channels)),
                State.OPTED_IN if draw.random() < liking else State.OPTED_OUT,
            )
            for topic in draw.choices(self._likely(person), k=draw.randint(1, 4))
        ]
        if draw.random() < 0.35:
            state = State.OPTED_IN if draw.random() < liking / 2 else State.OPTED_OUT
            changes.append(self._change(draw.choice(self._profiling), None, state))
        return tuple({change.scope: change for change in changes}.values())

    def _one_clicks(self, person: DemoPerson) -> Iterator[Said]:
        draw = self._random
        by_email = [topic for topic in self._likely(person) if Channel.EMAIL in topic.channels]
        for _ in range(draw.choice((0, 1, 1, 2))):
            yield Said(
                at=self._any_time(person),
                email=person.email,
                source=Source.ONE_CLICK,
                changes=(self._change(draw.choice(by_email), Channel.EMAIL, State.OPTED_OUT),),
            )

    def _staff_requests(self, person: DemoPerson) -> Iterator[Said]:
        draw = self._random
        if draw.random() < 0.6:
            at = self._any_time(person)
            route = draw.choice(list(_STAFF_REASONS))
            topic = draw.choice(self._likely(person))
            state = State.OPTED_IN if draw.random() < 0.25 else State.OPTED_OUT
            waited = (
                dt.timedelta(days=3) if route is Route.LETTER else dt.timedelta(minutes=draw.randint(3, 90))
            )
            yield Said(
                at=at,
                email=person.email,
                source=Source.STAFF,
                changes=(self._change(topic, Channel(draw.choice(topic.channels)), state),),
                said_at=at - waited,
                route=route,
                reason=_STAFF_REASONS[route],
            )

    def _second_address(self, person: DemoPerson) -> Iterator[Act]:
        draw = self._random
        days_ago = draw.randint(15, 40)
        for topic in draw.sample(self._likely(person), k=2):
            yield Said(
                at=self._at(days_ago + draw.randint(5, 60), 15, draw.randrange(60)),
                email=person.second_address,
                source=Source.LINK,
                changes=(self._change(topic, Channel(topic.channels[0]), State.OPTED_OUT),),
            )
        yield BroughtTogether(
            at=self._at(days_ago, 13, 20), email=person.email, second_address=person.second_address
        )

    def _likely(self, person: DemoPerson) -> list[Purpose]:
        """The offered topics, those of the brand the person is likeliest to know twice."""
        offered = [topic for topic in self._topics if topic.key != "tallvik-magazine"]
        home = home_brand(person.country)
        return offered + [topic for topic in offered if topic.brand and topic.brand.key == home]

    def _any_time(self, person: DemoPerson) -> dt.datetime:
        """Some waking hour since we have known the person; the past weeks are busier."""
        longest = min(_IMPORTED_DAYS_AGO, person.known_days) - 2
        days_ago = 1 + int(longest * self._random.random() ** 1.5)
        return self._at(days_ago, self._random.randint(6, 21), self._random.randrange(60))

    def _at(self, days_ago: int, hour: int, minute: int) -> dt.datetime:
        return self._midnight - dt.timedelta(days=days_ago) + dt.timedelta(hours=hour, minutes=minute)

    def _topic(self, key: str, channel: Channel, state: State) -> Change:
        return self._change(self._purposes[key], channel, state)

    def _profile(self, key: str, state: State) -> Change:
        return self._change(self._purposes[key], None, state)

    def _stop_brand(self, key: str) -> Change:
        return _no(Scope(kind=Kind.MARKETING, brand=self._brands[key].pk))

    @staticmethod
    def _change(purpose: Purpose, channel: Channel | None, state: State) -> Change:
        scope = Scope(kind=Kind(purpose.kind), brand=purpose.brand_id, purpose=purpose.pk, channel=channel)
        return Change(scope=scope, state=state)


class _Teller:
    """Hands one act after the other to the ledger, with the words the page would have shown."""

    def __init__(
        self, *, recipients: Mapping[str, Recipient], purposes: Mapping[str, Purpose], staff: int
    ) -> None:
        self._recipients = recipients
        self._purposes = {purpose.pk: purpose for purpose in purposes.values()}
        self._brands = {p.brand.pk: p.brand for p in purposes.values() if p.brand}
        self._staff = staff
        self._words: dict[str, Words] = {}
        self._latest_change: dict[str, int] = {}

    def tell(self, act: Act) -> None:
        match act:
            case Said():
                self._said(act)
            case TakenBack():
                self._taken_back(act)
            case Confirmed():
                self._confirmed(act)
            case Signalled():
                ledger.record_gpc(recipient=self._recipients[act.email].pk, now=act.at)
            case BroughtTogether():
                ledger.merge(
                    surviving=self._recipients[act.email].pk,
                    absorbed=self._recipients[act.second_address].pk,
                    reason="Both addresses were verified by one account.",
                    now=act.at,
                )

    def _said(self, act: Said) -> None:
        recipient = self._recipients[act.email]
        recorded = ledger.record(
            recipient=recipient.pk,
            changes=self._with_wording(act, language=recipient.language),
            evidence=Evidence(
                source=act.source,
                actor=_ACTORS.get(act.source, Actor.RECIPIENT),
                occurred_at=act.said_at,
                fresh=act.source is Source.LINK,
                staff=self._staff if act.source is Source.STAFF else None,
                route=act.route,
                reason=act.reason,
            ),
            now=act.at,
        )
        for result in recorded.results:
            if result.outcome is Outcome.CHANGED and result.event:
                self._latest_change[act.email] = result.event

        # The mail of that day was sent: the worker of today has none to send.
        ConfirmationRequest.objects.filter(recipient=recorded.recipient, answered_at=None).update(
            answered_at=act.at + dt.timedelta(minutes=1), sent=True
        )

    def _taken_back(self, act: TakenBack) -> None:
        event = self._latest_change.pop(act.email, None)
        if event is not None:
            ledger.undo(event=event, evidence=Evidence(source=Source.UNDO), now=act.at)

    def _confirmed(self, act: Confirmed) -> None:
        recipient = self._recipients[act.email].pk
        newest = Event.objects.filter(recipient=recipient).aggregate(newest=Max("pk"))["newest"]
        point = ContactPoint.objects.filter(recipient=recipient, kind=ContactKind.EMAIL).earliest("pk")
        ledger.confirm(recipient=recipient, up_to=newest, contact_point=point.pk, now=act.at)

    def _with_wording(self, act: Said, *, language: str) -> list[Change]:
        if act.source not in {Source.LINK, Source.ACCOUNT}:
            return list(act.changes)
        with translation.override(language):
            words = self._words.get(language) or self._words.setdefault(language, current_words())
            return [replace(change, wording=self._wording(words, change.scope)) for change in act.changes]

    def _wording(self, words: Words, scope: Scope) -> WordingText:
        if scope.purpose is not None:
            return words.switch(purpose=self._purposes[scope.purpose], channel=scope.channel)
        if scope.kind is Kind.PROFILING:
            return words.stop_profiling()
        if scope.brand is not None:
            return words.stop_brand(brand=self._brands[scope.brand])
        return words.stop_channel(channel=scope.channel) if scope.channel else words.stop_all()


_ACTORS = {Source.STAFF: Actor.STAFF, Source.IMPORT: Actor.SYSTEM}


def _no(scope: Scope) -> Change:
    return Change(scope=scope, state=State.OPTED_OUT)
