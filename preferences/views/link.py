"""The preference page opened by a manage link, `/p/<token>/`."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from preferences.enums import ContactKind, Source
from preferences.ledger import Evidence
from preferences.mail.request_link import LinkRefused, request_link
from preferences.models import Brand, ContactPoint
from preferences.tokens import TokenInvalid, read_manage_token
from preferences.views.client import client_of
from preferences.views.language import prefer_language
from preferences.views.linked import LinkUnreadable, contact_point_of, link_page
from preferences.views.preference_page import Door, answer_preference_page


@link_page
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Show and change everything. A link past its freshness still stops things, and offers to mail a fresh one."""
    now = timezone.now()
    try:
        manage = read_manage_token(token)
    except TokenInvalid as error:
        raise LinkUnreadable from error
    point = contact_point_of(recipient=manage.recipient, contact_point=manage.contact_point)
    if point is None:
        raise LinkUnreadable
    prefer_language(request, point.recipient.language)
    if request.method == "POST" and "send_fresh" in request.POST:
        return _send_fresh(request, reached_at=point, now=now)
    fresh = manage.is_fresh(now=now, days=settings.MANAGE_LINK_DAYS)
    door = Door(
        recipient=point.recipient,
        evidence=Evidence(source=Source.LINK, fresh=fresh, notice=True),
        may_widen=fresh,
        address=point.masked,
        contact_point=point.pk,
        brand=Brand.objects.filter(pk=manage.brand).first() if manage.brand else None,
    )
    return answer_preference_page(request, door=door, now=now)


def _send_fresh(request: HttpRequest, *, reached_at: ContactPoint, now: dt.datetime) -> HttpResponse:
    """Have a fresh link mailed: to the address this one came to, or where that was a number or a letter box, to the
    person's own e-mail address. Somebody who has none is told the same as everybody."""
    recipient = reached_at.recipient
    point: ContactPoint | None = reached_at
    if reached_at.kind != ContactKind.EMAIL:
        emails = recipient.contact_points.filter(kind=ContactKind.EMAIL)
        point = emails.order_by(F("verified_at").asc(nulls_last=True), "pk").first()
    if point is not None:
        try:
            request_link(
                address=point.normalized,
                client=client_of(request),
                language=recipient.language,
                now=now,
            )
        except LinkRefused:
            return render(request, "preferences/send_link_later.html", status=429)
    return render(request, "preferences/send_link_done.html")
