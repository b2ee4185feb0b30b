"""The pages for requests that went wrong. None of them says what was asked for."""

import sys

from django.http import HttpRequest, HttpResponse
from django.template import TemplateDoesNotExist, loader

from preferences.views.database_gone import DATABASE_GONE, RETRY_AFTER

PLAIN = "<!doctype html><meta charset=utf-8><title>{status}</title><h1>{status}</h1>"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 where it is the database that does not answer: on every page, whoever was the first to ask it."""
    # Django calls this while it handles the exception, and is the only one to see those of middleware too.
    if not isinstance(sys.exception(), DATABASE_GONE):
        return _page(request, status=500)
    response = _page(request, status=503, template="preferences/try_again.html")
    response["Retry-After"] = str(RETRY_AFTER)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(request, status=403, template="403_csrf.html")


def _page(request: HttpRequest, *, status: int, template: str = "") -> HttpResponse:
    """Render `<status>.html`, or a bare page when rendering itself is what fails."""
    try:
        body: str = loader.render_to_string(template or f"{status}.html", {}, request)
    except TemplateDoesNotExist:
        body = PLAIN.format(status=status)
    except Exception:
        # An error page that raises would hide the error it is about.
        if status < 500:
            raise
        body = PLAIN.format(status=status)
    response = HttpResponse(body, status=status)
    response["Cache-Control"] = "no-store"
    return response
