"""What pages and API are compared with: Django with nothing around the view, on the same database and server."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from tests.bench.settings import DATABASES

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES=DATABASES,
    LOGGING={
        "version": 1,
        "handlers": {"stderr": {"class": "logging.StreamHandler"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
    },
    MIDDLEWARE=[],
    ROOT_URLCONF=__name__,
    SECRET_KEY="bare",
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [os.environ["BENCH_TEMPLATES"]],
        }
    ],
    USE_TZ=True,
)
application = get_wsgi_application()

# Reads settings when it is imported.
from ninja import NinjaAPI, Schema  # noqa: E402


class Stop(models.Model):
    token = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "bare"
        db_table = "bench_bare"
        managed = False


def insert(request: HttpRequest, token: str) -> HttpResponse:
    """One INSERT, sent as it is: the least a view can do that stores anything."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_bare (token, created_at) VALUES (%s, now())", [token])
    return ok()


def insert_by_model(request: HttpRequest, token: str) -> HttpResponse:
    """One INSERT, as a Django view usually does it."""
    Stop.objects.create(token=token)
    return ok()


def page(request: HttpRequest) -> HttpResponse:
    """One template of the size of the preference page, and no query."""
    return render(request, "bare.html", {"title": "Bare"})


def ok() -> HttpResponse:
    return HttpResponse("OK\n", headers={"Content-Type": "text/plain", "Content-Length": "3"})


class Person(models.Model):
    language = models.TextField()
    country = models.TextField()

    class Meta:
        app_label = "bare"
        db_table = "preferences_recipient"
        managed = False


class Named(Schema):
    person: int


class Found(Schema):
    id: int
    language: str
    country: str


api = NinjaAPI(openapi_url=None)


@api.get("/people/{person}", response=Found)
def read(request: HttpRequest, person: int) -> Person:
    """One row by its key, as django-ninja is usually written."""
    return Person.objects.get(pk=person)


@api.post("/people", response=Found)
def read_posted(request: HttpRequest, named: Named) -> Person:
    """The same, with the key in a JSON body as in the question it is compared with."""
    return Person.objects.get(pk=named.person)


urlpatterns = [
    path("api/", api.urls),
    path("insert/<token>/", insert),
    path("model/<token>/", insert_by_model),
    path("page/", page),
]
