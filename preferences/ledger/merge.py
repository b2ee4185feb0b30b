"""Two recipients turn out to be one person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef

from preferences.decisions.choices import load_choices
from preferences.decisions.covering import (
    Stated,
    deciding_statement,
    latest_time,
    says_all,
    stated_state,
)
from preferences.decisions.pending import pending_statements
from preferences.enums import Actor, Source, State
from preferences.ledger.append import Author, Entry, append, lock_recipient
from preferences.mail.request_confirmation import join_requests
from preferences.mail.request_notice import join_notices
from preferences.models import ContactPoint, Merge, Recipient, Sale
from preferences.scope import Scope

# What either has said, the strongest first.
_PRECEDENCE = (State.OPTED_OUT, State.OPTED_IN, State.PENDING, State.UNSTATED)
_PROFILE = ("external_id", "language", "country", "relationship", "organisation", "born_on")


class MergeImpossible(Exception):
    """The two are one recipient already, or each has an account of its own. `code` says which."""

    def __init__(self, *, code: str) -> None:
        self.code = code
        super().__init__(code)


def merge(*, surviving: int, absorbed: int, reason: str, now: dt.datetime) -> Merge:
    """Bring the records of two recipients together, and return the Merge that stands in the history of both.

    Whatever either has stopped stays stopped. A yes survives where the other has not said no, unless nobody confirmed
    it in time. The addresses and the account move to the surviving recipient, whose own details win and whose gaps
    are filled; of two birth dates and of two records of one sale, the one that permits less counts. Old links of the
    absorbed recipient lead to the surviving one from now on. Mails to confirm by that either waits for become one,
    and so do those that tell of changes.

    Raises RecipientGone (unknown or erased), MergeImpossible.
    """
    with transaction.atomic():
        # Always the lower id first, so that two merges of the same pair cannot block each other.
        locked = {recipient: lock_recipient(recipient) for recipient in sorted((surviving, absorbed))}
        surviving, absorbed = locked[surviving], locked[absorbed]
        if surviving == absorbed:
            raise MergeImpossible(code="same_recipient")
        kept, given = load_choices(surviving), load_choices(absorbed)
        entries = _entries(
            surviving=kept,
            absorbed=_without_expired(given, now=now),
            expired=pending_statements(choices=kept, now=now, expired=True),
            said_at=latest_time(choices=kept, now=now),
        )
        append(
            recipient=surviving,
            entries=entries,
            author=Author(source=Source.MERGE, actor=Actor.SYSTEM, reason=reason),
            now=now,
        )
        _move_person(surviving=surviving, absorbed=absorbed)
        join_requests(surviving=surviving, now=now)
        join_notices(surviving=surviving, now=now)
        return Merge.objects.create(
            surviving_id=surviving, absorbed_id=absorbed, reason=reason, recorded_at=now
        )


def combined_state(*, surviving: Sequence[Stated], absorbed: Sequence[Stated], scope: Scope) -> State:
    """What holds for `scope` once both are one: no beats yes, yes beats unconfirmed, anything beats nothing."""
    said = {stated_state(choices=choices, scope=scope) for choices in (surviving, absorbed)}
    return next(state for state in _PRECEDENCE if state in said)


def _without_expired(choices: Sequence[Stated], *, now: dt.datetime) -> list[Stated]:
    """Leaves out what nobody confirmed in time: said anew, it could be confirmed once more."""
    expired = pending_statements(choices=choices, now=now, expired=True)
    return [choice for choice in choices if choice not in expired]


def _entries(
    *,
    surviving: Sequence[Stated],
    absorbed: Sequence[Stated],
    expired: Sequence[Stated],
    said_at: dt.datetime,
) -> list[Entry]:
    """The statements to append to the surviving recipient: as few as lead to the combined state everywhere.

    `expired` are those of the surviving one that nobody confirmed in time: what still waits is said over them.
    Broad refusals first, since everything said for a single topic has to come after them to stand.
    """
    entries: list[Entry] = []
    after = list(surviving)

    def write(scope: Scope, state: State) -> None:
        confirmed = state is State.OPTED_IN and any(
            statement is not None and statement.state is State.OPTED_IN and statement.confirmed
            for statement in (
                deciding_statement(choices=choices, scope=scope) for choices in (surviving, absorbed)
            )
        )
        entries.append(
            Entry(
                scope=scope,
                state=state,
                previous_state=stated_state(choices=after, scope=scope),
                occurred_at=said_at,
                moves=True,
                confirmed=confirmed,
            )
        )
        stated = Stated(
            scope=scope,
            state=state,
            occurred_at=said_at,
            event=(1 << 62) + len(entries),
            confirmed=confirmed,
        )
        after[:] = [choice for choice in after if choice.scope != scope] + [stated]

    for choice in absorbed:
        if not choice.scope.is_single and not says_all(
            choices=after, scope=choice.scope, state=State.OPTED_OUT
        ):
            write(choice.scope, State.OPTED_OUT)
    single = {choice.scope: None for choice in [*surviving, *absorbed] if choice.scope.is_single}
    for scope in single:
        wanted = combined_state(surviving=surviving, absorbed=absorbed, scope=scope)
        revived = (
            deciding_statement(choices=after, scope=scope) in expired
            and stated_state(choices=absorbed, scope=scope) is State.PENDING
        )
        if (
            revived
            or stated_state(choices=after, scope=scope) is not wanted
            or _loses_confirmation(surviving=after, absorbed=absorbed, scope=scope)
        ):
            write(scope, wanted)
    return entries


def _loses_confirmation(*, surviving: Sequence[Stated], absorbed: Sequence[Stated], scope: Scope) -> bool:
    """Whether the surviving recipient's yes is unconfirmed, and the absorbed one's is confirmed."""
    kept = deciding_statement(choices=surviving, scope=scope)
    given = deciding_statement(choices=absorbed, scope=scope)
    return bool(
        kept
        and given
        and kept.state is given.state is State.OPTED_IN
        and given.confirmed
        and not kept.confirmed
    )


def _move_person(*, surviving: int, absorbed: int) -> None:
    kept = Recipient.objects.get(pk=surviving)
    given = Recipient.objects.get(pk=absorbed)
    if kept.account_id and given.account_id:
        raise MergeImpossible(code="two_accounts")
    filled = {
        name: getattr(given, name) for name in _PROFILE if getattr(given, name) and not getattr(kept, name)
    }
    if kept.born_on and given.born_on:
        # The younger of the two: below the minimum age, nothing is sent.
        filled["born_on"] = max(kept.born_on, given.born_on)
    if given.account_id:
        filled["account_id"] = given.account_id
    # The unique columns are given up before they are taken over.
    Recipient.objects.filter(pk=absorbed).update(merged_into=surviving, account=None, external_id=None)
    if given.external_id and "external_id" not in filled:
        # The id stays with the history of the absorbed row; it is no longer anybody's current id.
        Recipient.objects.filter(pk=absorbed).update(external_id=given.external_id)
    if filled:
        Recipient.objects.filter(pk=surviving).update(**filled)
    Recipient.objects.filter(merged_into=absorbed).update(merged_into=surviving)
    ContactPoint.objects.filter(recipient=absorbed).update(recipient=surviving)
    _move_sales(surviving=surviving, absorbed=absorbed)


def _move_sales(*, surviving: int, absorbed: int) -> None:
    """The sales to either are sales to the one person; the same sale is on record once.

    Where the two records differ on whether a refusal was offered, it was not.
    """
    same = Sale.objects.filter(
        brand=OuterRef("brand"), sold_on=OuterRef("sold_on"), subject=OuterRef("subject")
    )
    not_offered = same.filter(recipient=absorbed, refusal_offered=False)
    Sale.objects.filter(Exists(not_offered), recipient=surviving).update(refusal_offered=False)
    Sale.objects.filter(Exists(same.filter(recipient=surviving)), recipient=absorbed).delete()
    Sale.objects.filter(recipient=absorbed).update(recipient=surviving)
