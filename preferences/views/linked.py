"""What every page opened by a link has in common."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from preferences.models import ContactPoint, Recipient
from preferences.views.language import prefer_language

logger = logging.getLogger(__name__)

# After this many seconds whoever could not be answered may try again.
_RETRY_AFTER = 120


class LinkUnreadable(Exception):
    """The link leads to nobody: a broken or withdrawn token, an unknown or an erased person. All look the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whom a link belongs to, and the contact point it was sent to."""

    recipient: Recipient
    contact_point: ContactPoint


def holder_of(request: HttpRequest, *, recipient: int, contact_point: int) -> Holder:
    """The person a token names, through any merge, in whose language the page is shown from here on. One query.

    Raises LinkUnreadable where the contact point is gone, as it is after an erasure, or is another person's by now.
    """
    point = ContactPoint.objects.select_related("recipient").filter(pk=contact_point).first()
    if point is None:
        raise LinkUnreadable
    if point.recipient_id != recipient:
        merged = Recipient.objects.filter(pk=recipient, merged_into=point.recipient_id).exists()
        if not merged:
            raise LinkUnreadable
    prefer_language(request, point.recipient.language)
    return Holder(recipient=point.recipient, contact_point=point)


def link_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Make a view of a page that a token in the path opens.

    No CSRF token: whoever can write the URL holds the authority already, and no cookie adds to it. The answer is
    never stored, indexed or told to the next site. An unreadable link gets the same page whatever is wrong with it,
    and a database that does not answer a 503 that asks to come again: a stop that was not stored is never a 200.
    """

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except LinkUnreadable:
            response = render(request, "preferences/link_unreadable.html", status=404)
        except DatabaseError:
            logger.exception("The database did not answer a link page")
            response = render(request, "preferences/try_again.html", status=503)
            response.headers["Retry-After"] = str(_RETRY_AFTER)
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return csrf_exempt(require_http_methods(["GET", "HEAD", "POST"])(wrapped))
