"""Find the person who wrote an e-mail, and the brand it was written to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from preferences.enums import ContactKind, Hold, SuppressionReason
from preferences.identity import AddressInvalid, address_hash, normalize_address
from preferences.models import Brand, ContactPoint, Suppression


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who wrote. `point` is the contact point they are known by, with its recipient; `hold` says why there is none."""

    point: ContactPoint | None = None
    hold: Hold | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTo:
    """Where a message was sent: to brands, to the group as a whole, or to neither as far as can be told."""

    brands: tuple[Brand, ...] = ()
    group: bool = False


def find_sender(*, sender: str, reply_to: str) -> Sender:
    """The person by From, else by Reply-To (addresses as `normalize_address` spells them, "" for none).

    Where the two belong to different people, nobody is found.
    """
    addresses = [address for address in (sender, reply_to) if address]
    points = {
        point.normalized: point
        for point in ContactPoint.objects.select_related("recipient").filter(
            kind=ContactKind.EMAIL, normalized__in=addresses
        )
    }
    found = [points[address] for address in addresses if address in points]
    if len({point.recipient_id for point in found}) > 1:
        return Sender(hold=Hold.SENDER_AMBIGUOUS)
    if found:
        return Sender(point=found[0])
    hashes = [address_hash(kind=ContactKind.EMAIL, normalized=address) for address in addresses]
    erased = Suppression.objects.in_force().filter(address_hash__in=hashes, reason=SuppressionReason.ERASURE)
    return Sender(hold=Hold.SENDER_ERASED if hashes and erased.exists() else Hold.SENDER_UNKNOWN)


def find_brands(addresses: Iterable[str]) -> WrittenTo:
    """The brands that these addresses are of: by their sender address, else by a domain that only one brand has.

    Where there is none, an address at MAIL_DOMAIN stands for the group.
    """
    spelled = {_spelled(address) for address in addresses}
    by_address = {_spelled(brand.sender_email): brand for brand in Brand.objects.order_by("position", "pk")}
    in_domain = Counter(_domain(address) for address in by_address)
    by_domain = {
        _domain(address): brand
        for address, brand in by_address.items()
        if in_domain[_domain(address)] == 1 and _domain(address) != _group_domain()
    }
    found = [by_address.get(address) or by_domain.get(_domain(address)) for address in sorted(spelled)]
    brands = tuple(dict.fromkeys(brand for brand in found if brand))
    return WrittenTo(
        brands=brands, group=not brands and any(_domain(address) == _group_domain() for address in spelled)
    )


def _spelled(address: str) -> str:
    try:
        return normalize_address(kind=ContactKind.EMAIL, value=address)
    except AddressInvalid:
        return address.strip().lower()


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _group_domain() -> str:
    return settings.MAIL_DOMAIN.lower()
