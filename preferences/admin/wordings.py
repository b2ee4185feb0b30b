"""The templates staff write, and the exact texts people were shown."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from i18nfield.strings import LazyI18nString

from preferences.admin.catalogue import HistoryAdmin
from preferences.admin.read_only import ReadOnlyAdmin
from preferences.models import Wording, WordingTemplate
from preferences.models.wording import WordingKey

_PLACEHOLDER = re.compile(r"{[^{}]*}")


class WordingTemplateForm(forms.ModelForm):
    class Meta:
        model = WordingTemplate
        fields = ["text"]

    def clean_text(self) -> LazyI18nString:
        """Every placeholder must be one that is filled in; any other would stand on the page as it is written."""
        text: LazyI18nString = self.cleaned_data["text"]
        allowed = placeholders_of(self.instance.key)
        unknown = sorted(
            {found for words in text.data.values() for found in _PLACEHOLDER.findall(words or "")} - allowed
        )
        if unknown:
            raise ValidationError(
                _("Nothing is filled in for %(unknown)s here. These may be used: %(allowed)s."),
                code="placeholder",
                params={"unknown": ", ".join(unknown), "allowed": ", ".join(sorted(allowed)) or "–"},
            )
        return text


def placeholders_of(key: str) -> set[str]:
    """The placeholders a template may hold, braces included, as its key names them."""
    return set(_PLACEHOLDER.findall(str(WordingKey(key).label)))


@admin.register(WordingTemplate)
class WordingTemplateAdmin(HistoryAdmin):
    form = WordingTemplateForm
    fields = ["key", "text"]
    readonly_fields = ["key"]
    list_display = ["key", "beginning"]
    ordering = ["pk"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description=_("text"))
    def beginning(self, obj: WordingTemplate) -> str:
        return Truncator(str(obj.text)).chars(90)


@admin.register(Wording)
class WordingAdmin(ReadOnlyAdmin):
    list_display = ["short_hash", "language", "beginning", "created_at"]
    ordering = ["-created_at", "pk"]

    def own_urls(self) -> list[URLPattern]:
        return [
            path(
                "<slug:content_hash>/",
                self.admin_site.admin_view(self.text_view),
                name="preferences_wording_text",
            )
        ]

    def text_view(self, request: HttpRequest, content_hash: str) -> HttpResponseBase:
        """The exact text, and nothing but the text."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        wording = get_object_or_404(Wording, pk=content_hash)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "model_admin": self,
            "title": _("Wording shown"),
            "wording": wording,
        }
        return TemplateResponse(request, "admin/preferences/wording.html", context)

    @admin.display(description=_("content hash"))
    def short_hash(self, obj: Wording) -> str:
        return format_html(
            '<a class="link" href="{}"><code>{}</code></a>',
            reverse("admin:preferences_wording_text", args=[obj.pk]),
            obj,
        )

    @admin.display(description=_("text"))
    def beginning(self, obj: Wording) -> str:
        return Truncator(obj.text).chars(90)
