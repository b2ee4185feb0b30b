"""Whether a brand's colour can be read, after WCAG 2.2."""

from __future__ import annotations

import re

COLOUR = re.compile(r"#[0-9a-f]{6}")

# 1.4.3 Contrast (Minimum), level AA, text of ordinary size.
READABLE = 4.5


def contrast_with_white(colour: str) -> float:
    """The contrast ratio of `colour` (#rrggbb) and white, from 1 to 21, after WCAG's definition."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels
    )
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
