"""What the pages are compared with: Django with nothing around the view, on the same database and server."""

import os
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from tests.bench.settings import DATABASES

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES=DATABASES,
    MIDDLEWARE=[],
    ROOT_URLCONF=__name__,
    SECRET_KEY="bare",
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [Path(os.environ["BENCH_TEMPLATES"])],
        }
    ],
    USE_TZ=True,
)


def insert(request: HttpRequest, token: str) -> HttpResponse:
    """One INSERT, sent without the ORM."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_bare (token, created_at) VALUES (%s, now())", [token])
    return HttpResponse("OK\n", content_type="text/plain", headers={"Content-Length": "3"})


def page(request: HttpRequest) -> HttpResponse:
    """One template of the size of the preference page, and no query."""
    return render(request, "bare.html", {"title": "Bare"})


urlpatterns = [path("insert/<token>/", insert), path("page/", page)]

application = get_wsgi_application()
