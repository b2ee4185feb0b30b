"""Inputs for texts in several languages: one per language, each with its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babel import Locale, UnknownLocaleError
from django import forms
from django.template.loader import render_to_string
from django.utils.text import capfirst
from i18nfield.forms import I18nTextarea, I18nTextInput, I18nWidget
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget


def language_name(code: str) -> str:
    """What a language is called in itself; its code where it is not known."""
    try:
        name = Locale.parse(code, sep="-").display_name
    except (UnknownLocaleError, ValueError):
        name = None
    return capfirst(name or code)


class _LabelledLanguages(I18nWidget):
    # What stands in each language; holds for those that a form as it was sent had no input for.
    known: Mapping[str, str] = {}

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str | None]:
        return [
            self._input(position).value_from_datadict(data, files, f"{name}_{position}")
            if f"{name}_{position}" in data
            else self.known.get(locale)
            for position, locale in enumerate(self.locales)
        ]

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> str:
        values = value if isinstance(value, list) else self.decompress(value)
        own = self.build_attrs(attrs or {})
        field_id = own.pop("id", name)
        inputs = {
            locale: {
                "id": f"{field_id}_{position}",
                "label": language_name(locale),
                "html": self._input(position).render(
                    f"{name}_{position}", text, {**own, "id": f"{field_id}_{position}"}, renderer=renderer
                ),
            }
            for position, (locale, text) in enumerate(zip(self.locales, values, strict=True))
            if locale in self.enabled_locales
        }
        return render_to_string(
            "admin/preferences/languages.html",
            {"id": field_id, "inputs": [inputs[locale] for locale in self.enabled_locales]},
        )

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
