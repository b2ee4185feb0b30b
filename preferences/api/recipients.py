"""Tell who people are, a thousand at a time. A profile never widens what may be sent, and no choice is touched."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from preferences.api.answer import answer
from preferences.api.caller import ApiScope, Bearer, Caller, caller
from preferences.api.fields import Body, Day, Flag, Moment, optional
from preferences.api.idempotency import once
from preferences.api.people import Person, ref_of
from preferences.api.problems import Problem
from preferences.decisions.situation import PersonRef
from preferences.imports.upsert import (
    PersonRecord,
    SaleRecord,
    ScreeningRecord,
    Upserted,
    UpsertUnstable,
    upsert,
)
from preferences.imports.upsert import Problem as RecordProblem
from preferences.models import Recipient

router = Router(tags=["Recipients"])

MOST_RECORDS = 1000
_Told = Annotated[str, Field(max_length=1000)]


class SaleIn(Body):
    """A sale: what soft opt-in rests on."""

    brand: Annotated[_Told, Field(description="The key of the brand that sold.")]
    sold_on: Day
    subject: Annotated[_Told, Field(description="What was sold; no name, address or number.")]
    refusal_offered: Annotated[
        Flag, Field(description="Whether the person could refuse marketing when the address was collected.")
    ]


class ScreeningIn(Body):
    """What the do-not-call register said about the phone number of the record."""

    screened_at: Moment
    on_register: Flag


class RecordIn(Body):
    """What is known of one person. An external id or an address there must be; what is left out says nothing."""

    external_id: Annotated[_Told, Field(description="At most 80 letters; begins with none of = + - @.")] = ""
    email: _Told = ""
    phone: Annotated[_Told, Field(description="With its country code (E.164).")] = ""
    postal: _Told = ""
    country: Annotated[_Told, Field(description="ISO 3166-1, two capital letters.")] = ""
    relationship: Annotated[
        _Told,
        Field(description="consumer_prospect, consumer_customer, business_prospect or business_customer."),
    ] = ""
    organisation: _Told = ""
    language: Annotated[_Told, Field(description="A language tag, such as nb.")] = ""
    born_on: Day = optional("Only where something is offered to children.")
    sales: Annotated[list[SaleIn], Field(max_length=100)] = []
    screening: ScreeningIn = optional()


class RecordsIn(Body):
    """People, each a record of its own."""

    people: Annotated[list[RecordIn], Field(max_length=MOST_RECORDS)]


class UpsertedOut(Schema):
    """What became of one record; with a problem, nothing of it was taken over."""

    recipient: int | None
    created: bool
    filled: Annotated[list[str], Field(description="Fields that were unknown before.")]
    changed: Annotated[list[str], Field(description="Fields that were known otherwise, and are changed.")]
    kept: Annotated[
        list[str],
        Field(
            description="Fields left as they were: the new value would widen what may be sent, or is older."
        ),
    ]
    problem: RecordProblem | None
    sentence: Annotated[str, Field(description="The problem in words; empty where there is none.")]


class UpsertedManyOut(Schema):
    """What became of each record, in order."""

    results: list[UpsertedOut]


class RecipientOut(Schema):
    """The id of a recipient here."""

    recipient: int


@router.put(
    "/recipients",
    auth=Bearer(ApiScope.RECIPIENTS_WRITE),
    response=UpsertedManyOut,
    operation_id="putRecipients",
)
def put_recipients(request: HttpRequest, told: RecordsIn) -> HttpResponse:
    """Take over what is told about up to 1,000 people; whoever is not known yet is new."""
    now = timezone.now()
    by = caller(request)
    _require_own_sales(told, by=by)

    def act() -> HttpResponse:
        try:
            results = upsert(people=[_record(one) for one in told.people], now=now)
        except UpsertUnstable as error:
            raise Problem("try_again", headers={"Retry-After": "1"}) from error
        return answer({"results": [_result(result) for result in results]}, in_words=True)

    return once(request, act, client=by.client, now=now)


@router.post(
    "/recipients/lookup",
    auth=Bearer(ApiScope.HISTORY_READ),
    response=RecipientOut,
    operation_id="lookUpRecipient",
)
def look_up(request: HttpRequest, person: Person) -> HttpResponse:
    """The id of somebody known by external id or address, which stands in no URL. After a merge, the surviving one."""
    return answer({"recipient": recipient_named(ref_of(person, location="body"))})


def recipient_named(ref: PersonRef) -> int:
    """The primary key of whoever is named so, of the surviving recipient after a merge. One query.

    Raises Problem `recipient_unknown`.
    """
    named = Q(pk=ref.recipient)
    if ref.external_id is not None:
        named = Q(external_id=ref.external_id)
    elif ref.kind is not None:
        named = Q(contact_points__kind=ref.kind, contact_points__normalized=ref.address)
    row = Recipient.objects.filter(named).values_list("pk", "merged_into").first()
    if row is None:
        raise Problem("recipient_unknown")
    return row[1] or row[0]


def _require_own_sales(told: RecordsIn, *, by: Caller) -> None:
    """A client of one brand tells of this brand's sales alone."""
    if by.brand is not None and any(
        sale.brand != by.brand_key for record in told.people for sale in record.sales
    ):
        raise Problem("brand_forbidden")


def _record(told: RecordIn) -> PersonRecord:
    return PersonRecord(
        external_id=told.external_id,
        email=told.email,
        phone=told.phone,
        postal=told.postal,
        country=told.country,
        relationship=told.relationship,
        organisation=told.organisation,
        language=told.language,
        born_on=told.born_on,
        sales=tuple(
            SaleRecord(
                brand=sale.brand,
                sold_on=sale.sold_on,
                subject=sale.subject,
                refusal_offered=sale.refusal_offered,
            )
            for sale in told.sales
        ),
        screening=ScreeningRecord(
            screened_at=told.screening.screened_at, on_register=told.screening.on_register
        )
        if told.screening
        else None,
    )


def _result(result: Upserted) -> dict[str, Any]:
    return {
        "recipient": result.recipient,
        "created": result.created,
        "filled": list(result.filled),
        "changed": list(result.changed),
        "kept": list(result.kept),
        "problem": result.problem.value if result.problem else None,
        "sentence": str(result.problem.label) if result.problem else "",
    }
