"""The addresses of the site, and those that exist in the demo alone."""

from django.urls import include, path

from config import urls
from config.urls import handler400, handler403, handler404, handler500

urlpatterns = [*urls.urlpatterns, path("demo/", include("preferences.demo.urls"))]

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
