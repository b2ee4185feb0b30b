"""What every page opened by a link has in common."""

from __future__ import annotations

import functools
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from preferences.ledger import RecipientGone
from preferences.models import ContactPoint, Recipient


class LinkUnreadable(Exception):
    """The link leads to nobody: a broken or withdrawn token, an unknown or an erased person. All look the same."""


def contact_point_of(*, recipient: int, contact_point: int) -> ContactPoint | None:
    """The contact point a token names, with its recipient, if it still is that person's, through any merge.

    None where it is gone, or another person's by now: whoever reads it then must not see what its former owner
    chose. One query, two after a merge.
    """
    point = ContactPoint.objects.select_related("recipient").filter(pk=contact_point).first()
    if point is None or point.recipient_id == recipient:
        return point
    merged = Recipient.objects.filter(pk=recipient, merged_into=point.recipient_id).exists()
    return point if merged else None


def recipient_of(*, recipient: int) -> Recipient:
    """The person a token names, through any merge. Raises LinkUnreadable where there is none any more. One query."""
    named = Recipient.objects.select_related("merged_into").filter(pk=recipient).first()
    if named is None or named.erased_at:
        raise LinkUnreadable
    return named.merged_into or named


def link_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Make a view of a page that a token in the path opens.

    No CSRF token: whoever can write the URL holds the authority already, and no cookie adds to it. The answer is
    never stored, indexed or told to the next site (a view may set another referrer policy that tells it as little).
    An unreadable link gets the same page whatever is wrong with it.
    """

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except (LinkUnreadable, RecipientGone):
            response = render(request, "preferences/link_unreadable.html", status=404)
        response.headers["Cache-Control"] = "no-store"
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return csrf_exempt(require_http_methods(["GET", "HEAD", "POST"])(wrapped))
