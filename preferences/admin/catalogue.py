"""Brands, topics and profiling purposes. Every edit is kept; nothing is deleted, what is over is retired."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import ForeignKey, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from i18nfield.fields import I18nCharField, I18nTextField
from i18nfield.strings import LazyI18nString
from simple_history.admin import SimpleHistoryAdmin
from simple_history.template_utils import HistoricalRecordContextHelper
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminColorInputWidget,
    UnfoldBooleanSwitchWidget,
)

from preferences.admin.colour import COLOUR, READABLE
from preferences.admin.publish import publish_banners, publishing
from preferences.admin.translated import NameInput, TextInput
from preferences.colours import contrast_with_white
from preferences.enums import Channel, Kind, ProfilingUse
from preferences.models import Brand, ProfilingPurpose, Topic


class EveryLanguage(HistoricalRecordContextHelper):
    """Shows a change of a translated text in the languages that changed, not in the reader's alone."""

    def format_delta_change(self, change: Any) -> Any:
        formatted = super().format_delta_change(change)
        if not isinstance(change.new, LazyI18nString):
            return formatted
        old, new = _by_language(change.old), _by_language(change.new)
        differing = [language for language in {**old, **new} if old.get(language) != new.get(language)]
        return replace(formatted, old=_in_languages(old, differing), new=_in_languages(new, differing))


def _by_language(value: Any) -> dict[str, str]:
    data = value.data if isinstance(value, LazyI18nString) else LazyI18nString(value).data
    return data if isinstance(data, dict) else {"": str(data or "")}


def _in_languages(texts: dict[str, str], languages: list[str]) -> str:
    return " · ".join(f"{language}: {texts.get(language) or '–'}" for language in languages)


class HistoryAdmin(SimpleHistoryAdmin, ModelAdmin):
    """A table staff edit, with a history that is looked at and never put back or deleted."""

    actions = None
    warn_unsaved_form = True
    formfield_overrides = {I18nCharField: {"widget": NameInput}, I18nTextField: {"widget": TextInput}}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def get_history_queryset(
        self, request: HttpRequest, history_manager: Any, pk_name: str, object_id: Any
    ) -> QuerySet[Any]:
        """With whoever made each change. For a model without relations the library would ask for all there are."""
        related = [
            field.name for field in history_manager.model.tracked_fields if isinstance(field, ForeignKey)
        ]
        return history_manager.filter(**{pk_name: object_id}).select_related("history_user", *related)

    def history_form_view(
        self,
        request: HttpRequest,
        object_id: str,
        version_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponseBase:
        """An earlier version, to look at. To hide the button, as `revert_disabled` does, would not be enough."""
        if request.method != "GET":
            raise PermissionDenied
        return super().history_form_view(request, object_id, version_id, extra_context)

    def get_historical_record_context_helper(
        self, request: HttpRequest, historical_record: Any
    ) -> EveryLanguage:
        return EveryLanguage(self.model, historical_record)


class RetirableForm(forms.ModelForm):
    retired = forms.BooleanField(
        label=_("Retired"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("Can be stopped, but no longer started. What people have said about it is kept."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("retired", self.instance.retired_at is not None)


class CatalogueAdmin(HistoryAdmin):
    ordering = ["position", "pk"]
    fixed_fields: tuple[str, ...] = ("key",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fixed = self.fixed_fields if obj else ()
        return [*super().get_readonly_fields(request, obj), *fixed]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        retired = form.cleaned_data.get("retired", False)
        if retired != (obj.retired_at is not None):
            obj.retired_at = timezone.now() if retired else None
        super().save_model(request, obj, form, change)

    @display(description=_("standing"), label={"offered": "success", "retired": "warning"})
    def standing(self, obj: Any) -> tuple[str, str]:
        if obj.retired_at:
            return "retired", gettext("Retired on %(day)s") % {"day": date_format(obj.retired_at, "j M Y")}
        return "offered", gettext("Offered")


class BrandForm(RetirableForm):
    class Meta:
        model = Brand
        fields = [
            "key",
            "name",
            "legal_entity",
            "privacy_notice_url",
            "sender_name",
            "sender_email",
            "tells_changes",
            "colour",
            "offers_to_children",
            "position",
        ]
        widgets = {
            "colour": UnfoldAdminColorInputWidget,
            "offers_to_children": UnfoldBooleanSwitchWidget,
            "tells_changes": UnfoldBooleanSwitchWidget,
        }

    def clean_colour(self) -> str:
        colour: str = self.cleaned_data["colour"]
        if not COLOUR.fullmatch(colour):
            # The model says what a colour looks like.
            return colour
        ratio = contrast_with_white(colour)
        if ratio < READABLE:
            raise ValidationError(
                _(
                    "White text on this colour cannot be read well: the contrast is %(ratio)s to 1 and must be "
                    "4.5 to 1. Choose a darker colour."
                ),
                code="contrast",
                params={"ratio": f"{ratio:.1f}"},
            )
        return colour


@admin.register(Brand)
class BrandAdmin(CatalogueAdmin):
    form = BrandForm
    list_display = ["name", "key", "legal_entity", "sample", "standing"]
    readonly_fields = ["sample"]
    fieldsets = [
        (None, {"fields": ["key", "name", "legal_entity", "privacy_notice_url", "offers_to_children"]}),
        (_("Sender"), {"fields": ["sender_name", "sender_email", "tells_changes"]}),
        (_("Look"), {"fields": ["colour", "sample"]}),
        (_("Standing"), {"fields": ["position", "retired"]}),
    ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        publish_banners(request, brand=obj)

    @admin.display(description=_("how it looks"))
    def sample(self, obj: Brand) -> SafeString | str:
        """White text on the colour as saved, with the contrast."""
        if not obj.pk:
            return gettext("Shown once saved.")
        return render_to_string(
            "admin/preferences/colour_sample.html",
            {"colour": obj.colour, "name": obj.name, "ratio": f"{contrast_with_white(obj.colour):.1f}"},
        )


class TopicForm(RetirableForm):
    channels = forms.MultipleChoiceField(
        label=_("Channels"), choices=Channel.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = Topic
        fields = ["key", "brand", "name", "description", "channels", "position"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.kind = Kind.MARKETING
        if "brand" in self.fields:
            self.fields["brand"].required = True


@admin.register(Topic)
class TopicAdmin(CatalogueAdmin):
    form = TopicForm
    fixed_fields = ("key", "brand")
    ordering = ["brand__position", "brand_id", "position", "pk"]
    list_display = ["name", "brand", "key", "offered_on", "standing"]
    list_filter = ["brand"]
    list_select_related = ["brand"]
    fieldsets = [
        (None, {"fields": ["key", "brand", "name", "description", "channels"]}),
        (_("Standing"), {"fields": ["position", "retired"]}),
    ]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", _brands())
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "brand" and field is not None:
            # The bare select: a brand is not made in passing, in a window over this form.
            field.widget = getattr(field.widget, "widget", field.widget)
        return field

    @admin.display(description=_("channels"))
    def offered_on(self, obj: Topic) -> str:
        return ", ".join(str(channel.label) for channel in Channel if channel in obj.channels)


def _brands() -> QuerySet[Brand]:
    return Brand.objects.filter(retired_at=None).order_by("position", "pk")


class ProfilingPurposeForm(RetirableForm):
    class Meta:
        model = ProfilingPurpose
        fields = ["key", "name", "description", "data_used", "use", "requirement", "position"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.kind = Kind.PROFILING
        for name in {"requirement", "data_used", "use"} & self.fields.keys():
            self.fields[name].required = True

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        tracking = ProfilingPurpose.objects.filter(use=ProfilingUse.EMAIL_TRACKING, retired_at=None)
        # The constraint asks for a column that is no field here, so the form would leave it to the database.
        if (
            data.get("use") == ProfilingUse.EMAIL_TRACKING
            and not data.get("retired")
            and tracking.exclude(pk=self.instance.pk).exists()
        ):
            self.add_error("use", _("There is a purpose for e-mail tracking already."))
        return data


@admin.register(ProfilingPurpose)
class ProfilingPurposeAdmin(CatalogueAdmin):
    form = ProfilingPurposeForm
    list_display = ["name", "key", "use", "requirement", "standing"]
    fieldsets = [
        (None, {"fields": ["key", "name", "description", "data_used"]}),
        (_("National law"), {"fields": ["use", "requirement"]}),
        (_("Standing"), {"fields": ["position", "retired"]}),
    ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        with publishing(request):
            super().save_model(request, obj, form, change)
