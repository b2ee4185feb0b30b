"""All there is to know about one person: how everything stands, and how it came to be so."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from preferences.admin.facts import PERMISSIONS
from preferences.admin.mails import attempts_of
from preferences.admin.words import REASONS, SOURCES
from preferences.decisions.history import history_of, merges_of
from preferences.decisions.page import PreferencePage, Stop, Switch, page_for
from preferences.decisions.rules_in_force import current_rules
from preferences.enums import MessageKind, Source
from preferences.models import Bounce, Mail, Message, Recipient, Suppression
from preferences.rules.evaluate import Facts, too_young

_TIMELINE_LENGTH = 50
_SALES_SHOWN = 10
_MAIL_SHOWN = 10


def recipient_view(request: HttpRequest, recipient_id: int, model_admin: ModelAdmin) -> HttpResponseBase:
    """State, contact points, merges and the timeline; `?before=` pages on through the timeline."""
    if not request.user.has_perms(["preferences.view_recipient", "preferences.view_event"]):
        raise PermissionDenied
    recipient = get_object_or_404(Recipient.objects.select_related("account"), pk=recipient_id)
    now = timezone.now()
    page = page_for(recipient=recipient, now=now)
    before = request.GET.get("before", "")
    timeline = history_of(
        recipient=recipient.pk,
        choices=page.choices,
        limit=_TIMELINE_LENGTH + 1,
        before=int(before) if before.isdecimal() and len(before) < 19 else None,
    )
    may_act = request.user.has_perm("preferences.act_on_behalf") and not recipient.erased_at
    return TemplateResponse(
        request,
        "admin/preferences/recipient.html",
        {
            **model_admin.admin_site.each_context(request),
            "model_admin": model_admin,
            "title": f"#{recipient.pk}",
            "recipient": recipient,
            "addresses": _addresses(recipient),
            "sales": recipient.sales.select_related("brand").order_by("-sold_on", "-pk")[:_SALES_SHOWN],
            "age": _age(recipient, today=now.date()),
            **_mail(request, recipient),
            "merges": merges_of(recipient=recipient.pk),
            "sections": _sections(page),
            "stops": _broad_stops(page),
            "timeline": [
                {"entry": entry, "source": SOURCES[Source(entry.event.source)]}
                for entry in timeline[:_TIMELINE_LENGTH]
            ],
            "older": timeline[_TIMELINE_LENGTH - 1].event.pk if len(timeline) > _TIMELINE_LENGTH else None,
            "is_newest": not before,
            "may_edit": any(request.user.has_perm(permission) for permission in PERMISSIONS.values())
            and not (recipient.erased_at or recipient.merged_into_id),
            "may_act": may_act and not recipient.merged_into_id,
            "may_erase": request.user.has_perm("preferences.erase_recipient")
            and not (recipient.erased_at or recipient.merged_into_id),
        },
    )


def _mail(request: HttpRequest, recipient: Recipient) -> dict[str, Any]:
    """What the person wrote to us, what came back from their addresses and what we mailed them; the latest of each."""
    shown: dict[str, Any] = {}
    # What was written as another record before a merge is theirs as well. By a subquery: an OR across the join would
    # read every message there is.
    person = Recipient.objects.filter(Q(pk=recipient.pk) | Q(merged_into=recipient)).values("pk")
    if request.user.has_perm("preferences.view_message"):
        messages = Message.objects.filter(recipient__in=person).exclude(kind=MessageKind.BOUNCE)
        received = messages.only("recipient", "received_at", "kind", "state", "subject")
        bounces = Bounce.objects.filter(contact_point__recipient=recipient).select_related("contact_point")
        shown["received"] = received.order_by("-pk")[:_MAIL_SHOWN]
        shown["bounces"] = bounces.order_by("-bounced_at", "-pk")[:_MAIL_SHOWN]
    if request.user.has_perm("preferences.view_mail"):
        mails = Mail.objects.filter(recipient__in=person).defer("text").prefetch_related("attempts")
        shown["mails"] = [
            {"mail": mail, "attempts": attempts_of(mail)} for mail in mails.order_by("-pk")[:_MAIL_SHOWN]
        ]
    return shown


def _addresses(recipient: Recipient) -> list[dict[str, Any]]:
    """The contact points, each with the suppression that is in force for it or for its domain."""
    points = list(recipient.contact_points.order_by("pk"))
    domains = {point.pk: point.domain for point in points}
    in_force = Suppression.objects.in_force().filter(
        Q(address_hash__in=[bytes(point.address_hash) for point in points])
        | Q(domain__in=[domain for domain in domains.values() if domain])
    )
    suppressions = list(in_force) if points else []
    by_hash = {bytes(row.address_hash): row for row in suppressions if row.address_hash}
    by_domain = {row.domain: row for row in suppressions if row.domain}
    return [
        {
            "point": point,
            "suppression": by_hash.get(bytes(point.address_hash)) or by_domain.get(domains[point.pk]),
        }
        for point in points
    ]


def _age(recipient: Recipient, *, today: dt.date) -> str:
    """What is known of the person's age: whether it is enough where they live, not the date."""
    if recipient.born_on is None:
        return ""
    country = current_rules().country_facts(recipient.country)
    words = {"age": country.minimum_age}
    if country.minimum_age is None:
        return _("known; the law of the country names no minimum")
    if too_young(facts=Facts(born_on=recipient.born_on), country=country, today=today):
        return _("below the minimum of %(age)s years") % words
    return _("at least the minimum of %(age)s years") % words


def _sections(page: PreferencePage) -> list[dict[str, Any]]:
    """The state now: per brand each topic and channel, then the profiling purposes."""
    sections: list[dict[str, Any]] = [
        {
            "title": section.brand.name,
            "rows": [
                {"name": topic.name, "switches": [_switch(switch) for switch in topic.switches]}
                for topic in section.topics
            ],
        }
        for section in page.brands
    ]
    if page.profiling:
        sections.append(
            {
                "title": _("Profiling"),
                "rows": [{"name": row.name, "switches": [_switch(row.switch)]} for row in page.profiling],
                "is_profiling": True,
            }
        )
    return sections


def _broad_stops(page: PreferencePage) -> list[Stop]:
    """What is stopped as a whole; of two stops, one of which covers the other, the wider."""
    stopped = [stop for stop in page.stops if stop.stopped]
    return [
        stop
        for stop in stopped
        if not any(other.scope.covers(stop.scope) for other in stopped if other is not stop)
    ]


def _switch(switch: Switch) -> dict[str, Any]:
    statement = switch.verdict.statement
    return {
        "field": switch.field,
        "label": switch.label,
        "allowed": switch.on,
        "reasons": [
            REASONS[reason] for reason in (switch.verdict.obstructed, switch.verdict.reason) if reason
        ],
        "since": statement.occurred_at if statement else None,
    }
