"""The body of a request, read within limits and as what it says it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from django.http import HttpRequest
from ninja.parser import Parser

from preferences.api.problems import Fault, Problem

# Ten thousand people named by addresses of usual length are half a megabyte.
LARGEST_BODY = 8 * 1024 * 1024
# No address or JSON object that names a person is longer.
LONGEST_LINE = 4096


class BodyParser(Parser):
    """Reads JSON as RFC 8259 has it: UTF-8, no NaN, no nesting that is not ours."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            return json.loads(request.body, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise Problem("body_not_json") from error


def take_in_body(request: HttpRequest) -> None:
    """Read a JSON body where `request.body` finds it; one that is empty is of any type.

    Raises Problem `media_type_unsupported`, `length_required`, `body_too_large`, `body_not_utf8`.
    """
    require_length(request)
    if is_empty(request):
        return
    if _length(request) > LARGEST_BODY:
        raise Problem("body_too_large")
    if request.content_type != "application/json":
        raise Problem("media_type_unsupported", detail="The body must be application/json.")
    body = request.read()
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Problem("body_not_utf8") from error
    # The limit of `request.body` is meant for forms; this one has been kept already.
    request._body = body  # noqa: SLF001


def is_empty(request: HttpRequest) -> bool:
    """Whether nothing was sent as a body."""
    return _length(request) == 0


def require_length(request: HttpRequest) -> None:
    """Raise Problem `length_required` for a body that comes in chunks: WSGI hands on none of it."""
    if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        raise Problem("length_required")


def lines_of(request: HttpRequest) -> Iterator[tuple[int, str]]:
    """The lines of a body of any size, numbered from 1, empty ones left out. Never holds more than one.

    Raises Problem `body_not_utf8` and `invalid`, each naming the line.
    """
    number = 0
    while line := request.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise Problem(
                "invalid",
                faults=[
                    Fault(
                        location=f"line {number}",
                        code="line_too_long",
                        message=(f"A line has at most {LONGEST_LINE} bytes."),
                    )
                ],
            )
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError as error:
            raise Problem(
                "body_not_utf8",
                faults=[
                    Fault(location=f"line {number}", code="body_not_utf8", message="The line is not UTF-8.")
                ],
            ) from error
        if text:
            yield number, text


def _length(request: HttpRequest) -> int:
    # What is no number Django takes for an empty body, and hands on nothing.
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isascii() and length.isdigit() else 0


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
