"""What staff put right about one person: details, sales, register look-ups, addresses that work again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import IntegrityError, transaction

from preferences.decisions.rules_in_force import current_rules
from preferences.enums import ContactKind
from preferences.imports.profile import Profile, relaxed
from preferences.imports.records import CLOCK_SKEW, is_birth, is_day_of_sale, is_subject
from preferences.models import ContactPoint, Recipient, Sale

PROFILE = ("language", "country", "relationship", "organisation", "born_on")


class FactsInvalid(ValueError):
    """A fact that cannot be. `code` says which: `born_on`, `sold_on`, `subject`, `screened_at`, `gone`."""

    def __init__(self, *, code: str) -> None:
        self.code = code
        super().__init__(code)


class LawRelaxed(Exception):
    """The new details would make rules laxer for the person, and nobody said that this is meant.

    `names` are those of `profile.relaxed`. Nothing was changed.
    """

    code = "law_relaxed"

    def __init__(self, *, names: tuple[str, ...]) -> None:
        self.names = names
        super().__init__(", ".join(names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """The old and new value of each detail that changed."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]


def correct_details(
    *, recipient: int, told: Mapping[str, Any], may_relax: bool, now: dt.datetime
) -> Corrected:
    """Set the details of a recipient (primary key) that `told` names, each to its value there, empty ones included.

    To fill a gap is no relaxation. Where rules would become laxer otherwise, that has to be meant (`may_relax`).
    Raises LawRelaxed, FactsInvalid.
    """
    if told.get("born_on") and not is_birth(told["born_on"], today=now.date()):
        raise FactsInvalid(code="born_on")
    rules = current_rules()
    with transaction.atomic():
        row = _locked(recipient)
        known = Profile(**{name: getattr(row, name) for name in PROFILE})
        wanted = replace(known, **told)
        filled = replace(known, **{name: value for name, value in told.items() if not getattr(known, name)})
        names = relaxed(before=filled, after=wanted, rules=rules, today=now.date())
        if names and not may_relax:
            raise LawRelaxed(names=names)
        changed = [name for name in PROFILE if getattr(wanted, name) != getattr(known, name)]
        if changed:
            Recipient.objects.filter(pk=recipient).update(**{name: getattr(wanted, name) for name in changed})
    return Corrected(
        before={name: getattr(known, name) for name in changed},
        after={name: getattr(wanted, name) for name in changed},
    )


def record_sale(
    *, recipient: int, brand: int, sold_on: dt.date, subject: str, refusal_offered: bool, now: dt.datetime
) -> bool:
    """Put a sale by a brand (primary key) on record; False where it is there already, which stays as it is.

    Raises FactsInvalid.
    """
    if not is_day_of_sale(sold_on, today=now.date()):
        raise FactsInvalid(code="sold_on")
    if not is_subject(subject):
        raise FactsInvalid(code="subject")
    try:
        with transaction.atomic():
            _locked(recipient)
            _sale, created = Sale.objects.get_or_create(
                recipient_id=recipient,
                brand_id=brand,
                sold_on=sold_on,
                subject=" ".join(subject.split()),
                defaults={"refusal_offered": refusal_offered, "recorded_at": now},
            )
    except IntegrityError as error:
        raise FactsInvalid(code="gone") from error
    return created


def record_screening(
    *, recipient: int, contact_point: int, screened_at: dt.datetime, on_register: bool, now: dt.datetime
) -> bool:
    """Put on record what the do-not-call register said about a number of a recipient (primary keys).

    False where a newer look is on record, which stays. Raises FactsInvalid.
    """
    if screened_at > now + CLOCK_SKEW:
        raise FactsInvalid(code="screened_at")
    with transaction.atomic():
        _locked(recipient)
        point = ContactPoint.objects.filter(
            pk=contact_point, recipient=recipient, kind=ContactKind.PHONE
        ).first()
        if point is None:
            raise FactsInvalid(code="gone")
        if point.screened_at and point.screened_at > screened_at:
            return False
        point.screened_at, point.on_register = screened_at, on_register
        point.save(update_fields=["screened_at", "on_register"])
    return True


def mark_reachable(*, recipient: int, contact_point: int) -> bool:
    """Let messages go to a contact point of a recipient again; False where they did already, or it is gone."""
    points = ContactPoint.objects.filter(pk=contact_point, recipient=recipient, unreachable_at__isnull=False)
    return points.update(unreachable_at=None) == 1


def _locked(recipient: int) -> Recipient:
    row = Recipient.objects.select_for_update(no_key=True).filter(pk=recipient).first()
    if row is None or row.merged_into_id or row.erased_at:
        raise FactsInvalid(code="gone")
    return row
