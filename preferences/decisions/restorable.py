"""What taking one Event back would restore. The undo page shows it, the ledger acts on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from preferences.decisions.covering import Stated, stated_state
from preferences.enums import Refusal, Source, State
from preferences.models import Event

# Acts that end or join records: there is no earlier statement of the person's to go back to.
_NOT_UNDOABLE = {Source.UNDO, Source.MERGE, Source.ERASURE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Restorable:
    """What an undo of one Event leads back to.

    `restored` is the statement that its scope rests on again, None for "nothing said". `state_after` is what holds
    for the scope then: a broader statement may cover it. `refusal` is set where the undo would be refused, and says
    why.
    """

    state_before: State
    state_after: State
    restored: Stated | None
    refusal: Refusal | None


def restorable(*, event: Event, choices: Sequence[Stated]) -> Restorable:
    """What undoing `event` restores, given all current choices of its recipient. Two queries."""
    scope = event.scope
    restored = _statement_before(event)
    after = [choice for choice in choices if choice.scope != scope]
    if restored is not None:
        after.append(restored)
    undone = Event.objects.filter(undoes=event).exists()
    return Restorable(
        state_before=stated_state(choices=choices, scope=scope),
        state_after=stated_state(choices=after, scope=scope),
        restored=restored,
        refusal=_refusal(event=event, choices=choices, undone=undone),
    )


def is_undoable(*, event: Event, choices: Sequence[Stated], undone: bool) -> bool:
    """Whether `event` may be taken back now; no query. `undone` says that it has been already."""
    return _refusal(event=event, choices=choices, undone=undone) is None


def _refusal(*, event: Event, choices: Sequence[Stated], undone: bool) -> Refusal | None:
    if event.source in _NOT_UNDOABLE:
        return Refusal.NOT_UNDOABLE
    if undone:
        return Refusal.ALREADY_UNDONE
    scope, order = event.scope, (event.occurred_at, event.pk)
    rests_on_it = any(choice.scope == scope and choice.event == event.pk for choice in choices)
    said_since = any(choice.scope.covers(scope) and choice.order > order for choice in choices)
    return None if rests_on_it and not said_since else Refusal.NEWER_STATEMENT


def _statement_before(event: Event) -> Stated | None:
    """The latest standing statement on exactly this scope, the event itself left out."""
    before = (
        Event.objects.standing()
        .filter(
            recipient=event.recipient_id,
            kind=event.kind,
            brand=event.brand_id,
            purpose=event.purpose_id,
            channel=event.channel,
        )
        .exclude(pk=event.pk)
        .order_by("-occurred_at", "-pk")
        .first()
    )
    if before is None:
        return None
    return Stated(
        scope=before.scope,
        state=State(before.state),
        occurred_at=before.occurred_at,
        event=before.pk,
        confirmed=before.confirmed,
    )
