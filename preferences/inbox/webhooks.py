"""What an e-mail service tells us: mail that came in, and what became of ours. anymail reads it, and it is stored."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from anymail.exceptions import AnymailAPIError, AnymailWebhookValidationFailure
from anymail.webhooks.base import AnymailBasicAuthMixin, AnymailCoreWebhookView
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils import timezone

from preferences.inbox.long_form import LongForm
from preferences.inbox.service_events import read_posted, unread_report
from preferences.inbox.store import Incoming, MessageRefused, require_storable, store_many

logger = logging.getLogger(__name__)

PREFIX = "/hooks/"

# After this many seconds the service may come again.
_RETRY_AFTER = 120
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
# What comes of reading a body that is not what the service would send. Reading is the library's, which looks at most
# of it without asking whether it is there.
_MALFORMED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    MultiPartParserError,
    SuspiciousOperation,
)


def is_hook(request: HttpRequest) -> bool:
    """Whether a request is for an address that e-mail services post to."""
    return request.path_info.startswith(PREFIX)


def answer_hook(request: HttpRequest) -> HttpResponseBase:
    """The answer to a request below /hooks/."""
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return _answer("Not found.", status=404)
    # For the log, which names the route.
    request.resolver_match = match
    response: HttpResponseBase = match.func(request, **match.kwargs)
    return response


def hook(request: HttpRequest, esp: str, what: str) -> HttpResponseBase:
    """Store what the e-mail service posts, all of it or nothing, and answer 200 when it is stored.

    Of several events those that cannot be read are stored together as one report, which waits for staff: most services
    do not come again with what was refused, and the others would be lost.

    `what` is the last part of the address that anymail knows: inbound, tracking, for Mailgun also inbound_mime.
    404 for a service other than the one in ESP, and without ESP_WEBHOOK_SECRET; 401 for another secret; 400 for a body
    of which nothing can be read, or that is not signed as it should be; 411 and 413 for one without length, or too
    large; 503 where it could not be stored.
    """
    try:
        view = _view(esp, what)
    except ImproperlyConfigured as error:
        logger.error("The webhooks of %s cannot be used: %s", settings.ESP, error)
        return _try_again()
    if view is None:
        return _answer("Not found.", status=404)
    view.setup(request)
    if request.method != "POST":
        # Some services ask for the address, to see whether it is there.
        return view.dispatch(request)
    try:
        # Before anything is read: only the service may send as much as a mail.
        AnymailBasicAuthMixin.validate_request(view, request)
    except AnymailWebhookValidationFailure:
        # Amazon sends no password before it is asked for one.
        challenge = {"WWW-Authenticate": 'Basic realm="webhooks"'}
        return _answer("Wrong user or password.", status=401, headers=challenge)
    return _take_in_body(request) or _store(view, request)


def _view(esp: str, what: str) -> AnymailCoreWebhookView | None:
    """anymail's view for this address, where the service is ours."""
    if esp != settings.ESP or not settings.ESP_WEBHOOK_SECRET:
        return None
    try:
        match = resolve(f"/{esp}/{what}/", "anymail.urls")
    except Resolver404:
        return None
    return match.func.view_class()  # type: ignore[attr-defined]


def _take_in_body(request: HttpRequest) -> HttpResponse | None:
    """Read the body where `request.body` and `request.POST` find it; an answer where that cannot be.

    Django's limit is for the forms of people. In JSON, with escapes and base64, a mail takes up to twice its bytes.
    """
    length = request.META.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdigit()):
        return _answer("The length of the body was not sent.", status=411)
    # Python reads no number of thousands of digits.
    if len(length) > 12 or int(length) > 2 * settings.MAIL_MAX_BYTES + settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        return _answer("The body is too large.", status=413)
    try:
        body = request.read(int(length))
    except UnreadablePostError:
        body = b""
    if len(body) < int(length):
        # Half a mail must not pass for a mail.
        return _answer("The body ended before its length was reached.", status=400)
    request._body = body  # noqa: SLF001 - where Django keeps it
    return None


def _store(view: AnymailCoreWebhookView, request: HttpRequest) -> HttpResponse:
    form = LongForm(request)
    request.upload_handlers = [form]
    try:
        view.run_validators(request)
        found = _read(view, request, form)
        if found:
            store_many(found, now=timezone.now())
    except MessageRefused as refused:
        return _answer("Refused.", status=413 if refused.code == "too_large" else 400)
    except DatabaseError:
        logger.exception("What %s sent could not be stored", settings.ESP)
        return _try_again()
    except ImproperlyConfigured as error:
        # The library's words for a post to the wrong one of our addresses.
        logger.error("A webhook of %s was refused: %s", settings.ESP, error)
        return _answer("Not what this address is for.", status=400)
    except (AnymailAPIError, OSError):
        # Of some services the mail, or what is attached to it, has to be fetched.
        logger.exception("What %s has for us could not be fetched", settings.ESP)
        return _try_again()
    except _MALFORMED as error:
        logger.warning("A webhook of %s was refused: %s", settings.ESP, type(error).__name__)
        return _answer("The body cannot be read, or its signature is wrong.", status=400)
    return _answer("OK")


@dataclass(frozen=True, slots=True)
class _Unread:
    """An event that cannot be read, as the service posted it, and why."""

    posted: Any
    error: Exception


def _read(view: AnymailCoreWebhookView, request: HttpRequest, form: LongForm) -> list[Incoming]:
    """What is to be stored of a post. Raises what reading raised where no event can be read."""
    # The library's views read each event by itself with this, but for Amazon's, who sends one at a time.
    if hasattr(view, "esp_to_anymail_event"):
        view.esp_to_anymail_event = _or_unread(view.esp_to_anymail_event)
    found: list[Incoming] = []
    unread: list[_Unread] = []
    events = view.parse_events(request)
    for event in events:
        read = event if isinstance(event, _Unread) else _incoming(event, form)
        if isinstance(read, _Unread):
            unread.append(read)
        elif read:
            found.append(read)
    if unread and len(unread) == len(events):
        raise unread[0].error
    if unread:
        logger.warning("Events of %s cannot be read: %s", settings.ESP, type(unread[0].error).__name__)
        report = unread_report([event.posted for event in unread])
        require_storable(report)
        found.append(report)
    return found


def _or_unread(read: Callable[..., Any]) -> Callable[..., Any]:
    def read_or_not(*posted: Any) -> Any:
        try:
            return read(*posted)
        except _MALFORMED as error:
            # SparkPost's is called with its kind before it, Resend's with the request after it.
            return _Unread(next((one for one in posted if isinstance(one, Mapping)), posted[0]), error)

    return read_or_not


def _incoming(event: Any, form: LongForm) -> Incoming | _Unread | None:
    source = _source(event, form)
    try:
        incoming = read_posted(event, source=source)
        if incoming:
            require_storable(incoming)
    except (MessageRefused, *_MALFORMED) as error:
        return _Unread(source, error)
    return incoming


def _source(event: Any, form: LongForm) -> Mapping[str, Any]:
    """What an event was read from: JSON, or a form."""
    if event is None:
        return {}
    if isinstance(event.esp_event, HttpRequest):
        return form.fields or event.esp_event.POST
    return event.esp_event if isinstance(event.esp_event, Mapping) else {}


def _try_again() -> HttpResponse:
    return _answer("Try again later.", status=503, headers={"Retry-After": str(_RETRY_AFTER)})


def _answer(text: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(
        f"{text}\n", status=status, content_type="text/plain", headers={**_HEADERS, **(headers or {})}
    )
