"""The brand's colour as a stylesheet of its own: the pages allow no inline style."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from preferences.models import Brand

_CSS = """\
:root {{ --brand: {on_light}; --on-brand: {ink_on_light}; }}
@media (prefers-color-scheme: dark) {{ :root {{ --brand: {on_dark}; --on-brand: {ink_on_dark}; }} }}
"""
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
# --paper in the light and --surface in the dark scheme of site.css: the grounds that leave least contrast.
_PAPER, _NIGHT = (245, 246, 248), (27, 31, 38)
# WCAG 2.2, success criterion 1.4.3: text against its background.
_LEGIBLE = 4.5

type Colour = tuple[int, int, int]


@require_safe
@cache_control(public=True, max_age=365 * 24 * 3600, immutable=True)
def brand_look(request: HttpRequest, key: str, colour: str) -> HttpResponse:
    """The stylesheet of one brand. The colour stands in the URL so that it can be kept for ever; 404 if it changed."""
    get_object_or_404(Brand, key=key, colour=f"#{colour}")
    chosen = _parse(colour)
    on_light, on_dark = _legible(chosen, paper=_PAPER), _legible(chosen, paper=_NIGHT)
    css = _CSS.format(
        on_light=_hex(on_light),
        ink_on_light=_hex(_ink(on_light)),
        on_dark=_hex(on_dark),
        ink_on_dark=_hex(_ink(on_dark)),
    )
    return HttpResponse(css, content_type="text/css; charset=utf-8")


def ink_on(colour: str) -> str:
    """White or black, whichever is read better on a colour such as "#1f4b99"."""
    return _hex(_ink(_parse(colour.removeprefix("#"))))


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio of two sRGB colours, 1 to 21, as WCAG 2.2 defines it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _legible(colour: Colour, *, paper: Colour) -> Colour:
    """The colour, moved towards black or white just far enough to be read on `paper`."""
    target = _BLACK if _luminance(paper) > 0.5 else _WHITE
    for step in range(101):
        red, green, blue = (
            round(have + (want - have) * step / 100) for have, want in zip(colour, target, strict=True)
        )
        if contrast((red, green, blue), paper) >= _LEGIBLE:
            return (red, green, blue)
    return target


def _ink(colour: Colour) -> Colour:
    return max((_WHITE, _BLACK), key=lambda ink: contrast(ink, colour))


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (c / 255 for c in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parse(text: str) -> Colour:
    return (int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16))


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
