"""Take over what other systems know about people: addresses, details, sales, register look-ups. Never a choice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from psycopg.errors import DeadlockDetected, UniqueViolation

from preferences.decisions.rules_in_force import current_rules
from preferences.enums import ContactKind
from preferences.imports.fields import is_line
from preferences.imports.profile import Profile, edit_profile
from preferences.imports.records import (
    Address,
    Draft,
    PersonRecord,
    Problem,
    SaleRecord,
    ScreeningRecord,
    draft_of,
)
from preferences.models import Brand, ContactPoint, Recipient, Sale

__all__ = [
    "PersonRecord",
    "Problem",
    "SaleRecord",
    "ScreeningRecord",
    "UpsertUnstable",
    "Upserted",
    "upsert",
]

# Whoever loses a race finds another state at the second look; more than a few looks mean a defect.
_LOOKS = 5
_PROFILE = ("language", "country", "relationship", "organisation", "born_on")


class UpsertUnstable(Exception):
    """Others kept adding the same people. `code` is `upsert_unstable`; the same call later will do."""

    code = "upsert_unstable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upserted:
    """What became of one record. With a `problem` nothing of it was taken over, and `recipient` is None.

    `filled`, `changed` and `kept` name fields of the record: what was unknown before, what was known otherwise and is
    changed (for an address: one was added beside those there), and what was left as it was, because the record's value
    would widen what may be sent, or because it is older. A field in none of them said nothing new.
    """

    recipient: int | None
    created: bool = False
    filled: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    problem: Problem | None = None


def upsert(*, people: Sequence[PersonRecord], now: dt.datetime) -> list[Upserted]:
    """Take over what is told about people, and return what became of each record, in the order given.

    A person is found by the external id, else by an address; who is found by neither is new. An address that belongs
    to another recipient stays there. A record that cannot be taken over has a problem, and the others stand; of two
    records about one person the later sees what the earlier left.

    Never widens: a known country or relationship is changed only where no rule becomes laxer by it, a known date of
    birth only to a later one, a sale at which nobody could refuse stays one. Nothing is removed, no choice is touched.

    The number of queries does not depend on the number of people. Raises UpsertUnstable.
    """
    drafts = [draft_of(record, now=now) for record in people]
    brands = _brands(people)
    for _look in range(_LOOKS):
        try:
            with transaction.atomic():
                return _Batch(drafts=drafts, brands=brands, now=now).take_over()
        except _LookAgain:
            continue
        except (IntegrityError, OperationalError) as error:
            # Somebody else was adding the same people, or the same people in another order.
            if not isinstance(error.__cause__, UniqueViolation | DeadlockDetected):
                raise
    raise UpsertUnstable


class _LookAgain(Exception):
    """The rows moved between the look and the lock."""


def _brands(people: Sequence[PersonRecord]) -> dict[str, int]:
    """The brands that sold something, by key: primary keys."""
    keys = {sale.brand for record in people for sale in record.sales}
    keys = {key for key in keys if is_line(key, longest=50)}
    return dict(Brand.objects.filter(key__in=keys).values_list("key", "pk")) if keys else {}


type _SaleKey = tuple[int, dt.date, str]


@dataclass(slots=True, kw_only=True)
class _Person:
    """A recipient with addresses and sales, as they are to be. What is new has no primary key yet."""

    row: Recipient
    points: dict[Address, ContactPoint] = field(default_factory=dict)
    sales: dict[_SaleKey, Sale] = field(default_factory=dict)

    @property
    def profile(self) -> Profile:
        return Profile(**{name: getattr(self.row, name) for name in _PROFILE})


@dataclass(slots=True, kw_only=True)
class _Notes:
    """The names of the fields that were filled, changed and kept."""

    filled: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)


class _Batch:
    """Reads and locks all that is known of the people of a batch, judges in memory, and writes it all at once."""

    def __init__(self, *, drafts: Sequence[Draft], brands: dict[str, int], now: dt.datetime) -> None:
        self._drafts = drafts
        self._brands = brands
        self._now = now
        self._rules = current_rules()
        self._by_external_id: dict[str, _Person] = {}
        self._by_address: dict[Address, _Person] = {}
        self._new: list[_Person] = []
        self._new_points: list[tuple[_Person, ContactPoint]] = []
        self._new_sales: list[tuple[_Person, Sale]] = []
        self._edited: dict[int, Recipient] = {}
        self._screened: dict[int, ContactPoint] = {}
        self._stricter_sales: dict[int, Sale] = {}

    def take_over(self) -> list[Upserted]:
        self._read()
        judged = [self._judge(draft) for draft in self._drafts]
        self._write()
        # Who is new has a primary key only now.
        return [
            Upserted(
                recipient=person.row.pk if person else None,
                created=created,
                filled=tuple(sorted(notes.filled)),
                changed=tuple(sorted(notes.changed)),
                kept=tuple(sorted(notes.kept)),
                problem=problem,
            )
            for person, created, notes, problem in judged
        ]

    def _read(self) -> None:
        sound = [draft for draft in self._drafts if draft.problem is None]
        external_ids = {draft.record.external_id for draft in sound if draft.record.external_id}
        # The id of somebody who was merged stays on their row, and names the surviving recipient.
        named = dict(
            Recipient.objects.filter(external_id__in=external_ids).values_list(
                "external_id", Coalesce("merged_into", "pk")
            )
        )
        held = _holders({address for draft in sound for address in draft.addresses})
        locked = (
            Recipient.objects.filter(pk__in={*named.values(), *held.values()})
            .order_by("pk")
            .select_for_update(no_key=True)
        )
        people = {row.pk: _Person(row=row) for row in locked}
        if any(person.row.merged_into_id or person.row.erased_at for person in people.values()):
            raise _LookAgain
        for point in ContactPoint.objects.filter(recipient__in=people):
            people[point.recipient_id].points[ContactKind(point.kind), point.normalized] = point
        if any(address not in people[holder].points for address, holder in held.items()):
            raise _LookAgain
        if any(draft.record.sales for draft in sound):
            for sale in Sale.objects.filter(recipient__in=people):
                people[sale.recipient_id].sales[sale.brand_id, sale.sold_on, sale.subject] = sale
        self._by_external_id = {external_id: people[pk] for external_id, pk in named.items()}
        self._by_address = {address: people[pk] for address, pk in held.items()}

    def _judge(self, draft: Draft) -> tuple[_Person | None, bool, _Notes, Problem | None]:
        record, notes = draft.record, _Notes()
        problem = draft.problem
        if problem is None and any(sale.brand not in self._brands for sale in record.sales):
            problem = Problem.SALE_BRAND_UNKNOWN
        if problem is None and self._is_conflict(draft):
            problem = Problem.CONFLICT
        if problem is not None:
            return None, False, notes, problem
        person = self._find(draft)
        created = person is None
        if person is None:
            person = _Person(row=Recipient(created_at=self._now))
            self._new.append(person)
        if record.external_id and record.external_id not in self._by_external_id:
            person.row.external_id = record.external_id
            self._by_external_id[record.external_id] = person
            self._mark_edited(person)
            notes.filled.add("external_id")
        self._add_addresses(person, draft, notes)
        self._edit_profile(person, record, notes)
        for sale in record.sales:
            self._add_sale(person, sale, notes)
        if record.screening:
            self._screen(person, draft, record.screening, notes)
        return person, created, notes, None

    def _find(self, draft: Draft) -> _Person | None:
        named = self._by_external_id.get(draft.record.external_id)
        holders = (self._by_address[address] for address in draft.addresses if address in self._by_address)
        return named or next(holders, None)

    def _is_conflict(self, draft: Draft) -> bool:
        """Whether a record names two people: by its addresses, or by an id beside the address of somebody else."""
        person = self._find(draft)
        if person is None:
            return False
        holders = [self._by_address.get(address, person) for address in draft.addresses]
        external_id = draft.record.external_id
        has_other_id = bool(
            external_id and external_id not in self._by_external_id and person.row.external_id
        )
        return has_other_id or any(holder is not person for holder in holders)

    def _add_addresses(self, person: _Person, draft: Draft, notes: _Notes) -> None:
        for address, value in draft.addresses.items():
            if address in person.points:
                continue
            kind, _normalized = address
            known = any(other is kind for other, _normalized in person.points)
            point = ContactPoint.objects.make(
                recipient=person.row.pk or 0, kind=kind, value=value, now=self._now
            )
            person.points[address] = point
            self._by_address[address] = person
            self._new_points.append((person, point))
            (notes.changed if known else notes.filled).add(kind.value)

    def _edit_profile(self, person: _Person, record: PersonRecord, notes: _Notes) -> None:
        edit = edit_profile(
            known=person.profile,
            told={name: getattr(record, name) for name in _PROFILE},
            rules=self._rules,
            today=self._now.date(),
        )
        notes.filled.update(edit.filled)
        notes.changed.update(edit.changed)
        notes.kept.update(edit.kept)
        if edit.filled or edit.changed:
            for name in _PROFILE:
                setattr(person.row, name, getattr(edit.profile, name))
            self._mark_edited(person)

    def _add_sale(self, person: _Person, told: SaleRecord, notes: _Notes) -> None:
        subject = " ".join(told.subject.split())
        key = (self._brands[told.brand], told.sold_on, subject)
        sale = person.sales.get(key)
        if sale is None:
            (notes.changed if person.sales else notes.filled).add("sales")
            sale = Sale(
                brand_id=key[0],
                sold_on=told.sold_on,
                subject=subject,
                refusal_offered=told.refusal_offered,
                recorded_at=self._now,
            )
            person.sales[key] = sale
            self._new_sales.append((person, sale))
        elif sale.refusal_offered and not told.refusal_offered:
            sale.refusal_offered = False
            notes.changed.add("sales")
            if sale.pk:
                self._stricter_sales[sale.pk] = sale
        elif told.refusal_offered and not sale.refusal_offered:
            notes.kept.add("sales")

    def _screen(self, person: _Person, draft: Draft, told: ScreeningRecord, notes: _Notes) -> None:
        number = next(address for address in draft.addresses if address[0] is ContactKind.PHONE)
        point = person.points[number]
        known = (point.screened_at, point.on_register)
        if known == (told.screened_at, told.on_register):
            return
        if point.screened_at is None:
            notes.filled.add("screening")
        # Of two looks at the same moment the one that found the number counts.
        elif (point.screened_at, bool(point.on_register)) < (told.screened_at, told.on_register):
            notes.changed.add("screening")
        else:
            notes.kept.add("screening")
            return
        point.screened_at, point.on_register = told.screened_at, told.on_register
        if point.pk:
            self._screened[point.pk] = point

    def _mark_edited(self, person: _Person) -> None:
        if person.row.pk:
            self._edited[person.row.pk] = person.row

    def _write(self) -> None:
        """One query for each table and act, rows in the order of their unique columns, so that two batches wait for
        each other rather than both for ever."""
        if self._edited:
            Recipient.objects.bulk_update(self._edited.values(), ["external_id", *_PROFILE])
        if self._new:
            Recipient.objects.bulk_create(
                sorted((person.row for person in self._new), key=lambda row: row.external_id or "")
            )
        for person, point in self._new_points:
            point.recipient_id = person.row.pk
        if self._new_points:
            ContactPoint.objects.bulk_create(
                sorted(
                    (point for _person, point in self._new_points),
                    key=lambda point: (point.normalized, point.kind),
                )
            )
        for person, sale in self._new_sales:
            sale.recipient_id = person.row.pk
        if self._new_sales:
            Sale.objects.bulk_create(sale for _person, sale in self._new_sales)
        if self._screened:
            ContactPoint.objects.bulk_update(self._screened.values(), ["screened_at", "on_register"])
        if self._stricter_sales:
            Sale.objects.bulk_update(self._stricter_sales.values(), ["refusal_offered"])


def _holders(addresses: set[Address]) -> dict[Address, int]:
    """Who has these addresses: recipients' primary keys."""
    by_kind = Q(pk__in=[])
    for kind in ContactKind:
        by_kind |= Q(kind=kind, normalized__in=[normalized for of, normalized in addresses if of is kind])
    points = ContactPoint.objects.filter(by_kind).values_list("kind", "normalized", "recipient")
    return {(ContactKind(kind), normalized): recipient for kind, normalized, recipient in points}
