"""National law as staff edit it. Every edit is kept, and in force at once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F, QuerySet
from django.db.models.functions import JSONObject
from django.http import HttpRequest, HttpResponseBase
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from preferences.admin.catalogue import HistoryAdmin
from preferences.admin.event_filters import ColumnFilter
from preferences.admin.publish import publishing
from preferences.decisions.rules_in_force import current_rules
from preferences.enums import Channel, Confidence, Relationship, Requirement
from preferences.models import MarketingRule, ProfilingRule
from preferences.models.rules import Rule
from preferences.rules.countries import countries, country_name
from preferences.rules.values import ANY, STRICTNESS, VALUES, facts_missing

# What the stored words of a column are called.
LABELS: dict[str, dict[str, Any]] = {
    "requirement": dict(Requirement.choices),
    "confidence": dict(Confidence.choices),
}


def in_words(*, column: str, value: str) -> str:
    """The value of one of a rule's columns as staff read it."""
    return str(LABELS.get(column, {}).get(value, value))


def name_of(country: str) -> str:
    """The country in the reader's language, with its code; `*` in words."""
    if country == ANY:
        return gettext("Any country")
    return f"{country_name(country, language=get_language() or 'en')} ({country})"


class CountryFilter(ColumnFilter):
    title = _("country")
    parameter_name = column = "country"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        codes = model_admin.model.objects.order_by().values_list("country", flat=True).distinct()
        return sorted(((code, name_of(code)) for code in codes), key=lambda pair: (pair[0] != ANY, pair[1]))


class OriginFilter(ColumnFilter):
    """Where a row stands to the one that was shipped."""

    title = _("origin")
    parameter_name = "origin"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("shipped", _("As shipped")),
            ("edited", _("Edited by staff")),
            ("added", _("Added by staff")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        shipped = queryset.filter(shipped=JSONObject(**{name: F(name) for name in VALUES}))
        match self.value():
            case "shipped":
                return shipped
            case "edited":
                return queryset.exclude(shipped__isnull=True).exclude(pk__in=shipped.values("pk"))
            case "added":
                return queryset.filter(shipped__isnull=True)
        return queryset


class RuleAdmin(HistoryAdmin):
    """What both kinds of rules have in common."""

    where: tuple[str, ...] = ()
    search_fields = ["country", "law", "note"]
    search_help_text = _("Country code, law or note")
    list_filter_submit = True
    list_filter_sheet = True
    list_per_page = 100
    readonly_fields = ["as_shipped"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *(self.where if obj else ())]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only what staff added: a shipped row would come back with the next `load_rules`."""
        allowed = request.user.has_perm(f"preferences.delete_{self.opts.model_name}")
        return allowed and (obj is None or obj.shipped is None)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        with publishing(request):
            super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with publishing(request):
            super().delete_model(request, obj)

    @admin.display(description=_("country"), ordering="country")
    def in_country(self, obj: Rule) -> str:
        return name_of(obj.country)

    @display(
        description=_("required permission"),
        ordering="requirement",
        label={
            Requirement.DOUBLE_OPT_IN: "danger",
            Requirement.OPT_IN: "danger",
            Requirement.SOFT_OPT_IN: "warning",
            Requirement.OPT_OUT: "success",
        },
    )
    def requires(self, obj: Rule) -> tuple[str, str]:
        return obj.requirement, in_words(column="requirement", value=obj.requirement)

    @display(description=_("origin"), label={"edited": "warning", "added": "info", "shipped": "default"})
    def origin(self, obj: Rule) -> tuple[str, str]:
        if obj.shipped is None:
            return "added", gettext("Added by staff")
        if obj.shipped != obj.values:
            return "edited", gettext("Edited by staff")
        return "shipped", gettext("As shipped")

    @admin.display(description=_("as shipped"))
    def as_shipped(self, obj: Rule) -> SafeString | str:
        """What the file said where staff say something else."""
        if not obj.pk or obj.shipped is None:
            return gettext("Added by staff: no file has this rule.")
        edited = [name for name, value in obj.values.items() if obj.shipped.get(name) != value]
        if not edited:
            return gettext("This is what the file says.")
        shipped = [
            (label_for_field(name, type(obj)), in_words(column=name, value=obj.shipped.get(name, "")))
            for name in edited
        ]
        return render_to_string("admin/preferences/rule_shipped.html", {"shipped": shipped})


class MarketingRuleForm(forms.ModelForm):
    class Meta:
        model = MarketingRule
        fields = ["country", "channel", "relationship", "requirement", "law", "note", "confidence"]

    def clean(self) -> dict[str, Any]:
        """What `load_rules` asks of a file holds here too: an answer for everybody, the strictest for the unknown."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        country, channel, relationship, requirement = (
            data.get(name) or getattr(self.instance, name)
            for name in ("country", "channel", "relationship", "requirement")
        )
        if self.errors:
            return data
        if channel == relationship == ANY:
            if country != ANY and (missing := facts_missing(data.get("note", ""))):
                self.add_error("note", _("The note lacks %(facts)s.") % {"facts": ", ".join(missing)})
        elif not MarketingRule.objects.filter(country=country, channel=ANY, relationship=ANY).exists():
            raise ValidationError(
                _("First add the rule for any channel and any relationship in this country."),
                code="no_general_rule",
            )
        beside = MarketingRule.objects.filter(country=country, channel=channel).exclude(pk=self.instance.pk)
        for other in beside if relationship == ANY else beside.filter(relationship=ANY):
            general, specific = (
                (requirement, other.requirement) if relationship == ANY else (other.requirement, requirement)
            )
            if STRICTNESS[Requirement(general)] < STRICTNESS[Requirement(specific)]:
                raise ValidationError(
                    _(
                        "Compare with %(rule)s: the rule for any relationship answers for people whose"
                        " relationship nobody knows, so that it must be as strict as every other."
                    ),
                    code="laxer_than_sibling",
                    params={"rule": other},
                )
        return data


class TryForm(forms.Form):
    country = forms.ChoiceField(label=_("Country"), required=False, widget=UnfoldAdminSelectWidget)
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices, widget=UnfoldAdminSelectWidget)
    relationship = forms.ChoiceField(
        label=_("Relationship"),
        required=False,
        choices=[("", _("Not known")), *Relationship.choices],
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = sorted((name_of(code), code) for code in countries())
        self.fields["country"].choices = [  # type: ignore[attr-defined]
            ("", _("Not known")),
            *((code, name) for name, code in names),
        ]


@admin.register(MarketingRule)
class MarketingRuleAdmin(RuleAdmin):
    form = MarketingRuleForm
    where = ("country", "channel", "relationship")
    list_display = ["in_country", "channel", "relationship", "requires", "origin", "confidence", "law"]
    list_filter = [
        CountryFilter,
        ("channel", ChoicesDropdownFilter),
        ("relationship", ChoicesDropdownFilter),
        ("requirement", ChoicesDropdownFilter),
        ("confidence", ChoicesDropdownFilter),
        OriginFilter,
    ]
    list_before_template = "admin/preferences/rules_before.html"
    ordering = ["country", "channel", "relationship"]
    fieldsets = [
        (_("Where"), {"fields": ["country", "channel", "relationship"]}),
        (_("Rule"), {"fields": ["requirement", "law", "note", "confidence", "as_shipped"]}),
    ]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not super().has_delete_permission(request, obj):
            return False
        if obj is None or not obj.channel == obj.relationship == ANY:
            return True
        return not MarketingRule.objects.filter(country=obj.country).exclude(pk=obj.pk).exists()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.try_view)
        return [path("try/", view, name="preferences_marketingrule_try"), *super().get_urls()]

    def try_view(self, request: HttpRequest) -> HttpResponseBase:
        """Which rule holds for a country, a channel and a relationship, by what is in force now."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = TryForm(request.GET if "channel" in request.GET else None)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "model_admin": self,
            "title": _("Which rule holds?"),
            "form": form,
        }
        if form.is_valid():
            asked = form.cleaned_data
            rules = current_rules()
            rule = rules.marketing_rule(
                country=asked["country"],
                channel=Channel(asked["channel"]),
                relationship=Relationship(asked["relationship"]) if asked["relationship"] else None,
            )
            context |= {
                "asked": True,
                "rule": rule,
                "requirement": (rule.requirement if rule else Requirement.DOUBLE_OPT_IN).label,
                "confidence": in_words(column="confidence", value=rule.confidence) if rule else "",
                "facts": rules.country_facts(asked["country"]),
                "version": rules.version,
            }
        return TemplateResponse(
            request, "admin/preferences/try_rules.html", context, status=400 if form.errors else 200
        )


@admin.register(ProfilingRule)
class ProfilingRuleAdmin(RuleAdmin):
    where = ("country", "use")
    list_display = ["in_country", "use", "requires", "origin", "confidence", "law"]
    list_filter = [
        CountryFilter,
        ("use", ChoicesDropdownFilter),
        ("requirement", ChoicesDropdownFilter),
        ("confidence", ChoicesDropdownFilter),
        OriginFilter,
    ]
    ordering = ["country", "use"]
    fieldsets = [
        (_("Where"), {"fields": ["country", "use"]}),
        (_("Rule"), {"fields": ["requirement", "law", "note", "confidence", "as_shipped"]}),
    ]
