"""Accounts spell addresses as recipients do, or one person becomes two."""

from __future__ import annotations

from preferences.enums import ContactKind
from preferences.identity import AddressInvalid, normalize_address


def one_spelling(address: str) -> str:
    """The address in the spelling recipients are found by; unchanged where it is no e-mail address."""
    try:
        return normalize_address(kind=ContactKind.EMAIL, value=address)
    except AddressInvalid:
        return address
