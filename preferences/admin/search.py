"""Find people by whatever a caller can name. Every look-up is by an index, whatever the number of recipients."""

from __future__ import annotations

import re

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.db.models.functions import Lower

from preferences.enums import ContactKind
from preferences.identity import AddressInvalid, normalize_address
from preferences.models import ContactPoint, Recipient

NUMBER = re.compile(r"#?\s*([0-9]{1,18})")


def find_recipients(*, text: str) -> set[int]:
    """The ids of the recipients whose address, number, id (12 or #12), external id or account address `text` is.

    Whole addresses and numbers only, however they are spelled: a part of one finds nobody. Three queries at most.
    """
    text = text.strip()
    own = Q(external_id=text)
    if match := NUMBER.fullmatch(text):
        own |= Q(pk=int(match[1]))
    if "@" in text:
        # The account may be known by an address that is no contact point (yet).
        accounts = get_user_model().objects.annotate(lower=Lower("email")).filter(lower=text.lower())
        own |= Q(account__in=list(accounts.values_list("pk", flat=True)))
    points = Q()
    for kind in ContactKind:
        try:
            points |= Q(kind=kind, normalized=normalize_address(kind=kind, value=text))
        except AddressInvalid:
            continue
    found = set(Recipient.objects.filter(own).values_list("pk", flat=True))
    if points:
        found |= set(ContactPoint.objects.filter(points).values_list("recipient", flat=True))
    return found
