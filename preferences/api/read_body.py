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
# A list is read line by line: some five million addresses.
LARGEST_LIST = 256 * 1024 * 1024
# No address or JSON object that names a person is longer.
LONGEST_LINE = 4096
_BLOCK = 64 * 1024
_NO_BODY = 10**18


class BodyParser(Parser):
    """Reads JSON as RFC 8259 has it: UTF-8, no NaN, no nesting that is not ours."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            return json.loads(request.body, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise Problem("body_not_json") from error


def take_in_body(request: HttpRequest) -> None:
    """Read a JSON body where `request.body` finds it; one that is empty is of any type.

    Raises Problem `media_type_unsupported`, `length_required`, `body_too_large`, `body_incomplete`,
    `body_not_utf8`.
    """
    if is_empty(request):
        return
    if _length(request) > LARGEST_BODY:
        raise Problem("body_too_large")
    if request.content_type != "application/json":
        raise Problem("media_type_unsupported", detail="The body must be application/json.")
    blocks: list[bytes] = []
    left = LARGEST_BODY
    for block in _blocks(request):
        blocks.append(block)
        left -= len(block)
        if left < 0:
            raise Problem("body_too_large")
    body = b"".join(blocks)
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Problem("body_not_utf8") from error
    # The limit of `request.body` is meant for forms; this one has been kept already.
    request._body = body  # noqa: SLF001


def is_empty(request: HttpRequest) -> bool:
    """Whether nothing is sent as a body."""
    return _length(request) == 0 and not _is_chunked(request)


def lines_of(request: HttpRequest) -> Iterator[tuple[int, str]]:
    """The lines of a body of any size, numbered from 1, empty ones left out. Never holds more than a block of them.

    Raises Problem `length_required`, `body_too_large`, `body_incomplete`, and `body_not_utf8` and `invalid`, each
    naming the line.
    """
    if _length(request) > LARGEST_LIST:
        raise Problem("body_too_large")
    number, rest, left = 0, b"", LARGEST_LIST
    for block in _blocks(request):
        left -= len(block)
        if left < 0:
            raise Problem("body_too_large")
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            number += 1
            if text := _text_of(line, number):
                yield number, text
        if len(rest) > LONGEST_LINE:
            break
    if text := _text_of(rest, number + 1):
        yield number + 1, text


def _text_of(line: bytes, number: int) -> str:
    where = f"line {number}"
    if len(line) > LONGEST_LINE:
        message = f"A line has at most {LONGEST_LINE} bytes."
        raise Problem("invalid", faults=[Fault(location=where, code="line_too_long", message=message)])
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
    except UnicodeDecodeError as error:
        fault = Fault(location=where, code="body_not_utf8", message="The line is not UTF-8.")
        raise Problem("body_not_utf8", faults=[fault]) from error


def _blocks(request: Any) -> Iterator[bytes]:
    """The body as it comes in.

    Of one that comes in chunks, without its length, Django hands on nothing; the server does where it can tell its end.
    By blocks rather than by lines: not every server's stream knows lines of limited length. Raises Problem
    `length_required`, and `body_incomplete` where the sender went away.
    """
    stream, missing = request, _length(request)
    if _is_chunked(request):
        if not request.environ.get("wsgi.input_terminated"):
            raise Problem("length_required")
        stream, missing = request.environ["wsgi.input"], 0
    while block := stream.read(_BLOCK):
        missing -= len(block)
        yield block
    if missing > 0:
        # Half a list must not pass for a list.
        raise Problem("body_incomplete")


def _is_chunked(request: HttpRequest) -> bool:
    return "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()


def _length(request: HttpRequest) -> int:
    # What is no number Django takes for an empty body, and hands on nothing.
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()):
        return 0
    # Python reads no number of thousands of digits, and no body is as long as one of nineteen says.
    return int(length) if len(length) < len(str(_NO_BODY)) else _NO_BODY


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
