"""The forms in which staff write down a site: itself, the categories it asks about, and their cookies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from i18nfield.forms import I18nFormField
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from preferences.admin.catalogue import RetirableForm
from preferences.admin.translated import language_name
from preferences.cookies.read_words import shipped_words
from preferences.enums import CookieCategory
from preferences.models import Site, SiteCategory, SiteCookie
from preferences.models.cookies import validate_origin


def languages_offered() -> list[str]:
    """The languages that the banner has words in. Inputs of translated texts go by the places in this list."""
    return list(shipped_words())


def languages_shown(*, data: Mapping[str, Any] | None, site: Site) -> list[str]:
    """The languages the forms of a site have inputs for, the first in front.

    Where forms were sent: those just chosen, then those in which something may have been typed.
    """
    if data is None or not hasattr(data, "getlist"):
        return site.languages
    chosen = [data.get("first_language"), *data.getlist("other_languages")]
    sent = [code for place, code in enumerate(languages_offered()) if f"title_{place}" in data]
    return list(dict.fromkeys(code for code in [*chosen, *sent] if code in languages_offered()))


class OriginsField(forms.Field):
    """Origins, one a line. What is wrong with one is said with the number of its line."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        return list(dict.fromkeys(line.strip() for line in lines if line.strip()))

    def clean(self, value: Any) -> list[str]:
        problems = []
        for number, line in enumerate(str(value or "").splitlines(), start=1):
            try:
                if line.strip():
                    validate_origin(line.strip())
            except ValidationError as error:
                problems.append(
                    ValidationError(
                        _("Line %(number)s, %(line)s: %(problem)s"),
                        code="origin",
                        params={"number": number, "line": line.strip()[:200], "problem": error.message},
                    )
                )
        if problems:
            raise ValidationError(problems)
        origins: list[str] = super().clean(value)
        return origins


class InLanguages(forms.ModelForm):
    """Has inputs for some of the languages offered. Of the others, what was written in them is kept."""

    def __init__(self, *args: Any, languages: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.languages = list(languages)
        for name, field in self.fields.items():
            if isinstance(field, I18nFormField):
                written = getattr(self.initial.get(name), "data", None)
                field.widget.enabled_locales = self.languages
                field.widget.known = written if isinstance(written, dict) else {}


class NewSiteForm(forms.ModelForm):
    """What a site is and which languages it speaks. Its texts come after that, in those languages."""

    origins = OriginsField(
        label=_("Origins"), help_text=_("From where choices are taken: https://www.example.com, one a line.")
    )
    first_language = forms.ChoiceField(
        label=_("First language"),
        widget=UnfoldAdminSelectWidget,
        help_text=_(
            "Stands in for every language the banner does not speak. What is said in it about a category or a "
            "cookie asks everybody again when it changes; in the others it asks nobody."
        ),
    )
    other_languages = forms.MultipleChoiceField(
        label=_("Other languages"), required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = Site
        fields = ["key", "name", "brand", "origins"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first, *others = self.instance.languages or [code for code, _name in settings.LANGUAGES]
        self.initial.setdefault("first_language", first)
        self.initial.setdefault("other_languages", others)
        choices = [(code, language_name(code)) for code in languages_offered()]
        for name in {"first_language", "other_languages"} & self.fields.keys():
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if "first_language" in data and "other_languages" in data:
            # Those it had keep their order, so that nothing seems changed that is not.
            chosen = {*data["other_languages"]} - {data["first_language"]}
            had = [code for code in self.instance.languages or [] if code in chosen]
            self.instance.languages = [data["first_language"], *had, *sorted(chosen - {*had})]
        return data


class SiteForm(NewSiteForm, InLanguages, RetirableForm):
    # Why what was sent could be saved but not published; set by the view that found out.
    problem = ""

    class Meta(NewSiteForm.Meta):
        fields = [
            *NewSiteForm.Meta.fields,
            "title",
            "text",
            "notice_url",
            "cookie_domain",
            "days",
            "consent_mode",
        ]
        widgets = {"consent_mode": UnfoldBooleanSwitchWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        data = args[0] if args else kwargs.get("data")
        super().__init__(*args, languages=languages_shown(data=data, site=kwargs["instance"]), **kwargs)
        if "retired" in self.fields:
            self.fields["retired"].help_text = _(
                "The banner is no longer served and no choice is taken. Scripts that wait for a yes do not start."
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if self.problem:
            raise ValidationError(self.problem, code="not_publishable")
        domain = data.get("cookie_domain")
        for origin in (data.get("origins") or []) if domain else []:
            host = urlsplit(origin).hostname or ""
            if host != domain and not host.endswith(f".{domain}"):
                self.add_error(
                    "cookie_domain",
                    ValidationError(
                        _("%(origin)s is not below %(domain)s: a browser would not keep the choice there."),
                        code="cookie_domain",
                        params={"origin": origin, "domain": domain},
                    ),
                )
        return data


class CategoryForm(InLanguages):
    class Meta:
        model = SiteCategory
        fields = ["category", "description"]
        help_texts = {
            "description": _(
                "Where it is empty, the standard description of the language. In the first language, a change asks "
                "everybody again."
            )
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "category" in self.fields:
            # Cookies lie in it.
            self.fields["category"].disabled = True


class CategoryFormSet(PaginationInlineFormSet):
    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = {form.cleaned_data.get("category") for form in self.forms if form not in self.deleted_forms}
        if CookieCategory.NECESSARY not in kept:
            raise ValidationError(
                _("The necessary cookies stay on the list: the one that keeps the choice is among them."),
                code="necessary",
            )


class CookieForm(InLanguages):
    class Meta:
        model = SiteCookie
        fields = ["category", "name", "provider", "purpose", "lifetime"]


def lying_outside(site: Site) -> Promise | str:
    """Which cookies of a site lie in a category it does not ask about, as a sentence; "" where none does."""
    asked = set(site.categories.values_list("category", flat=True))
    outside = [cookie for cookie in site.cookies.order_by("pk") if cookie.category not in asked]
    if not outside:
        return ""
    return _("%(cookies)s: the site has no such category. Add it, or put the cookie into another.") % {
        "cookies": ", ".join(f"{cookie.name} ({cookie.get_category_display()})" for cookie in outside)
    }


def unwritten(site: Site) -> Promise | str:
    """In which languages of a site something is missing about its cookies, as a sentence; "" where nothing is."""
    texts = [text.data for cookie in site.cookies.all() for text in (cookie.purpose, cookie.lifetime)]
    missing = [
        language_name(code)
        for code in site.languages
        if any(isinstance(text, dict) and not text.get(code) for text in texts)
    ]
    if not missing:
        return ""
    return _(
        "Not everything about the cookies is written in every language. Missing in: %(languages)s. There the "
        "banner says it in another language."
    ) % {"languages": ", ".join(missing)}
