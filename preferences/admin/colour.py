"""What a brand's colour has to be like."""

from __future__ import annotations

import re

COLOUR = re.compile(r"#[0-9a-f]{6}")

# WCAG 2.2, 1.4.3 Contrast (Minimum), level AA, text of ordinary size.
READABLE = 4.5
