"""The one write path: every door builds Change + Evidence and makes this one call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import nullcontext

from django.db import connection, transaction

from preferences.decisions.covering import Stated, deciding_statement, latest_time, says_all
from preferences.decisions.decide import limits_in_force, make_ask
from preferences.decisions.privacy_signal import GPC_REFUSES
from preferences.decisions.rules_in_force import NONE_PUBLISHED, current_rules
from preferences.decisions.verdict import confirmable_until, required_for
from preferences.enums import Channel, ContactKind, Outcome, Refusal, Relationship, Requirement, Source, State
from preferences.ledger.append import Author, Entry, Known, Overtaken, append, read
from preferences.ledger.policy import SENDS_NO_CONFIRMATION, WIDENING, Widening
from preferences.ledger.values import Change, ChangeResult, Evidence, Recorded
from preferences.mail.request_confirmation import request_confirmation
from preferences.mail.request_notice import request_notice
from preferences.models import ConfirmationRequest, ContactPoint, Event, Purpose, Recipient
from preferences.personal_data import names_personal_data
from preferences.scope import Scope

# A sender's clock may run ahead of ours by this much before we call its time a mistake.
_CLOCK_SKEW = dt.timedelta(minutes=5)
# Above every real event id: stands for the id that an event of this very call will get.
_PROVISIONAL = 1 << 62


def record(*, recipient: int, changes: Sequence[Change], evidence: Evidence, now: dt.datetime) -> Recorded:
    """Record what a person said, and return what became of each change.

    The recipient is locked while it is written: two sources at once end in one order. Later changes of a call see the
    earlier ones. A change that alters nothing writes nothing, but for a no where only the privacy signal of a browser
    says so: that is the person's own word, and outlives the signal. Refusals come back as results with a code; they
    are no exceptions, because the other changes of the call stand.

    Where national law asks for confirmed consent, a yes is written as pending, and the mail to confirm it by is asked
    for in the same transaction, if there is an address to send it to. Saying yes once more while one waits asks for
    the mail again. So is the mail that tells the person what was changed, where the evidence asks for one.

    Raises RecipientGone for an unknown or erased recipient, and django.db.IntegrityError where a scope names a
    brand or purpose that does not exist.
    """
    while True:
        known = read(recipient)
        drafts = _Drafts(known=known, evidence=evidence, now=now)
        if any(change.state is not State.OPTED_OUT for change in changes):
            drafts.prepare_widening(changes)
        for change in changes:
            drafts.add(change)
        try:
            # One statement writes it all and is a transaction by itself, but for the mails. A caller's needs a
            # savepoint to live on.
            several = connection.in_atomic_block or drafts.asks_for_mail or evidence.notice
            with transaction.atomic() if several else nullcontext():
                events = append(
                    recipient=known.recipient,
                    entries=drafts.entries,
                    author=drafts.author,
                    now=now,
                    version=known.version,
                )
                mail = (
                    request_confirmation(recipient=known.recipient, now=now) if drafts.asks_for_mail else None
                )
                recorded = Recorded(recipient=known.recipient, results=drafts.results(events, mail=mail))
                if evidence.notice:
                    changed = [result.event for result in recorded.changed if result.event]
                    request_notice(recipient=known.recipient, events=changed, now=now)
        except Overtaken:
            # Judged by what no longer holds: whoever was quicker has been stored, so look again.
            continue
        return recorded


def stopped_since(version: int, *, choices: Sequence[Stated], scope: Scope) -> bool:
    """Whether anything of `scope` was stopped by an Event newer than `version`, of those that are stored."""
    return any(
        version < choice.event < _PROVISIONAL
        and choice.state is State.OPTED_OUT
        and choice.scope.overlaps(scope)
        for choice in choices
    )


def _when_it_was_said(*, evidence: Evidence, before: Sequence[Stated], now: dt.datetime) -> dt.datetime:
    """The time a statement is ordered by.

    What a person does here and now comes after all that is on record: `now` was read before the lock, so whoever
    waited for it may hold an older time than the one who went first. A time told by others counts as told, but never
    as later than now, or it would outlive what is said after it.
    """
    if evidence.occurred_at is not None:
        return min(evidence.occurred_at, now)
    return latest_time(choices=before, now=now)


class _Drafts:
    """Judges the changes of one call one after the other, each upon the state the earlier ones leave."""

    def __init__(self, *, known: Known, evidence: Evidence, now: dt.datetime) -> None:
        self._recipient = known.recipient
        self._choices = known.choices
        self._evidence = evidence
        self._now = now
        self._occurred_at = _when_it_was_said(evidence=evidence, before=known.choices, now=now)
        self._purposes: dict[int, Purpose] = {}
        self._rules = NONE_PUBLISHED
        self._country, self._relationship = "", ""
        self._newest_event = known.version
        self._drafts: list[_Draft] = []

    @property
    def author(self) -> Author:
        evidence = self._evidence
        return Author(
            source=evidence.source,
            actor=evidence.actor,
            staff=evidence.staff,
            route=evidence.route,
            # A stop is not refused for the words that came with it; they are left out.
            reason="" if names_personal_data(evidence.reason) else evidence.reason,
        )

    @property
    def entries(self) -> list[Entry]:
        """The events to append. Of several on one scope only the last may move its Choice."""
        written = [draft for draft in self._drafts if draft.written]
        last = {draft.change.scope: draft for draft in written if draft.moves}
        return [
            Entry(
                scope=draft.change.scope,
                state=draft.state,
                previous_state=draft.previous_state,
                occurred_at=self._occurred_at,
                moves=last.get(draft.change.scope) is draft,
                superseded=draft.superseded,
                wording=draft.change.wording,
            )
            for draft in written
        ]

    def prepare_widening(self, changes: Sequence[Change]) -> None:
        """Read what only a yes is checked against: the catalogue, and what the law of the person's country asks for."""
        asked = {change.scope.purpose for change in changes if change.scope.purpose is not None}
        self._purposes = Purpose.objects.select_related("brand").in_bulk(asked)
        self._rules = current_rules()
        self._country, self._relationship = Recipient.objects.values_list("country", "relationship").get(
            pk=self._recipient
        )

    @property
    def asks_for_mail(self) -> bool:
        """Whether the person is to be mailed: something waits for confirmation, and was asked for just now."""
        return self._evidence.source not in SENDS_NO_CONFIRMATION and any(
            draft.waits for draft in self._drafts
        )

    def add(self, change: Change) -> None:
        deciding = deciding_statement(choices=self._choices, scope=change.scope)
        previous = deciding.state if deciding else State.UNSTATED
        draft = _Draft(change=change, previous_state=previous)
        self._drafts.append(draft)

        draft.refusal = self._malformed(change)
        if draft.refusal:
            return
        if self._needs_confirmation(change) and not (deciding and self._stays_confirmed(deciding)):
            draft.state = State.PENDING
        stated = Stated(
            scope=change.scope,
            state=draft.state,
            occurred_at=self._occurred_at,
            event=_PROVISIONAL + len(self._drafts),
        )
        resting_on = says_all(choices=self._choices, scope=change.scope, state=draft.state)
        if resting_on:
            # What nobody confirmed in time is said anew, unless it is too late for this one as well.
            draft.renews = self._can_be_confirmed(stated) and not self._can_be_confirmed(resting_on)
        if resting_on and not draft.renews:
            draft.resting_on = resting_on.event
            draft.waits = self._can_be_confirmed(resting_on)
            if not self._only_by_signal(resting_on):
                return
        draft.superseded = deciding is not None and deciding.occurred_at > self._occurred_at
        if change.state is not State.OPTED_OUT:
            draft.refusal = self._not_permitted(draft) or self._stale(change)
            if draft.refusal:
                return
        draft.written = True
        draft.waits = not draft.superseded and self._can_be_confirmed(stated)
        same_scope = next((choice for choice in self._choices if choice.scope == change.scope), None)
        # A yes that comes too late stays without effect for good; see EventQuerySet.standing.
        without_effect = draft.superseded and change.state is not State.OPTED_OUT
        draft.moves = not without_effect and (same_scope is None or same_scope.order < stated.order)
        if draft.moves:
            self._choices = [choice for choice in self._choices if choice is not same_scope] + [stated]

    def results(self, events: Sequence[int], *, mail: ConfirmationRequest | None) -> tuple[ChangeResult, ...]:
        """The results in the order of the changes, with the ids their events were given."""
        ids = iter(events)
        results: list[ChangeResult] = []
        lacks_address = self.asks_for_mail and mail is None
        written: dict[int, int] = {}
        for position, draft in enumerate(self._drafts, start=1):
            if draft.written:
                written[_PROVISIONAL + position] = next(ids)
                event: int | None = written[_PROVISIONAL + position]
            elif draft.resting_on is not None:
                event = written.get(draft.resting_on, draft.resting_on)
            else:
                event = None
            results.append(
                ChangeResult(
                    change=draft.change,
                    outcome=draft.outcome,
                    previous_state=draft.previous_state,
                    refusal=draft.refusal,
                    event=event,
                    state=None if draft.refusal else draft.state,
                    mail_due_at=mail.due_at if mail and draft.waits else None,
                    lacks_address=draft.waits and lacks_address,
                )
            )
        return tuple(results)

    def _malformed(self, change: Change) -> Refusal | None:
        scope = change.scope
        evidence = self._evidence
        if evidence.occurred_at and evidence.occurred_at > self._now + _CLOCK_SKEW:
            return Refusal.IN_THE_FUTURE
        if evidence.source is Source.STAFF:
            if not (evidence.staff and evidence.route and evidence.reason and evidence.occurred_at):
                return Refusal.EVIDENCE_MISSING
            if names_personal_data(evidence.reason):
                return Refusal.PERSONAL_DATA
        if change.state is State.OPTED_OUT:
            return None
        if not scope.is_single:
            return Refusal.TOO_BROAD
        return self._not_offered(scope)

    def _not_offered(self, scope: Scope) -> Refusal | None:
        purpose = self._purposes.get(scope.purpose or 0)
        if purpose is None or (purpose.kind, purpose.brand_id) != (scope.kind, scope.brand):
            return Refusal.PURPOSE_UNKNOWN
        if purpose.retired_at or (purpose.brand and purpose.brand.retired_at):
            return Refusal.PURPOSE_RETIRED
        if scope.channel is not None and scope.channel not in purpose.channels:
            return Refusal.CHANNEL_NOT_OFFERED
        return None

    def _stays_confirmed(self, statement: Stated) -> bool:
        """Whether a yes was confirmed, and through a mailbox that still is the person's.

        Where all addresses are new since, nobody has shown to read them, and the yes counts at none.
        """
        if not statement.confirmed or statement.scope.channel is not Channel.EMAIL:
            return statement.confirmed
        read = ContactPoint.objects.filter(
            recipient=self._recipient, kind=ContactKind.EMAIL, verified_at__isnull=False, unreachable_at=None
        )
        return read.exists()

    def _needs_confirmation(self, change: Change) -> bool:
        """Whether the law of the person's country lets a yes to this count only once it was confirmed."""
        purpose = self._purposes.get(change.scope.purpose or 0)
        if change.state is not State.OPTED_IN or purpose is None:
            return False
        requirement, _rule = required_for(
            ask=make_ask(purpose=purpose, channel=change.scope.channel, tracking=None, children=False),
            country=self._country,
            relationship=Relationship(self._relationship) if self._relationship else None,
            rules=self._rules,
        )
        return requirement is Requirement.DOUBLE_OPT_IN

    def _only_by_signal(self, statement: Stated) -> bool:
        """Whether a statement was made by the privacy signal of a browser, before what is said now."""
        # The signal makes no other statements; so hardly anybody waits for this query.
        return (
            statement.scope in GPC_REFUSES
            and statement.state is State.OPTED_OUT
            and statement.occurred_at <= self._occurred_at
            and Event.objects.filter(pk=statement.event, source=Source.GPC).exists()
        )

    def _can_be_confirmed(self, statement: Stated) -> bool:
        """Whether a statement waits for a confirmation that can still come in time."""
        return (
            statement.state is State.PENDING
            and confirmable_until(statement, limits=limits_in_force()) > self._now
        )

    def _not_permitted(self, draft: _Draft) -> Refusal | None:
        """Whether the source may widen on the evidence it brings."""
        if names_personal_data(self._evidence.reason):
            return Refusal.PERSONAL_DATA
        match WIDENING[self._evidence.source]:
            case Widening.NEVER:
                return Refusal.MAY_ONLY_NARROW
            case Widening.FRESH_LINK if not self._evidence.fresh:
                return Refusal.LINK_TOO_OLD
            case Widening.FILL_GAP if not (self._is_gap(draft) or draft.superseded):
                return Refusal.ALREADY_STATED
        return None

    def _is_gap(self, draft: _Draft) -> bool:
        """Whether nothing has been said, or only what nobody confirmed in time and what is mailed anew now.

        So is a yes that would have to be confirmed by now and was not: that it waits from here on widens nothing.
        """
        mails = self._evidence.source not in SENDS_NO_CONFIRMATION
        doubted = draft.state is State.PENDING and draft.previous_state is State.OPTED_IN
        return draft.previous_state is State.UNSTATED or doubted or (draft.renews and mails)

    def _stale(self, change: Change) -> Refusal | None:
        """Whether the page this was sent from is older than a stop of the same thing."""
        seen = self._evidence.seen_version
        if seen is None:
            return None
        if seen > self._newest_event:
            return Refusal.VERSION_UNKNOWN
        stale = stopped_since(seen, choices=self._choices, scope=change.scope)
        return Refusal.STALE if stale else None


class _Draft:
    """What has been found out about one change so far."""

    __slots__ = (
        "change",
        "moves",
        "previous_state",
        "refusal",
        "renews",
        "resting_on",
        "state",
        "superseded",
        "waits",
        "written",
    )

    def __init__(self, *, change: Change, previous_state: State) -> None:
        self.change = change
        self.state = change.state
        self.previous_state = previous_state
        self.refusal: Refusal | None = None
        self.resting_on: int | None = None
        self.renews = False
        self.superseded = False
        self.waits = False
        self.written = False
        self.moves = False

    @property
    def outcome(self) -> Outcome:
        if self.refusal:
            return Outcome.REFUSED
        if self.superseded:
            return Outcome.SUPERSEDED
        return Outcome.CHANGED if self.resting_on is None else Outcome.ALREADY_SO
