from django.contrib import admin
from django.urls import include, path

from config import health
from preferences.api.token import token
from preferences.api.v1 import api

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("api/v1/", api.urls),
    # Of the library's OAuth server, what client credentials need and nothing else.
    path("oauth/token", token, name="oauth_token"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("preferences.urls")),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.page_not_found"
handler500 = "config.errors.server_error"
