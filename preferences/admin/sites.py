"""The sites that bear the cookie banner. What is saved is published at once."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from i18nfield.fields import I18nCharField, I18nTextField
from unfold.admin import StackedInline
from unfold.decorators import display

from preferences.admin.catalogue import CatalogueAdmin
from preferences.admin.site_form import (
    CategoryForm,
    CategoryFormSet,
    CookieForm,
    NewSiteForm,
    SiteForm,
    languages_offered,
    languages_shown,
    lying_outside,
    unwritten,
)
from preferences.admin.site_history import changes_of_parts
from preferences.admin.translated import NameInput, TextInput, language_name
from preferences.cookies.publish import BannerInvalid, publish
from preferences.enums import CookieCategory
from preferences.models import Banner, Brand, Site, SiteCategory, SiteCookie


class _EveryLanguageOffered:
    """Fields for translated texts know every language of the banner; their forms show those of the site."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, I18nCharField | I18nTextField):
            widget = NameInput if isinstance(db_field, I18nCharField) else TextInput
            kwargs |= {"locales": languages_offered(), "widget": widget}
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]


class CategoryInline(_EveryLanguageOffered, StackedInline):
    model = SiteCategory
    form = CategoryForm
    formset = CategoryFormSet
    extra = 0
    max_num = len(CookieCategory)
    ordering = ["pk"]
    fieldsets = [
        (None, {"fields": ["category"]}),
        (_("Description in every language"), {"fields": ["description"], "classes": ["collapse"]}),
    ]


class CookieInline(_EveryLanguageOffered, StackedInline):
    model = SiteCookie
    form = CookieForm
    extra = 0
    ordering = ["category", "name", "pk"]
    show_count = True
    # Closed, so that twenty cookies in five languages can be looked through.
    fieldsets = [
        (None, {"fields": [("name", "provider", "category")]}),
        (
            _("Purpose and lifetime in every language"),
            {"fields": ["purpose", "lifetime"], "classes": ["collapse"]},
        ),
    ]


@admin.register(Site)
class SiteAdmin(_EveryLanguageOffered, CatalogueAdmin):
    form = SiteForm
    inlines = [CategoryInline, CookieInline]
    list_display = ["name", "key", "brand", "speaks", "standing", "version"]
    list_filter = ["brand"]
    list_select_related = ["brand"]
    ordering = ["name", "pk"]
    change_form_outer_before_template = "admin/preferences/site_before.html"
    object_history_template = "admin/preferences/site_history.html"
    fieldsets = [
        (None, {"fields": ["key", "name", "brand", "origins"]}),
        (_("Languages"), {"fields": ["first_language", "other_languages"]}),
        (_("What the banner says"), {"fields": ["title", "text", "notice_url"]}),
        (_("How a choice is kept"), {"fields": ["days", "cookie_domain", "consent_mode"]}),
        (_("Standing"), {"fields": ["retired"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Site]:
        newest = Banner.objects.filter(site=OuterRef("pk")).order_by("-pk").values("version")[:1]
        return super().get_queryset(request).annotate(newest_version=Subquery(newest))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_view)
        return [path("<int:site>/preview/", view, name="preferences_site_preview"), *super().get_urls()]

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else []

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj else self.fieldsets[:2]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            return super().get_form(request, obj, change=change, **{"form": NewSiteForm, **kwargs})
        form = super().get_form(request, obj, change=change, **kwargs)
        form.problem = getattr(request, "not_publishable", "")
        return form

    def get_formset_kwargs(self, request: HttpRequest, obj: Any, inline: Any, prefix: str) -> dict[str, Any]:
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        data = request.POST if request.method == "POST" else None
        kwargs["form_kwargs"] = {"languages": languages_shown(data=data, site=obj)}
        return kwargs

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", Brand.objects.order_by("position", "pk"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "brand" and field is not None:
            # The bare select: a brand is not made in passing, in a window over this form.
            field.widget = getattr(field.widget, "widget", field.widget)
        return field

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponseBase:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except BannerInvalid as error:
            # All was rolled back. The form is shown once more, as it was sent and with what is wrong.
            vars(request)["not_publishable"] = error.message
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Publishes too, in the same transaction, but for a new site, whose texts come next. Raises BannerInvalid."""
        super().save_related(request, form, formsets, change)
        site: Site = form.instance
        if not change:
            # One by one, for the history.
            for category in CookieCategory:
                SiteCategory.objects.create(site=site, category=category)
            return
        if problem := lying_outside(site):
            raise BannerInvalid(code="category_missing", message=str(problem))
        before = site.banners.order_by("-pk").defer("content").first()
        self._tell(request, before=before, after=publish(site, now=timezone.now()))

    def _tell(self, request: HttpRequest, *, before: Banner | None, after: Banner) -> None:
        if before and before.pk == after.pk:
            messages.info(request, gettext("The banner is as it was."))
        elif before and before.version == after.version:
            messages.info(request, gettext("Published; nobody is asked again."))
        elif before:
            said = gettext("Published as version %(version)s: everybody is asked again.")
            messages.warning(request, said % {"version": after.version})
        else:
            messages.info(request, gettext("Published for the first time."))
        if missing := unwritten(after.site):
            messages.warning(request, str(missing))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """The first of two steps: the texts and cookies have inputs in the languages that are chosen here."""
        one_way_on = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**one_way_on, **(extra_context or {})})

    def response_post_save_add(self, request: HttpRequest, obj: Site) -> HttpResponseRedirect:
        """To the second step."""
        return HttpResponseRedirect(reverse("admin:preferences_site_change", args=[obj.pk]))

    def response_post_save_change(self, request: HttpRequest, obj: Site) -> HttpResponseRedirect:
        """To the list; after the first time to the page itself, where the line to embed stands now."""
        if _newest_version(obj):
            return super().response_post_save_change(request, obj)
        return HttpResponseRedirect(reverse("admin:preferences_site_change", args=[obj.pk]))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponseBase:
        published = Site.objects.filter(Exists(Banner.objects.filter(site=OuterRef("pk"))))
        site = published.filter(pk=object_id).first() if object_id.isdecimal() else None
        extra = {"embedding": self._embedding(request, site)} if site else {}
        return super().change_view(request, object_id, form_url, {**extra, **(extra_context or {})})

    def _embedding(self, request: HttpRequest, site: Site) -> dict[str, str]:
        """What goes into the pages of a site, and where there is more about it; "" for what may not be opened."""
        script = _address(reverse("preferences:banner_script", args=[site.key]))
        without_script = _address(reverse("preferences:cookies", args=[site.key]))
        lists = {
            name: f"{reverse(f'admin:preferences_{name}_changelist')}?site={site.pk}"
            if request.user.has_perm(f"preferences.view_{name}")
            else ""
            for name in ("cookieconsent", "banner")
        }
        return {
            "script": f'<script src="{script}" defer></script>',
            "reopen": f'<a href="{without_script}" data-consent-open>{gettext("Cookies")}</a>',
            "without_script": without_script,
            "preview": reverse("admin:preferences_site_preview", args=[site.pk]),
            **lists,
        }

    def preview_view(self, request: HttpRequest, site: int) -> HttpResponseBase:
        """The banner as visitors see it, in the language `?texts=`; what is chosen in it goes nowhere."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        shown = get_object_or_404(Site.objects.select_related("brand"), pk=site)
        banner = shown.banners.order_by("-pk").first()
        languages = banner.content["language_order"] if banner and not shown.retired_at else []
        asked = request.GET.get("texts", "")
        script = reverse("preferences:banner_script", args=[shown.key])
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "model_admin": self,
            "title": gettext("Preview of %(site)s") % {"site": shown},
            "site": shown,
            "languages": [(code, language_name(code)) for code in languages],
            "language": asked if asked in languages else next(iter(languages), ""),
            # Browsers keep the script for minutes; a preview must not show what it was before.
            "script": f"{script}?preview={time.time_ns()}",
        }
        return TemplateResponse(request, "admin/preferences/site_preview.html", context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        parts = changes_of_parts(site=int(object_id)) if object_id.isdecimal() else []
        return super().history_view(request, object_id, {"parts": parts, **(extra_context or {})})

    @admin.display(description=_("languages"))
    def speaks(self, obj: Site) -> str:
        return ", ".join(language_name(code) for code in obj.languages)

    @admin.display(description=_("version"))
    def version(self, obj: Site) -> str:
        return str(_newest_version(obj) or "–")

    @display(
        description=_("standing"), label={"used": "success", "unpublished": "info", "retired": "warning"}
    )
    def standing(self, obj: Any) -> tuple[str, str]:
        if obj.retired_at:
            return "retired", gettext("Retired on %(day)s") % {"day": date_format(obj.retired_at, "j M Y")}
        if not _newest_version(obj):
            return "unpublished", gettext("Not published")
        return "used", gettext("In use")


def _newest_version(site: Site) -> int | None:
    """The version published when the site was read, by the query of its admin; None where there was none."""
    version: int | None = vars(site)["newest_version"]
    return version


def _address(path: str) -> str:
    return settings.BASE_URL.rstrip("/") + path
