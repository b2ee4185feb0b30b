"""The addresses our mails come from: nothing that is written to them may answer itself."""

from __future__ import annotations

from email.utils import parseaddr

from django.conf import settings

from preferences.enums import ContactKind
from preferences.identity import AddressInvalid, normalize_address
from preferences.models import Brand


def own_addresses() -> set[str]:
    """Our own address, that of stop messages, and those of all brands, as `normalize_address` spells them."""
    named = [
        settings.DEFAULT_FROM_EMAIL,
        settings.STOP_ADDRESS,
        *Brand.objects.values_list("sender_email", flat=True),
    ]
    return {_spelled(parseaddr(address)[1]) for address in named if address}


def is_own(address: str) -> bool:
    """Whether mail to an address, with whatever stands behind a + in it, comes back to us."""
    local, _, domain = _spelled(address).rpartition("@")
    return not own_addresses().isdisjoint({f"{local}@{domain}", f"{local.partition('+')[0]}@{domain}"})


def _spelled(address: str) -> str:
    try:
        return normalize_address(kind=ContactKind.EMAIL, value=address)
    except AddressInvalid:
        return address.strip().lower()
