"""The colours of a brand, made readable: on light and on dark ground, with the ink that stands on them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
# --paper in the light and --surface in the dark scheme of site.css: the grounds that leave least contrast.
_PAPER, _NIGHT = (245, 246, 248), (27, 31, 38)
# WCAG 2.2, success criterion 1.4.3: text against its background.
_LEGIBLE = 4.5

type Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandColours:
    """Colours as "#1f4b99": the brand's own on light and on dark ground, and the ink on each."""

    on_light: str
    ink_on_light: str
    on_dark: str
    ink_on_dark: str


def brand_colours(colour: str) -> BrandColours:
    """A brand's colour, such as "#1f4b99", on light and on dark ground: moved just far enough to be read."""
    chosen = _parse(colour)
    on_light, on_dark = _legible(chosen, paper=_PAPER), _legible(chosen, paper=_NIGHT)
    return BrandColours(
        on_light=_hex(on_light),
        ink_on_light=_hex(_ink(on_light)),
        on_dark=_hex(on_dark),
        ink_on_dark=_hex(_ink(on_dark)),
    )


def ink_on(colour: str) -> str:
    """White or black, whichever is read better on a colour such as "#1f4b99"."""
    return _hex(_ink(_parse(colour)))


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio of two sRGB colours, 1 to 21, as WCAG 2.2 defines it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def contrast_with_white(colour: str) -> float:
    """The contrast ratio of a colour such as "#1f4b99" and white."""
    return contrast(_parse(colour), _WHITE)


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
    return (int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16))


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
