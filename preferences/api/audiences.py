"""A list in, those of it who may be sent something out: any number, streamed both ways."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import ValidationError

from preferences.api.caller import ApiScope, Bearer, caller
from preferences.api.decisions import offered_or_not
from preferences.api.people import Person, not_an_address
from preferences.api.problems import Fault, Problem
from preferences.api.read_body import is_empty, lines_of
from preferences.decisions.situation import PersonRef
from preferences.enums import Channel, ContactKind, Reason
from preferences.exports.audience import Audience, Format, stream_audience
from preferences.identity import AddressInvalid, normalize_address
from preferences.rules.countries import is_country

router = Router(tags=["Audiences"])

_TEXT, _NDJSON, _CSV = "text/plain", "application/x-ndjson", "text/csv"
# Each holds a connection to the database for as long as its reader takes.
_AT_ONCE = threading.BoundedSemaphore(2)
_RETRY_AFTER = "10"
_NOT_OFFERED = {
    Reason.PURPOSE_RETIRED: "purpose_retired",
    Reason.CHANNEL_NOT_OFFERED: "channel_not_offered",
}
_LINES = {"type": "string", "description": "A person a line."}


@router.post(
    "/audiences",
    auth=Bearer(ApiScope.DECISIONS_READ, streamed=True),
    operation_id="createAudience",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                _NDJSON: {
                    "schema": _LINES,
                    "example": '{"email": "kari@example.com"}\n{"external_id": "C-1042"}\n',
                },
                _TEXT: {"schema": _LINES, "example": "kari@example.com\n+47 900 00 000\n"},
            },
        },
        "responses": {
            200: {
                "description": "OK",
                "content": {
                    _NDJSON: {"schema": {"type": "string", "description": "An object a line."}},
                    _CSV: {"schema": {"type": "string", "description": "With a head."}},
                },
            }
        },
    },
)
def create_audience(
    request: HttpRequest,
    channel: Query[Channel],
    topic: str = Query(..., pattern="^[-a-zA-Z0-9_]+$", max_length=50),
    country: str = Query(
        "", pattern="^([A-Z]{2})?$", description="Only people of this country (ISO 3166-1)."
    ),
    links: bool = Query(
        False, description="Add `stop_url` and `manage_url`; takes the scope links:create too."
    ),
) -> HttpResponseBase:
    """Of the people in the body, one a line, those who may be sent this now, each once.

    The body is read to its end before the answer begins: a line that names nobody refuses it whole. A line is an
    object as elsewhere in this API, or, in text/plain, an address or a number. The answer has the columns recipient,
    external_id, address, language, tracking and reason, as CSV or as an object a line, whichever `Accept` asks for.
    """
    by = caller(request)
    if links:
        by.require_scope(ApiScope.LINKS_CREATE)
    written, media_type = _written_as(request)
    read = {_NDJSON: _from_json, _TEXT: _from_text}.get(request.content_type or "")
    if read is None and not is_empty(request):
        raise Problem("media_type_unsupported", detail=f"The body must be {_NDJSON} or {_TEXT}.")
    if country and not is_country(country):
        fault = Fault(location="query.country", code="country_unknown", message="There is no such country.")
        raise Problem("invalid", faults=[fault])
    ask = offered_or_not(key=topic, channel=channel, by=by)
    if ask.not_offered:
        raise Problem(_NOT_OFFERED[ask.not_offered])
    blocks = _in_turn(
        stream_audience(
            audience=Audience(ask=ask, country=country, format=written, links=links),
            now=timezone.now(),
            asked=(read(line, number) for number, line in lines_of(request)) if read else (),
        )
    )
    # Whatever is wrong with the body shows before the first block; afterwards it would be too late for a status.
    first = next(blocks, b"")
    answer = StreamingHttpResponse(
        _Stream(first, blocks),
        content_type=f"{media_type}; charset=utf-8",
        headers={"Cache-Control": "no-store"},
    )
    answer.headers["Vary"] = "Accept"
    return answer


def _in_turn(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks, while no more than a few audiences are made at once. Raises Problem `busy` with the first."""
    if not _AT_ONCE.acquire(blocking=False):
        raise Problem("busy", headers={"Retry-After": _RETRY_AFTER})
    try:
        yield from blocks
    finally:
        _AT_ONCE.release()


class _Stream:
    """The first block and those after it; closed early, it ends the query behind them."""

    def __init__(self, first: bytes, blocks: Iterator[bytes]) -> None:
        self._all = chain([first] if first else [], blocks)
        self._blocks = blocks

    def __iter__(self) -> Iterator[bytes]:
        return self._all

    def __next__(self) -> bytes:
        return next(self._all)

    def close(self) -> None:
        close = getattr(self._blocks, "close", None)
        if close:
            close()


def _written_as(request: HttpRequest) -> tuple[Format, str]:
    """The format `Accept` prefers; lines of JSON where it does not mind."""
    preferred = request.get_preferred_type([_NDJSON, _CSV])
    if preferred is None:
        raise Problem("not_acceptable", detail=f"The answer is {_NDJSON} or {_CSV}.")
    return (Format.CSV, _CSV) if preferred == _CSV else (Format.NDJSON, _NDJSON)


def _from_json(line: str, number: int) -> PersonRef:
    try:
        named: Any = json.loads(line)
        return Person.model_validate(named).ref()
    except AddressInvalid as error:
        raise Problem("address_invalid", faults=[not_an_address(error, f"line {number}")]) from error
    except (ValueError, RecursionError, ValidationError) as error:
        message = "A line is an object that names a person by exactly one field."
        fault = Fault(location=f"line {number}", code="not_one", message=message)
        raise Problem("invalid", faults=[fault]) from error


def _from_text(line: str, number: int) -> PersonRef:
    kind = ContactKind.EMAIL if "@" in line else ContactKind.PHONE
    try:
        return PersonRef(kind=kind, address=normalize_address(kind=kind, value=line))
    except AddressInvalid as error:
        raise Problem("address_invalid", faults=[not_an_address(error, f"line {number}")]) from error
