"""Suppress an address or a domain, and lift that again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction

from preferences.enums import ContactKind, SuppressionKind, SuppressionReason
from preferences.identity import address_hash, normalize_address, normalize_domain
from preferences.imports.fields import is_line
from preferences.models import Suppression
from preferences.personal_data import names_personal_data

# As much as the history of a suppression holds beside each entry.
LONGEST_LIFT_REASON = 100
_LONGEST_NOTE = 300


class NoteInvalid(ValueError):
    """A note or reason that cannot be kept. `code` says why: `personal_data`, `not_a_line`, `missing`."""

    def __init__(self, *, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """The id of the suppression in force, and whether it is new."""

    suppression: int
    added: bool


def suppress_address(
    *, kind: ContactKind, value: str, reason: SuppressionReason, note: str, by: int | None, now: dt.datetime
) -> Suppressed:
    """See to it that an address or number, however it is spelled, gets no marketing; only its keyed hash is kept.

    Once more changes nothing. `by` is the primary key of a member of staff, None for a program.
    Raises AddressInvalid, NoteInvalid.
    """
    normalized = normalize_address(kind=kind, value=value)
    return _suppress(
        Suppression(
            kind=SuppressionKind.ADDRESS,
            address_hash=address_hash(kind=kind, normalized=normalized),
            reason=reason,
            note=_checked(note),
            created_at=now,
            created_by_id=by,
        )
    )


def suppress_domain(
    *, domain: str, reason: SuppressionReason, note: str, by: int | None, now: dt.datetime
) -> Suppressed:
    """The same for every e-mail address of a domain; its subdomains are domains of their own.

    Raises DomainInvalid, NoteInvalid.
    """
    return _suppress(
        Suppression(
            kind=SuppressionKind.DOMAIN,
            domain=normalize_domain(domain),
            reason=reason,
            note=_checked(note),
            created_at=now,
            created_by_id=by,
        )
    )


def lift(*, suppression: int, reason: str, by: int | None, now: dt.datetime) -> bool:
    """Lift a suppression (its id); False where it had been lifted already. `reason` goes into its history.

    Raises Suppression.DoesNotExist, NoteInvalid.
    """
    if not reason.strip():
        raise NoteInvalid(code="missing")
    reason = _checked(reason, longest=LONGEST_LIFT_REASON)
    with transaction.atomic():
        row = Suppression.objects.select_for_update().get(pk=suppression)
        if row.lifted_at is not None:
            return False
        row.lifted_at, row.lifted_by_id = now, by
        row._change_reason = reason  # type: ignore[attr-defined]  # noqa: SLF001 - simple_history takes it from there
        row.save()
    return True


def _suppress(suppression: Suppression) -> Suppressed:
    while True:
        if Suppression.objects.put_in_force(suppression):
            return Suppressed(suppression=suppression.pk, added=True)
        there = Suppression.objects.in_force().for_the_same(suppression).first()
        # It may have been lifted in between; then this one is needed after all.
        if there is not None:
            return Suppressed(suppression=there.pk, added=False)


def _checked(text: str, *, longest: int = _LONGEST_NOTE) -> str:
    text = " ".join(text.split())
    if not is_line(text, longest=longest):
        raise NoteInvalid(code="not_a_line")
    if names_personal_data(text):
        raise NoteInvalid(code="personal_data")
    return text
