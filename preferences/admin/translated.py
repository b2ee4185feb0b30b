"""Inputs for texts in several languages: one per language, each with its name."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.template.loader import render_to_string
from i18nfield.forms import I18nTextarea, I18nTextInput, I18nWidget
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget


class _LabelledLanguages(I18nWidget):
    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> str:
        values = value if isinstance(value, list) else self.decompress(value)
        own = self.build_attrs(attrs or {})
        field_id = own.pop("id", name)
        languages = dict(settings.LANGUAGES)
        inputs = [
            {
                "id": f"{field_id}_{position}",
                "label": languages.get(locale, locale),
                "html": self._input(position).render(
                    f"{name}_{position}", text, {**own, "id": f"{field_id}_{position}"}, renderer=renderer
                ),
            }
            for position, (locale, text) in enumerate(zip(self.locales, values, strict=True))
            if locale in self.enabled_locales
        ]
        return render_to_string("admin/preferences/languages.html", {"id": field_id, "inputs": inputs})

    def _input(self, position: int) -> forms.Widget:
        widget: forms.Widget = self.widgets[position]
        return widget


class NameInput(_LabelledLanguages, I18nTextInput):
    """One line per language."""

    widget = UnfoldAdminTextInputWidget


class _FewLines(UnfoldAdminTextareaWidget):
    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs={**(attrs or {}), "rows": 4})


class TextInput(_LabelledLanguages, I18nTextarea):
    """A few lines per language."""

    widget = _FewLines
