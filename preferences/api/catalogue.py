"""What there is to ask about: brands, topics, profiling purposes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from preferences.api.answer import answer
from preferences.api.caller import Bearer, Caller, caller
from preferences.enums import Channel, ProfilingUse, Requirement
from preferences.models import Brand, ProfilingPurpose, Topic

router = Router(tags=["Catalogue"])

_SECTIONS = ("brands", "topics", "profiling_purposes")


class BrandOut(Schema):
    """Who sends."""

    key: str
    name: str
    legal_entity: str
    sender_name: str
    sender_email: str
    privacy_notice_url: str
    retired: bool


class TopicOut(Schema):
    """What marketing is about."""

    key: str
    brand: str
    name: str
    channels: list[Channel]
    retired: Annotated[
        bool, Field(description="Nothing is sent about it any more; also where the brand is retired.")
    ]


class ProfilingPurposeOut(Schema):
    """A use of personal data that a person may refuse on its own."""

    key: str
    name: str
    use: ProfilingUse
    default: Annotated[
        Requirement, Field(description="What is required where no national rule says otherwise.")
    ]
    retired: bool


class CatalogueOut(Schema):
    """A page of the catalogue. `next` is the cursor of the next page, null on the last."""

    brands: list[BrandOut]
    topics: list[TopicOut]
    profiling_purposes: list[ProfilingPurposeOut]
    next: str | None


@router.get("/catalogue", auth=Bearer(), response=CatalogueOut, operation_id="getCatalogue")
def catalogue(
    request: HttpRequest,
    cursor: str = Query(None, pattern="^[0-2]-[0-9]{1,18}$", description="`next` of the page before."),
    limit: int = Query(100, ge=1, le=500),
) -> HttpResponse:
    """Brands, then topics, then profiling purposes, each in the order in which they were made. Any scope will do.

    Names are in the language of Accept-Language. A client of one brand sees this brand and its topics.
    """
    section, after = (int(part) for part in (cursor or "0-0").split("-"))
    rows = list(islice(_rows(caller(request), section=section, after=after, limit=limit + 1), limit + 1))
    page: dict[str, Any] = {name: [] for name in _SECTIONS}
    for number, _pk, row in rows[:limit]:
        page[_SECTIONS[number]].append(row)
    last = rows[limit - 1] if len(rows) > limit else None
    page["next"] = f"{last[0]}-{last[1]}" if last else None
    return answer(page, in_words=True)


def _rows(by: Caller, *, section: int, after: int, limit: int) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """The rows from a place on, each with its section and primary key. A query for each section that is reached."""
    for number in range(section, len(_SECTIONS)):
        start = after if number == section else 0
        for pk, row in (_brands, _topics, _profiling_purposes)[number](by, start, limit):
            yield number, pk, row


def _brands(by: Caller, after: int, limit: int) -> Iterator[tuple[int, dict[str, Any]]]:
    brands = Brand.objects.filter(pk__gt=after)
    for brand in (brands.filter(pk=by.brand) if by.brand else brands).order_by("pk")[:limit]:
        yield (
            brand.pk,
            {
                "key": brand.key,
                "name": brand.name,
                "legal_entity": brand.legal_entity,
                "sender_name": brand.sender_name,
                "sender_email": brand.sender_email,
                "privacy_notice_url": brand.privacy_notice_url,
                "retired": brand.retired_at is not None,
            },
        )


def _topics(by: Caller, after: int, limit: int) -> Iterator[tuple[int, dict[str, Any]]]:
    topics = Topic.objects.filter(pk__gt=after).select_related("brand")
    for topic in (topics.filter(brand=by.brand) if by.brand else topics).order_by("pk")[:limit]:
        brand = topic.brand
        yield (
            topic.pk,
            {
                "key": topic.key,
                "brand": brand.key if brand else "",
                "name": str(topic.name),
                "channels": list(topic.channels),
                "retired": bool(topic.retired_at or (brand and brand.retired_at)),
            },
        )


def _profiling_purposes(by: Caller, after: int, limit: int) -> Iterator[tuple[int, dict[str, Any]]]:
    for purpose in ProfilingPurpose.objects.filter(pk__gt=after).order_by("pk")[:limit]:
        yield (
            purpose.pk,
            {
                "key": purpose.key,
                "name": str(purpose.name),
                "use": purpose.use,
                "default": purpose.requirement,
                "retired": purpose.retired_at is not None,
            },
        )
