"""The cookie by which our own pages know what this browser said in the banners of sites. Pure.

It holds the random consent id of each site and nothing else: `acme.1b4e28ba-2fa1-41d2-883f-0016d3cca427~shop.…`. It is
set once somebody has chosen, never before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

NAME = "cookie_consents"

# More sites than one person chooses on; what stands behind them is the oldest.
_MOST_SITES = 40
_ENTRY = re.compile(r"([-a-zA-Z0-9_]{1,50})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


def read_consents(value: str) -> dict[str, UUID]:
    """The consent id by key of site, the newest first. What cannot be read is left out."""
    found: dict[str, UUID] = {}
    for entry in value.split("~")[:_MOST_SITES]:
        match = _ENTRY.fullmatch(entry)
        if match:
            found.setdefault(match[1], UUID(match[2]))
    return found


def write_consents(consents: Mapping[str, UUID]) -> str:
    """The value of the cookie; no more than forty sites, the first ones."""
    return "~".join(f"{site}.{consent}" for site, consent in list(consents.items())[:_MOST_SITES])


def with_consent(value: str, *, site: str, consent: UUID) -> str:
    """The value with the consent id of one site put first."""
    others = {key: known for key, known in read_consents(value).items() if key != site}
    return write_consents({site: consent, **others})
