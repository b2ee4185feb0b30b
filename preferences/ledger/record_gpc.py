"""Global Privacy Control (`Sec-GPC: 1`): a statement of its own, made once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import replace

from django.db import transaction

from preferences.decisions.covering import latest_time, says_all, stated_state
from preferences.decisions.privacy_signal import GPC_REFUSES, signal_on_record
from preferences.enums import Actor, Outcome, Source, State
from preferences.ledger.append import Author, Entry, Known, append, lock_recipient, read
from preferences.ledger.record import record, stopped_since
from preferences.ledger.values import Change, ChangeResult, Evidence, Recorded
from preferences.mail.request_notice import request_notice
from preferences.scope import Scope


def record_gpc(*, recipient: int, now: dt.datetime, notice: bool = False) -> Recorded:
    """Record that the person's browser sends Global Privacy Control: each of GPC_REFUSES, once.

    A scope that the signal has refused before, here or in a record merged into this one, is left alone, whatever
    became of it since: what the person says after it stands. So is one of which all is refused already: a signal
    that changes nothing writes nothing. Whoever then says a yes in it through a browser without the signal finds that
    stopped when the signal comes for the first time: once, visibly, and with the way back.

    The results are those of the scopes refused now. `notice` asks for the person to be told by mail, as in Evidence.
    Raises RecipientGone.
    """
    with transaction.atomic():
        return _state_once(known=read(lock_recipient(recipient)), yeses=(), notice=notice, now=now)


def record_under_gpc(
    *, recipient: int, changes: Sequence[Change], evidence: Evidence, now: dt.datetime
) -> tuple[Recorded, Recorded]:
    """Record the signal together with what the person says themselves: what became of either, in that order.

    In one transaction: first what the person stops, so that it is their own word whatever becomes of the signal; then
    the signal, as `record_gpc` has it; then what they start, so that it comes after the signal and stands. For that
    the signal goes on record around a yes even where it changes nothing, and would not come later as something new.

    A page that was up to date until the signal came is no stale page. Raises as `record` does.
    """
    with transaction.atomic():
        before = read(lock_recipient(recipient))
        seen = evidence.seen_version
        stops: list[Change] = []
        yeses: list[Change] = []
        stale: list[Change] = []
        for change in changes:
            if change.state is State.OPTED_OUT:
                stops.append(change)
            elif seen is None or (
                seen <= before.version and not stopped_since(seen, choices=before.choices, scope=change.scope)
            ):
                yeses.append(change)
            else:
                stale.append(change)

        def say(some: Sequence[Change], evidence: Evidence) -> Recorded:
            return record(recipient=before.recipient, changes=some, evidence=evidence, now=now)

        stopped = say(stops, evidence)
        known = read(before.recipient) if stops else before
        signal = _state_once(
            known=known, yeses=[change.scope for change in yeses], notice=evidence.notice, now=now
        )
        newest = max([known.version, *(result.event or 0 for result in signal.results)])
        started = say(yeses, evidence if seen is None else replace(evidence, seen_version=newest))
        refused = say(stale, evidence)
    return signal, Recorded(recipient=before.recipient, results=_in_order(changes, stopped, started, refused))


def _in_order(changes: Sequence[Change], *parts: Recorded) -> tuple[ChangeResult, ...]:
    """The results in the order of the changes."""
    results = {result.change: result for part in parts for result in part.results}
    return tuple(results[change] for change in changes)


def _state_once(*, known: Known, yeses: Collection[Scope], notice: bool, now: dt.datetime) -> Recorded:
    """State each scope that is due; `yeses` are what the person says yes to next. Call with the recipient locked."""
    on_record = signal_on_record(recipient=known.recipient)
    said_at = latest_time(choices=known.choices, now=now)
    entries: list[Entry] = []
    results: list[ChangeResult] = []
    for scope in GPC_REFUSES:
        refused = says_all(choices=known.choices, scope=scope, state=State.OPTED_OUT) is not None
        if scope in on_record or (refused and not any(scope.covers(yes) for yes in yeses)):
            continue
        entry = Entry(
            scope=scope,
            state=State.OPTED_OUT,
            previous_state=stated_state(choices=known.choices, scope=scope),
            occurred_at=said_at,
            moves=True,
        )
        entries.append(entry)
        results.append(
            ChangeResult(
                change=Change(scope=scope, state=State.OPTED_OUT),
                outcome=Outcome.ALREADY_SO if refused else Outcome.CHANGED,
                previous_state=entry.previous_state,
                state=State.OPTED_OUT,
            )
        )
    events = append(
        recipient=known.recipient,
        entries=entries,
        author=Author(source=Source.GPC, actor=Actor.RECIPIENT),
        now=now,
    )
    recorded = Recorded(
        recipient=known.recipient,
        results=tuple(replace(result, event=event) for result, event in zip(results, events, strict=True)),
    )
    if notice:
        changed = [result.event for result in recorded.changed if result.event]
        request_notice(recipient=known.recipient, events=changed, now=now)
    return recorded
