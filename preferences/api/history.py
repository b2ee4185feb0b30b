"""What is known of one person: profile, choices, and the history by which they came about."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router, Schema
from pydantic import Field

from preferences.api.answer import answer, iso
from preferences.api.caller import ApiScope, Bearer, Caller, caller
from preferences.api.fields import LARGEST_ID
from preferences.api.problems import Problem
from preferences.enums import (
    Actor,
    Channel,
    ContactKind,
    Kind,
    LegalBasis,
    Relationship,
    Route,
    Source,
    State,
)
from preferences.models import Choice, ContactPoint, Event, Recipient
from preferences.models.ledger import legal_basis_of

router = Router(tags=["History"])

_RecipientId = Path(
    ..., ge=1, le=LARGEST_ID, description="The id of a recipient; `/recipients/lookup` finds it."
)


class ContactPointOut(Schema):
    """An address or number, masked: whoever needs it in full has it in a system of their own."""

    kind: ContactKind
    masked: str
    verified: bool
    unreachable: bool


class ProfileOut(Schema):
    """What decisions ask of a person. `recipient` is the surviving one after a merge."""

    recipient: int
    external_id: str | None
    country: str
    relationship: Relationship | None
    organisation: str
    language: str
    born_on: Annotated[str | None, Field(json_schema_extra={"format": "date"})]
    contact_points: list[ContactPointOut]


class StatementOut(Schema):
    """What a statement covers (null is all), and what it says."""

    event: int
    kind: Kind
    brand: str | None
    purpose: str | None
    channel: Channel | None
    state: State
    confirmed: Annotated[bool, Field(description="A yes confirmed by a link that was mailed.")]
    occurred_at: Annotated[
        str, Field(description="When the person said it.", json_schema_extra={"format": "date-time"})
    ]


class ChoicesOut(Schema):
    """The current statements in the order of the events they rest on. Of those that cover a thing the latest
    counts."""

    recipient: int
    choices: list[StatementOut]


class WordingOut(Schema):
    """The words the person was shown."""

    language: str
    text: str


class EventOut(StatementOut):
    """One statement as it was made. Never changed, never deleted."""

    recipient: Annotated[int, Field(description="Whose it was when it was made, before any merge.")]
    previous_state: State
    source: Source
    actor: Actor
    route: Route | None
    reason: str
    legal_basis: LegalBasis | None
    superseded: Annotated[bool, Field(description="Something newer had been said, so it moved nothing.")]
    undoes: Annotated[int | None, Field(description="The event it takes back.")]
    recorded_at: Annotated[
        str, Field(description="When it was recorded.", json_schema_extra={"format": "date-time"})
    ]
    wording: WordingOut | None


class EventsOut(Schema):
    """A page of the history, newest first. `next` is the cursor of the next page, null on the last."""

    recipient: int
    events: list[EventOut]
    next: str | None


@router.get(
    "/recipients/{recipient}",
    auth=Bearer(ApiScope.HISTORY_READ),
    response=ProfileOut,
    operation_id="getRecipient",
)
def profile(request: HttpRequest, recipient: int = _RecipientId) -> HttpResponse:
    """What decisions ask of a person: country, relationship, language, date of birth, masked addresses."""
    row = _surviving(recipient)
    return answer(
        {
            "recipient": row.pk,
            "external_id": row.external_id,
            "country": row.country,
            "relationship": row.relationship or None,
            "organisation": row.organisation,
            "language": row.language,
            "born_on": row.born_on.isoformat() if row.born_on else None,
            "contact_points": [
                {
                    "kind": point.kind,
                    "masked": point.masked,
                    "verified": point.verified_at is not None,
                    "unreachable": point.unreachable_at is not None,
                }
                for point in ContactPoint.objects.filter(recipient=row).order_by("pk")
            ],
        }
    )


@router.get(
    "/recipients/{recipient}/choices",
    auth=Bearer(ApiScope.HISTORY_READ),
    response=ChoicesOut,
    operation_id="getChoices",
)
def choices(request: HttpRequest, recipient: int = _RecipientId) -> HttpResponse:
    """What a person has said, as it stands. A client of one brand sees what concerns this brand."""
    row = _surviving(recipient)
    standing = _seen_by(
        caller(request),
        Choice.objects.filter(recipient=row).select_related("brand", "purpose").order_by("event"),
    )
    return answer(
        {"recipient": row.pk, "choices": [_statement(choice, event=choice.event_id) for choice in standing]}
    )


@router.get(
    "/recipients/{recipient}/events",
    auth=Bearer(ApiScope.HISTORY_READ),
    response=EventsOut,
    operation_id="getEvents",
)
def events(
    request: HttpRequest,
    recipient: int = _RecipientId,
    cursor: str = Query(None, pattern="^[0-9]{1,18}$", description="`next` of the page before."),
    limit: int = Query(50, ge=1, le=200),
) -> HttpResponse:
    """All that was ever said, newest first, of those merged into this person too."""
    row = _surviving(recipient)
    people = Recipient.objects.filter(Q(pk=row.pk) | Q(merged_into=row.pk)).values("pk")
    found = _seen_by(
        caller(request),
        Event.objects.filter(recipient__in=people)
        .select_related("brand", "purpose", "wording")
        .order_by("-pk"),
    )
    if cursor is not None:
        found = found.filter(pk__lt=int(cursor))
    page = list(found[: limit + 1])
    return answer(
        {
            "recipient": row.pk,
            "events": [_event(event) for event in page[:limit]],
            "next": str(page[limit - 1].pk) if len(page) > limit else None,
        }
    )


def _surviving(recipient: int) -> Recipient:
    """The recipient, or the one it was merged into. Raises Problem `recipient_unknown`, `recipient_erased`."""
    row = Recipient.objects.select_related("merged_into").filter(pk=recipient).first()
    row = row and (row.merged_into or row)
    if row is None:
        raise Problem("recipient_unknown")
    if row.erased_at:
        raise Problem("recipient_erased")
    return row


def _seen_by(by: Caller, statements: QuerySet[Any]) -> QuerySet[Any]:
    """Of statements those a client may see: for one brand what covers something of this brand, and nothing else."""
    if by.brand is None:
        return statements
    return statements.filter(Q(brand=by.brand) | Q(brand=None, kind=Kind.MARKETING))


def _statement(statement: Choice | Event, *, event: int) -> dict[str, Any]:
    return {
        "event": event,
        "kind": statement.kind,
        "brand": statement.brand.key if statement.brand else None,
        "purpose": statement.purpose.key if statement.purpose else None,
        "channel": statement.channel,
        "state": statement.state,
        "confirmed": statement.confirmed,
        "occurred_at": iso(statement.occurred_at),
    }


def _event(event: Event) -> dict[str, Any]:
    basis = legal_basis_of(State(event.state))
    return {
        **_statement(event, event=event.pk),
        "recipient": event.recipient_id,
        "previous_state": event.previous_state,
        "source": event.source,
        "actor": event.actor,
        "route": event.route or None,
        "reason": event.reason,
        "legal_basis": basis.value if basis else None,
        "superseded": event.superseded,
        "undoes": event.undoes_id,
        "recorded_at": iso(event.recorded_at),
        "wording": {"language": event.wording.language, "text": event.wording.text}
        if event.wording
        else None,
    }
