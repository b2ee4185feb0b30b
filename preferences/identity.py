"""One spelling for each address and number, and the masks that stand for them on pages."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata

import idna
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from preferences.enums import ContactKind

_PHONE_NOISE = re.compile(r"[\s().\-/\u00a0]+")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


# As many characters as a contact point has room for, as it was written and as it is found by.
LONGEST_ADDRESS = 320


class AddressInvalid(ValueError):
    """The text is not an address of the kind asked for. `code` names the kind."""

    def __init__(self, *, kind: ContactKind) -> None:
        self.code = f"{kind.value}_invalid"
        super().__init__(f"This is not a valid {kind.label.lower()}.")


class DomainInvalid(ValueError):
    """The text is not the domain of an e-mail address."""

    code = "domain_invalid"

    def __init__(self) -> None:
        super().__init__("This is not a valid domain.")


def normalize_address(*, kind: ContactKind, value: str) -> str:
    """The one spelling under which an address or number is stored and found.

    E-mail: NFKC, trimmed, lower case, the domain in its ASCII form (IDNA 2008 with the mapping of UTS #46). Letter
    case in the part before the @ could in theory matter; no mailbox provider in use distinguishes it, and telling
    people apart by it splits their record. Phone: E.164 (``+`` and 7 to 15 digits). Postal: white space collapsed,
    case folded.

    Raises AddressInvalid for anything that is no such address, null bytes and line breaks included, and for what is
    longer than LONGEST_ADDRESS.
    """
    text = unicodedata.normalize("NFKC", value).strip()
    categories = {unicodedata.category(character) for character in text}
    # Half a character (Cs) can come out of JSON and cannot be stored.
    if "Cs" in categories or ("Cc" in categories and kind is not ContactKind.POSTAL):
        raise AddressInvalid(kind=kind)
    normalized = _normalize(kind=kind, text=text)
    if max(len(value.strip()), len(normalized)) > LONGEST_ADDRESS:
        raise AddressInvalid(kind=kind)
    return normalized


def _normalize(*, kind: ContactKind, text: str) -> str:
    match kind:
        case ContactKind.EMAIL:
            return _normalize_email(text)
        case ContactKind.PHONE:
            number = _PHONE_NOISE.sub("", text)
            number = f"+{number[2:]}" if number.startswith("00") else number
            if not _PHONE.fullmatch(number):
                raise AddressInvalid(kind=kind)
            return number
        case ContactKind.POSTAL:
            address = " ".join(text.split()).casefold()
            if not address or "\x00" in address:
                raise AddressInvalid(kind=kind)
            return address


def _normalize_email(text: str) -> str:
    local, at, domain = text.rpartition("@")
    local = local.lower()
    try:
        domain = _ascii_domain(domain)
        validate_email(f"{local}{at}{domain}")
    except (UnicodeError, ValidationError) as error:
        raise AddressInvalid(kind=ContactKind.EMAIL) from error
    return f"{local}@{domain}"


def normalize_domain(value: str) -> str:
    """The one spelling of an e-mail domain: ASCII (IDNA 2008), lower case. An @ before it may be left standing.

    Raises DomainInvalid.
    """
    text = unicodedata.normalize("NFKC", value).strip().removeprefix("@")
    try:
        domain = _ascii_domain(text)
        validate_email(f"someone@{domain}")
    except (UnicodeError, ValidationError) as error:
        raise DomainInvalid from error
    return domain


def _ascii_domain(domain: str) -> str:
    # UTS #46 has its own idea of lower case for letters beyond ASCII, such as the sigma that ends a word.
    return domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode()


def mask_address(*, kind: ContactKind, value: str) -> str:
    """The address with most of it hidden: enough for its owner to know it, too little for anyone else."""
    match kind:
        case ContactKind.EMAIL:
            local, _, domain = value.rpartition("@")
            name, dot, ending = domain.rpartition(".")
            return f"{_keep_first(local)}@{_keep_first(name)}{dot}{ending}"
        case ContactKind.PHONE:
            return f"{value[:3]} ••• {value[-2:]}"
        case ContactKind.POSTAL:
            return _keep_first(value)


def _keep_first(text: str) -> str:
    return f"{text[:1]}•••"


def keyed_hash(*, purpose: str, value: str) -> str:
    """HMAC-SHA256 of `value` in hex (64 characters), keyed by SECRET_KEY and separated by `purpose`.

    Used where equal values must be counted without the value being stored.
    """
    key = f"preferences.{purpose}:{settings.SECRET_KEY}".encode()
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()


def address_hash(*, kind: ContactKind, normalized: str) -> bytes:
    """HMAC-SHA256 (32 bytes) of an address in the spelling of `normalize_address`, keyed by ADDRESS_KEY.

    Contact points and suppressions are matched by it; it stays when the address is erased.
    """
    key = f"preferences.address.{kind.value}:{settings.ADDRESS_KEY}".encode()
    return hmac.digest(key, normalized.encode(), "sha256")
