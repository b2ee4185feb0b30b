"""The programs that may use the API: to look at, and to revoke. `manage.py api_client` makes them."""

from __future__ import annotations

# Imported so that its screens are there to be taken out: they show and edit more than anybody needs here.
import allauth.idp.oidc.admin  # noqa: F401
from allauth.idp.oidc.models import Client, Token
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from preferences.admin.read_only import ReadOnlyAdmin
from preferences.api.clients import revoke_client
from preferences.models import ApiClient

for model in (Client, Token):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(ApiClient)
class ApiClientAdmin(ReadOnlyAdmin):
    list_display = ["name", "client_id", "brand_or_group", "scopes", "created_at", "standing"]
    list_select_related = ["client", "brand"]
    ordering = ["-pk"]

    def own_urls(self) -> list[URLPattern]:
        return [
            path(
                "<int:client>/revoke/",
                self.admin_site.admin_view(self.revoke_view),
                name="preferences_apiclient_revoke",
            )
        ]

    def revoke_view(self, request: HttpRequest, client: int) -> HttpResponseBase:
        """GET says what revoking does, POST revokes."""
        if not request.user.has_perms(["preferences.view_apiclient", "preferences.revoke_apiclient"]):
            raise PermissionDenied
        found = get_object_or_404(ApiClient.objects.select_related("client", "brand"), pk=client)
        clients = reverse("admin:preferences_apiclient_changelist")
        if request.method == "POST":
            if revoke_client(client=found.pk, by=request.user.pk, now=timezone.now()):
                messages.success(request, gettext("The client is revoked."))
            return HttpResponseRedirect(clients)
        return TemplateResponse(
            request,
            "admin/preferences/revoke_api_client.html",
            {
                **self.admin_site.each_context(request),
                "model_admin": self,
                "title": gettext("Revoke %(name)s") % {"name": found},
                "client": found,
                "scopes": found.client.get_scopes(),
                "clients": clients,
            },
        )

    @admin.display(description=_("name"))
    def name(self, obj: ApiClient) -> str:
        return str(obj.client.name)

    @admin.display(description=_("client id"))
    def client_id(self, obj: ApiClient) -> str:
        return format_html("<code>{}</code>", obj.client_id)

    @admin.display(description=_("brand"))
    def brand_or_group(self, obj: ApiClient) -> str:
        return str(obj.brand) if obj.brand else gettext("The whole group")

    @admin.display(description=_("may"))
    def scopes(self, obj: ApiClient) -> str:
        return ", ".join(obj.client.get_scopes())

    @admin.display(description=_("standing"))
    def standing(self, obj: ApiClient) -> str:
        if obj.revoked_at:
            return gettext("Revoked on %(day)s") % {"day": date_format(obj.revoked_at)}
        return format_html(
            '<a class="link" href="{}">{}</a>',
            reverse("admin:preferences_apiclient_revoke", args=[obj.pk]),
            gettext("Revoke"),
        )
