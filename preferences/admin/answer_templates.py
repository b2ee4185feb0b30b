"""The texts staff answer an e-mail with."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from i18nfield.strings import LazyI18nString
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from preferences.admin.catalogue import CatalogueAdmin, RetirableForm
from preferences.enums import MessageKind
from preferences.inbox.handle import ANSWER_TEMPLATE
from preferences.inbox.settle import CHANGES
from preferences.models import AnswerTemplate, Brand

BRAND, PAGE = "{brand}", "{page}"

_PLACEHOLDER = re.compile(r"{[^{}]*}")


class AnswerTemplateForm(RetirableForm):
    kinds = forms.MultipleChoiceField(
        label=_("Suggested for"),
        choices=MessageKind.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = AnswerTemplate
        fields = ["key", "name", "kinds", "subject", "text", "position"]
        help_texts = {
            "text": _(
                "{changes} stands for what was stopped, {brand} for the name of the brand, "
                "{page} for the address where people get a link to their own page."
            )
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["retired"].help_text = _("No longer offered to staff, nor sent automatically.")

    def clean_subject(self) -> LazyI18nString:
        return _checked(self.cleaned_data["subject"], allowed={BRAND})

    def clean_text(self) -> LazyI18nString:
        key = self.instance.key or self.cleaned_data.get("key", "")
        # The worker answers with that one by itself, and fills in no page.
        page = set() if key == ANSWER_TEMPLATE else {PAGE}
        return _checked(self.cleaned_data["text"], allowed={CHANGES, BRAND} | page)


@admin.register(AnswerTemplate)
class AnswerTemplateAdmin(CatalogueAdmin):
    form = AnswerTemplateForm
    list_display = ["name", "key", "suggested_for", "standing"]
    fieldsets = [
        (None, {"fields": ["key", "name", "kinds", "subject", "text"]}),
        (_("Standing"), {"fields": ["position", "retired"]}),
    ]

    @admin.display(description=_("suggested for"))
    def suggested_for(self, obj: AnswerTemplate) -> str:
        return ", ".join(str(kind.label) for kind in MessageKind if kind in obj.kinds) or "–"


def placeholders_in(text: str) -> set[str]:
    """Whatever stands in braces in a text, braces included."""
    return set(_PLACEHOLDER.findall(text))


def filled(*, template: AnswerTemplate, language: str, brand: Brand | None) -> tuple[str, str]:
    """Subject and text in a language, as staff see them before they send them."""
    words = {
        # Without a brand, and for what was stopped, it is filled in when the mail is sent.
        BRAND: brand.name if brand else BRAND,
        PAGE: settings.BASE_URL.rstrip("/") + reverse("preferences:home"),
    }
    subject, text = template.subject.localize(language), template.text.localize(language)
    for placeholder, value in words.items():
        subject, text = subject.replace(placeholder, value), text.replace(placeholder, value)
    return subject, text


def _checked(text: LazyI18nString, *, allowed: set[str]) -> LazyI18nString:
    """Every placeholder must be one that is filled in; any other would be sent as it is written."""
    unknown = sorted(
        {found for words in text.data.values() for found in placeholders_in(words or "")} - allowed
    )
    if unknown:
        raise ValidationError(
            _("Nothing is filled in for %(unknown)s here. These may be used: %(allowed)s."),
            code="placeholder",
            params={"unknown": ", ".join(unknown), "allowed": ", ".join(sorted(allowed))},
        )
    return text
