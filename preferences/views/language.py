"""The language of a page: asked for in the URL, else remembered, else the person's own, else the browser's."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

PARAMETER = "language"


class LanguageMiddleware:
    """Activates the language of a request. `?language=nb` chooses and is remembered in a cookie, where a page asked.

    An answer that shared caches may keep is nobody's own: it has one language for all and sets no cookie.

    Unlike Django's LocaleMiddleware it lets a view prefer the recipient's own language (`prefer_language`), and it
    neither reads the session nor looks at URL prefixes.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = _supported(request.GET.get(PARAMETER)) if request.META.get("QUERY_STRING") else None
        chosen = asked or _supported(request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME))
        request.language_chosen = bool(chosen)  # type: ignore[attr-defined]
        translation.activate(chosen or translation.get_language_from_request(request))
        try:
            response = self._get_response(request)
            if _is_shared(response):
                return response
            response.headers.setdefault("Content-Language", translation.get_language())
        finally:
            translation.deactivate()
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        if asked and response.headers.get("Content-Type", "").startswith("text/html"):
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                asked,
                max_age=365 * 24 * 3600,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response


def prefer_language(request: HttpRequest, language: str) -> None:
    """Show the page in the recipient's own language, unless another was chosen on the page itself."""
    supported = _supported(language)
    if supported and not getattr(request, "language_chosen", False):
        translation.activate(supported)


def _is_shared(response: HttpResponse) -> bool:
    return "public" in response.headers.get("Cache-Control", "")


def _supported(language: str | None) -> str | None:
    if not language:
        return None
    try:
        return translation.get_supported_language_variant(language)
    except LookupError:
        return None
