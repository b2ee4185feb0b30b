"""The inbox: messages that wait for staff, oldest first, and all others by filter or search."""

from __future__ import annotations

import contextlib
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from preferences.admin.event_filters import BrandFilter
from preferences.admin.message_deadline import deadline_of
from preferences.admin.message_filters import (
    AssignedFilter,
    DueFilter,
    HoldFilter,
    KindFilter,
    StateFilter,
    state_shown,
)
from preferences.admin.message_page import message_view
from preferences.admin.message_raw import raw_view
from preferences.admin.message_steps import (
    hand_over_view,
    reachable_view,
    release_view,
    reopen_view,
    take_view,
)
from preferences.admin.read_only import ReadOnlyAdmin
from preferences.admin.search import NUMBER
from preferences.enums import ContactKind, MessageState
from preferences.identity import AddressInvalid, normalize_address
from preferences.models import Message


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_select_related = ["brand", "recipient", "assigned_to"]
    list_filter = [StateFilter, DueFilter, AssignedFilter, HoldFilter, KindFilter, BrandFilter]
    list_filter_submit = True
    list_filter_sheet = True
    # The box appears where this is not empty; what it searches is find_messages' business.
    search_fields = ["pk"]
    search_help_text = _("Whole address of the sender, or #number")
    list_before_template = "admin/preferences/messages_before.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return super().get_queryset(request).defer("raw", "text", "evidence")

    def get_ordering(self, request: HttpRequest) -> list[str]:
        """The oldest first of what waits. Of the rest there may be millions: the newest first, by the primary key."""
        return ["received_at", "pk"] if state_shown(request) == MessageState.WAITING else ["-pk"]

    def get_list_display(self, request: HttpRequest) -> list[str]:
        takes = request.user.has_perm("preferences.handle_message")
        assigned = "assigned_or_take" if takes else "assigned"
        standing = "deadline" if state_shown(request) == MessageState.WAITING else "standing"
        return ["about", "received", standing, "why", "brand", "person", assigned]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(find_messages(text=search_term)), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        return super().changelist_view(request, {"title": _("Inbox"), **(extra_context or {})})

    def own_urls(self) -> list[URLPattern]:
        return [
            path(
                route,
                self.admin_site.admin_view(view),
                {"model_admin": self},
                name=f"preferences_message_{name}",
            )
            for route, view, name in [
                ("<int:message_id>/", message_view, "change"),
                ("<int:message_id>/raw/", raw_view, "raw"),
                ("<int:message_id>/raw/<int:copy_id>/", raw_view, "copy"),
                ("<int:message_id>/take/", take_view, "take"),
                ("<int:message_id>/hand-over/", hand_over_view, "hand_over"),
                ("<int:message_id>/release/", release_view, "release"),
                ("<int:message_id>/reopen/", reopen_view, "reopen"),
                ("<int:message_id>/reachable/", reachable_view, "reachable"),
            ]
        ]

    @admin.display(description=_("message"))
    def about(self, obj: Message) -> SafeString:
        return format_html(
            '<a class="link" href="{}">#{}</a> {}<span class="subtle line long message-line"><bdi>{}</bdi></span>',
            *(_page(obj), obj.pk, obj.get_kind_display()),
            Truncator(obj.subject).chars(60),
        )

    @admin.display(description=_("received"))
    def received(self, obj: Message) -> str:
        return format_html(
            '<span class="one-line">{}</span>',
            date_format(timezone.localtime(obj.received_at), "j M Y, H:i"),
        )

    @admin.display(description=_("deadline"))
    def deadline(self, obj: Message) -> SafeString | str:
        deadline = deadline_of(obj, now=timezone.now())
        if deadline is None:
            return "–"
        return format_html(
            '<span class="mark mark--{}">{}</span> <span class="subtle line">{}</span>',
            *(deadline.sign, deadline.words, deadline.clock.name if deadline.clock else ""),
        )

    @admin.display(description=_("state"))
    def standing(self, obj: Message) -> SafeString | str:
        if obj.state != MessageState.WAITING:
            return obj.get_state_display()
        return format_html('{}<span class="line">{}</span>', obj.get_state_display(), self.deadline(obj))

    @admin.display(description=_("why it waits"))
    def why(self, obj: Message) -> str:
        return obj.get_hold_display() or "–"

    @admin.display(description=_("person"))
    def person(self, obj: Message) -> SafeString:
        # On a phone the list has no heads of columns.
        label = format_html('<span class="phone-label">{}</span>', gettext("Person"))
        if obj.recipient_id is None:
            return format_html("{} {}", label, gettext("Unknown"))
        url = reverse("admin:preferences_recipient_change", args=[obj.recipient_id])
        return format_html('{} <a class="link" href="{}">#{}</a>', label, url, obj.recipient_id)

    @admin.display(description=_("assigned to"))
    def assigned(self, obj: Message) -> str:
        return str(obj.assigned_to or "–")

    @admin.display(description=_("assigned to"))
    def assigned_or_take(self, obj: Message) -> SafeString | str:
        if obj.assigned_to or obj.state != MessageState.WAITING:
            return self.assigned(obj)
        # The list stands in a form that posts and has its token.
        return format_html(
            '<button class="action action--small" type="submit" formaction="{}">{}'
            '<span class="visually-hidden"> #{}</span></button>',
            reverse("admin:preferences_message_take", args=[obj.pk]),
            gettext("Take"),
            obj.pk,
        )


def find_messages(*, text: str) -> Q:
    """What selects the messages from an address, however it is spelled, or the one with a number (12 or #12)."""
    found = Q(pk__in=[])
    if match := NUMBER.fullmatch(text.strip()):
        found |= Q(pk=int(match[1]))
    with contextlib.suppress(AddressInvalid):
        found |= Q(sender=normalize_address(kind=ContactKind.EMAIL, value=text))
    return found


def _page(message: Message) -> str:
    return reverse("admin:preferences_message_change", args=[message.pk])
