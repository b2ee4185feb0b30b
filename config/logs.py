"""Logs as JSON lines that hold no token and no address.

Paths carry tokens here, and exceptions quote what people typed. So a line names the route instead of the
path, and an exception by its class and the frames it came through, without its text.
"""

import json
import logging
import re
import time
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponseBase

logger = logging.getLogger("config.request")

# What lets the lines of one request be found together.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# Probes come every few seconds and say nothing while they succeed.
QUIET_ROUTES = frozenset({"healthz", "readyz"})

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# The loggers whose messages quote the path of the request.
_QUOTES_PATH = ("django.request", "django.security", "django.channels", "django.server")
_ADDRESS = re.compile(r"[^\s<>\"'=(),;:]+@[^\s<>\"'(),;:]+")


class RequestLogMiddleware:
    """Writes one line for each request: method, route name, status, milliseconds, request id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        start = time.perf_counter()
        identifier = uuid4().hex
        # Never taken back: Django writes its own line about a request after the last middleware is done.
        request_id.set(identifier)
        response = self.get_response(request)
        route = request.resolver_match.view_name if request.resolver_match else None
        if route not in QUIET_ROUTES or response.status_code >= 400:
            logger.info(
                "request",
                extra={
                    "fields": {
                        "method": request.method if request.method in METHODS else "other",
                        "route": route,
                        "status": response.status_code,
                        "ms": round((time.perf_counter() - start) * 1000, 1),
                    }
                },
            )
        response["X-Request-ID"] = identifier
        return response


# json.dumps with arguments would make an encoder for every line.
_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode


class JsonFormatter(logging.Formatter):
    """Formats any record as one JSON line, without what could be a token or an address."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": message_without_secrets(record),
        }
        if identifier := request_id.get():
            line["request"] = identifier
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = frames_without_values(record.exc_info[1])
        return _encode(line)


def message_without_secrets(record: logging.LogRecord) -> str:
    """The record's text with addresses masked; for Django's own request records the status alone."""
    if record.name.startswith(_QUOTES_PATH) or hasattr(record, "request"):
        status = getattr(record, "status_code", None)
        return HTTPStatus(status).phrase if status in set(HTTPStatus) else "Refused request"
    return _ADDRESS.sub("…@…", record.getMessage())


def frames_without_values(exception: BaseException) -> list[str]:
    """The chain of exceptions as "Class" lines and "file:line function" lines, oldest first.

    The texts of exceptions are left out: a database error quotes the row it refused.
    """
    lines: list[str] = []
    chain: list[BaseException] = []
    current: BaseException | None = exception
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    for link in reversed(chain):
        lines.append(f"{type(link).__module__}.{type(link).__qualname__}")
        lines.extend(
            f"  {frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(link.__traceback__)
        )
    return lines
