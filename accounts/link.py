"""A verified address brings an account and a recipient together."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass
from enum import Enum

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import get_language

from preferences import ledger
from preferences.enums import ContactKind
from preferences.identity import normalize_address
from preferences.ledger.merge import MergeImpossible
from preferences.models import ContactPoint, Recipient

logger = logging.getLogger(__name__)

# Stands in the history of both recipients.
MERGE_REASON = "Both addresses were verified by one account."
# Whoever loses a race finds another state at the second look; more than a few looks mean a defect.
_LOOKS = 5


class LinkOutcome(Enum):
    """What verifying an address did."""

    CREATED = "nobody had this address: a contact point was made, with a recipient if the account had none"
    LINKED = "the recipient with this address now belongs to the account"
    MERGED = "the recipient with this address was absorbed by the one of the account"
    ALREADY_SO = "the address belonged to the account's recipient already"
    HELD_BY_ANOTHER_ACCOUNT = "the address belongs to the recipient of another account: nothing was linked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The outcome, and the recipient who has the address now."""

    outcome: LinkOutcome
    recipient: int


class LinkUnstable(Exception):
    """Others kept changing the recipients of this address. `code` is `link_unstable`."""

    code = "link_unstable"


class _LookAgain(Exception):
    """The rows moved between the look and the lock."""


def link_verified_address(*, user: AbstractBaseUser, address: str, now: dt.datetime) -> Link:
    """Link what is known under a verified address with the account of the person who verified it.

    Nothing that was ever stopped starts again: a merge keeps the refusals of both, and every row stays.

    An address that belongs to the recipient of another account stays there. That account gave the address up,
    or it could not have been verified here; but links in old mails to the address lead to that recipient, and
    its refusals are what keeps mail away from the mailbox. Whether the two are one person, only staff can
    find out.

    Raises AddressInvalid, LinkUnstable.
    """
    normalized = normalize_address(kind=ContactKind.EMAIL, value=address)
    for _look in range(_LOOKS):
        try:
            with transaction.atomic():
                link = _link(user=user, address=address, normalized=normalized, now=now)
        except (IntegrityError, MergeImpossible, _LookAgain):
            # Another verification was quicker: one account has one recipient, one address one contact point.
            continue
        if link.outcome is LinkOutcome.HELD_BY_ANOTHER_ACCOUNT:
            logger.warning("User %s verified an address that recipient %s holds", user.pk, link.recipient)
        return link
    raise LinkUnstable


def _link(*, user: AbstractBaseUser, address: str, normalized: str, now: dt.datetime) -> Link:
    points = ContactPoint.objects.filter(kind=ContactKind.EMAIL, normalized=normalized)
    # In the order in which merges lock, so that none of them waits for us while we wait for it.
    locked = list(
        Recipient.objects.filter(Q(account=user.pk) | Q(pk__in=points.values("recipient")))
        .order_by("pk")
        .select_for_update(no_key=True)
    )
    own = next((recipient for recipient in locked if recipient.account_id == user.pk), None)
    point = points.first()
    if point is None:
        if own is None:
            own = Recipient.objects.create(account_id=user.pk, language=get_language() or "", created_at=now)
        point = ContactPoint.objects.make(recipient=own.pk, kind=ContactKind.EMAIL, value=address, now=now)
        point.verified_at = now
        point.save()
        return Link(outcome=LinkOutcome.CREATED, recipient=own.pk)
    holder = next((recipient for recipient in locked if recipient.pk == point.recipient_id), None)
    if holder is None:
        raise _LookAgain
    if holder.account_id is not None and holder.account_id != user.pk:
        return Link(outcome=LinkOutcome.HELD_BY_ANOTHER_ACCOUNT, recipient=holder.pk)
    points.filter(verified_at=None).update(verified_at=now)
    if holder == own:
        return Link(outcome=LinkOutcome.ALREADY_SO, recipient=holder.pk)
    if own is None:
        Recipient.objects.filter(pk=holder.pk).update(account=user.pk)
        return Link(outcome=LinkOutcome.LINKED, recipient=holder.pk)
    ledger.merge(surviving=own.pk, absorbed=holder.pk, reason=MERGE_REASON, now=now)
    return Link(outcome=LinkOutcome.MERGED, recipient=own.pk)
