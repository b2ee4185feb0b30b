"""What may a person's data be used for? Every profiling purpose at once, for one person and for ten thousand."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Path, Query, Router, Schema
from pydantic import Field

from preferences.api.answer import answer
from preferences.api.caller import ApiScope, Bearer, Caller, caller
from preferences.api.decisions import MOST_PEOPLE, VerdictOut, verdict_out
from preferences.api.fields import LARGEST_ID, Body, Key, Moment, optional
from preferences.api.people import Person, refs_of
from preferences.api.problems import Fault, Problem
from preferences.decisions.decide import Decided
from preferences.decisions.profiling import Profiled, profiling_of
from preferences.decisions.situation import PersonRef
from preferences.decisions.verdict import Verdict
from preferences.enums import ProfilingUse, Reason
from preferences.models import Brand

router = Router(tags=["Profiling"])

_BRAND = (
    "The key of the brand whose pages and products are meant: with it, a stop of this brand counts too."
    " A client of one brand asks about that one."
)
_AS_OF = "Answer as would have been answered then, as for /decisions."
_BrandKey = Query(None, description=_BRAND)
_AsOf = Query(None, description=_AS_OF)


class ProfilingIn(Body):
    """Whom it is about."""

    people: Annotated[list[Person], Field(max_length=MOST_PEOPLE)]
    brand: Key = optional(_BRAND)
    as_of: Moment = optional(_AS_OF)


class PurposeOut(Schema):
    """The verdicts on one profiling purpose."""

    purpose: Annotated[str, Field(description="The key of the profiling purpose.")]
    use: ProfilingUse
    segments: Annotated[VerdictOut, Field(description="Building segments with it.")]
    web: Annotated[VerdictOut, Field(description="Tailoring web pages by it.")]
    in_product: Annotated[VerdictOut, Field(description="Tailoring what is shown in the product by it.")]


class ProfilingOut(Schema):
    """What one person may be profiled for: of every purpose that is offered, in the order of the preference page."""

    recipient: Annotated[int | None, Field(description="The id of the recipient; null for somebody unknown.")]
    tracking: Annotated[bool, Field(description="Whether opens and clicks of an e-mail may be measured.")]
    purposes: list[PurposeOut]


class ProfilingManyOut(Schema):
    """The answers in the order of the people."""

    results: list[ProfilingOut]


@router.get(
    "/profiling/{recipient}",
    auth=Bearer(ApiScope.DECISIONS_READ),
    response=ProfilingOut,
    operation_id="getProfiling",
)
def get_profiling(
    request: HttpRequest,
    recipient: int = Path(..., ge=1, le=LARGEST_ID, description="The id of a recipient."),
    brand: Key = _BrandKey,
    as_of: Moment = _AsOf,
) -> HttpResponse:
    """What one person may be profiled for. Somebody unknown, or erased, is denied everything."""
    (profiled,) = profiling_of(
        people=[PersonRef(recipient=recipient)],
        brand=_brand(brand, location="query.brand", by=caller(request)),
        now=timezone.now(),
        as_of=as_of,
    )
    return answer(_profiling(profiled, sentences={}), in_words=True)


@router.post(
    "/profiling",
    auth=Bearer(ApiScope.DECISIONS_READ),
    response=ProfilingManyOut,
    operation_id="getProfilingBatch",
)
def get_profiling_batch(request: HttpRequest, asked: ProfilingIn) -> HttpResponse:
    """The same for up to 10,000 people. Whoever is named twice is answered twice."""
    found = profiling_of(
        people=refs_of(asked.people),
        brand=_brand(asked.brand, location="body.brand", by=caller(request)),
        now=timezone.now(),
        as_of=asked.as_of,
    )
    sentences: dict[Reason, str] = {}
    return answer({"results": [_profiling(one, sentences=sentences) for one in found]}, in_words=True)


def _brand(key: str | None, *, location: str, by: Caller) -> int | None:
    """The brand asked for, else the client's own. Raises Problem `brand_forbidden`, `invalid`."""
    if key is None or key == by.brand_key:
        return by.brand
    by.require_brand(None)
    brand = Brand.objects.filter(key=key).values_list("pk", flat=True).first()
    if brand is None:
        fault = Fault(location=location, code="brand_unknown", message="There is no such brand.")
        raise Problem("invalid", faults=[fault])
    return brand


def _profiling(profiled: Profiled, *, sentences: dict[Reason, str]) -> dict[str, Any]:
    person = profiled.person

    def out(verdict: Verdict) -> dict[str, Any]:
        return verdict_out(Decided(person=person, verdict=verdict), brand="", sentences=sentences)

    purposes = []
    for one in profiled.purposes:
        # Mostly all three are one verdict.
        segments = out(one.segments)
        purposes.append(
            {
                "purpose": one.purpose,
                "use": one.use.value,
                "segments": segments,
                "web": segments if one.web is one.segments else out(one.web),
                "in_product": segments if one.in_product is one.segments else out(one.in_product),
            }
        )
    return {
        "recipient": person.recipient if person else None,
        "tracking": profiled.tracking,
        "purposes": purposes,
    }
