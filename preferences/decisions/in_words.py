"""What a scope is called, on pages and in the history alike."""

from __future__ import annotations

from django.utils.translation import gettext as _

from preferences.enums import Channel, Kind, Reason
from preferences.models import Brand, Purpose


def in_words(*, kind: str, brand: Brand | None, purpose: Purpose | None, channel: str | None) -> str:
    """A scope in words: "Product news, Nordlys – E-mail", "Everything from Nordlys", "All marketing – Letter"."""
    if kind == Kind.PROFILING:
        return str(purpose) if purpose else _("All profiling")
    if purpose:
        about = f"{purpose}, {brand}"
    elif brand:
        about = _("Everything from %(brand)s") % {"brand": brand}
    else:
        about = _("All marketing")
    return f"{about} – {Channel(channel).label}" if channel else about


def why(*, reason: Reason, brand: str) -> str:
    """The sentence of a reason, in the active language; `brand` is the name of the topic's brand, "" for profiling."""
    return str(reason.label).replace("{brand}", brand)
