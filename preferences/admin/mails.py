"""The mails we sent, each with what became of every attempt. Read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from preferences.admin.event_filters import BrandFilter, ColumnFilter
from preferences.admin.read_only import ReadOnlyAdmin
from preferences.admin.search import NUMBER
from preferences.enums import AttemptOutcome, ContactKind, MailKind
from preferences.identity import mask_address
from preferences.mail.deliver import NOT_NEEDED
from preferences.models import Mail, MailAttempt


class KindFilter(ColumnFilter):
    title = _("kind")
    parameter_name = column = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(MailKind.choices)


class OutcomeFilter(DropdownFilter):
    title = _("what became of it")
    parameter_name = "became"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("given_up", _("Could not be sent")), ("unsent", _("Not sent yet"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        # What was not needed any more when its time came is not among them, as on the start page.
        given_up = MailAttempt.objects.filter(outcome=AttemptOutcome.GIVEN_UP).exclude(detail=NOT_NEEDED)
        match self.value():
            case "given_up":
                return queryset.filter(pk__in=given_up.values("mail"))
            case "unsent":
                return queryset.filter(pk__in=Mail.objects.unfinished(), content_deleted_at=None)
        return queryset


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    list_display = ["number", "created", "kind", "about", "brand", "person", "became"]
    list_select_related = ["brand"]
    list_filter = [OutcomeFilter, KindFilter, BrandFilter]
    list_filter_submit = True
    list_filter_sheet = True
    search_fields = ["pk"]
    search_help_text = _("#number or whole Message-ID")
    ordering = ["-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mail]:
        return super().get_queryset(request).defer("text").prefetch_related("attempts")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        found = Q(message_id=text)
        if match := NUMBER.fullmatch(text):
            found |= Q(pk=int(match[1]))
        return queryset.filter(found), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        return super().changelist_view(request, {"title": _("Mails of ours"), **(extra_context or {})})

    def own_urls(self) -> list[URLPattern]:
        return [
            path("<int:mail_id>/", self.admin_site.admin_view(self.mail_view), name="preferences_mail_change")
        ]

    def mail_view(self, request: HttpRequest, mail_id: int) -> HttpResponseBase:
        """One mail as it was sent, but for its tokens, with its attempts."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        mail = get_object_or_404(
            Mail.objects.select_related("brand", "contact_point").prefetch_related("attempts"), pk=mail_id
        )
        point = mail.contact_point
        return TemplateResponse(
            request,
            "admin/preferences/mail.html",
            {
                **self.admin_site.each_context(request),
                "model_admin": self,
                "title": gettext("Mail #%(number)s") % {"number": mail.pk},
                "mail": mail,
                "masked": mask_address(kind=ContactKind(point.kind), value=point.value) if point else "",
                "attempts": attempts_of(mail),
            },
        )

    @admin.display(description=_("number"))
    def number(self, obj: Mail) -> SafeString:
        url = reverse("admin:preferences_mail_change", args=[obj.pk])
        return format_html('<a class="link" href="{}">#{}</a>', url, obj.pk)

    @admin.display(description=_("created"))
    def created(self, obj: Mail) -> SafeString:
        return format_html(
            '<span class="one-line">{}</span>', date_format(timezone.localtime(obj.created_at), "j M Y, H:i")
        )

    @admin.display(description=_("subject"))
    def about(self, obj: Mail) -> SafeString | str:
        if obj.content_deleted_at:
            return gettext("Content deleted")
        return format_html("<bdi>{}</bdi>", Truncator(obj.subject).chars(60))

    @admin.display(description=_("person"))
    def person(self, obj: Mail) -> SafeString | str:
        if obj.recipient_id is None:
            return "–"
        url = reverse("admin:preferences_recipient_change", args=[obj.recipient_id])
        return format_html('<a class="link" href="{}">#{}</a>', url, obj.recipient_id)

    @display(
        description=_("what became of it"),
        label={
            AttemptOutcome.SENT: "success",
            AttemptOutcome.PUT_OFF: "warning",
            AttemptOutcome.GIVEN_UP: "danger",
        },
    )
    def became(self, obj: Mail) -> tuple[str, str]:
        attempts = attempts_of(obj)
        if not attempts:
            return "", gettext("Waits to be sent")
        outcome = AttemptOutcome(attempts[-1].outcome)
        return outcome, str(outcome.label)


def attempts_of(mail: Mail) -> list[Any]:
    """The attempts at a mail whose attempts are loaded, in the order they were made."""
    return sorted(mail.attempts.all(), key=lambda attempt: attempt.number)
