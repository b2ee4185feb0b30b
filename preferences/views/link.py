"""The preference page opened by a manage link, `/p/<token>/`."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from preferences.enums import Source
from preferences.ledger import Evidence
from preferences.mail.request_link import LinkRefused, request_link
from preferences.models import Brand
from preferences.tokens import TokenInvalid, read_manage_token
from preferences.views.client import client_of
from preferences.views.linked import LinkUnreadable, holder_of, link_page
from preferences.views.preference_page import Door, answer_preference_page


@link_page
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Show and change everything. A link past its freshness still stops things, and offers to mail a fresh one."""
    now = timezone.now()
    try:
        manage = read_manage_token(token)
    except TokenInvalid as error:
        raise LinkUnreadable from error
    holder = holder_of(request, recipient=manage.recipient, contact_point=manage.contact_point)
    if request.method == "POST" and "send_fresh" in request.POST:
        return _send_fresh(request, address=holder.contact_point.value, language=holder.recipient.language)
    fresh = manage.is_fresh(now=now, days=settings.MANAGE_LINK_DAYS)
    door = Door(
        recipient=holder.recipient,
        evidence=Evidence(source=Source.LINK, fresh=fresh),
        may_widen=fresh,
        address=holder.contact_point.masked,
        contact_point=holder.contact_point.pk,
        brand=Brand.objects.filter(pk=manage.brand).first() if manage.brand else None,
    )
    return answer_preference_page(request, door=door, now=now)


def _send_fresh(request: HttpRequest, *, address: str, language: str) -> HttpResponse:
    try:
        request_link(address=address, client=client_of(request), language=language, now=timezone.now())
    except LinkRefused:
        return render(request, "preferences/send_link_later.html", status=429)
    return render(request, "preferences/send_link_done.html")
