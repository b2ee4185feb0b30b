"""What other systems tell about a person, and what can be wrong with it. Nothing is read or written here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from preferences.enums import ContactKind, Relationship
from preferences.identity import AddressInvalid, normalize_address
from preferences.imports.fields import is_language, is_line
from preferences.personal_data import names_personal_data
from preferences.rules.countries import is_country

LONGEST_SUBJECT = 160
_LONGEST_EXTERNAL_ID = 80
_LONGEST_ORGANISATION = 160
# A sender's clock may run ahead of ours by this much, and its day by one.
CLOCK_SKEW = dt.timedelta(minutes=5)
_DAY = dt.timedelta(days=1)
_OLDEST_BIRTH = dt.date(1900, 1, 1)
_OLDEST_SALE = dt.date(1950, 1, 1)


class Problem(TextChoices):
    """Why nothing of a record was taken over."""

    NOBODY_NAMED = "nobody_named", _("An external id or an address is needed.")
    CONFLICT = "conflict", _("The external id and the addresses belong to different people.")
    EXTERNAL_ID_INVALID = (
        "external_id_invalid",
        _("This is not an external id: one line of at most 80 letters."),
    )
    EMAIL_INVALID = "email_invalid", _("This is not an e-mail address.")
    PHONE_INVALID = "phone_invalid", _("This is not a phone number with its country code.")
    POSTAL_INVALID = "postal_invalid", _("This is not a postal address.")
    COUNTRY_INVALID = "country_invalid", _("A country is two capital letters, ISO 3166-1.")
    RELATIONSHIP_INVALID = "relationship_invalid", _("There is no such relationship.")
    LANGUAGE_INVALID = "language_invalid", _("This is not a language tag, such as en or nb.")
    ORGANISATION_INVALID = "organisation_invalid", _("An organisation is one line of at most 160 letters.")
    BORN_ON_INVALID = "born_on_invalid", _("This cannot be a date of birth.")
    SALE_BRAND_UNKNOWN = "sale_brand_unknown", _("There is no brand with this key.")
    SALE_DAY_INVALID = "sale_day_invalid", _("This cannot be the day of a sale.")
    SALE_SUBJECT_INVALID = (
        "sale_subject_invalid",
        _("A sale needs a subject: one line of at most 160 letters, without an address or a number."),
    )
    SCREENING_WITHOUT_PHONE = "screening_without_phone", _("A register look-up needs the phone number.")
    SCREENED_AT_INVALID = "screened_at_invalid", _("The register cannot have been looked into at this time.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleRecord:
    """A sale by a brand (its key). `refusal_offered`: the person could refuse marketing when it was made."""

    brand: str
    sold_on: dt.date
    subject: str
    refusal_offered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningRecord:
    """What the do-not-call register said about the record's phone number, and when (aware)."""

    screened_at: dt.datetime
    on_register: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRecord:
    """What a sender knows of one person. An external id or an address there must be; whatever is empty says nothing.

    `country` is ISO 3166-1 alpha-2 in capital letters, `relationship` a word of the enum, `language` a language tag.
    """

    external_id: str = ""
    email: str = ""
    phone: str = ""
    postal: str = ""
    country: str = ""
    relationship: str = ""
    organisation: str = ""
    language: str = ""
    born_on: dt.date | None = None
    sales: tuple[SaleRecord, ...] = ()
    screening: ScreeningRecord | None = None


type Address = tuple[ContactKind, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A record with its addresses by the spelling they are found by, or the first problem with it."""

    record: PersonRecord
    addresses: dict[Address, str] = field(default_factory=dict)
    problem: Problem | None = None


def draft_of(record: PersonRecord, *, now: dt.datetime) -> Draft:
    """The record, judged by itself: whether the database holds somebody like this is not asked."""
    addresses: dict[Address, str] = {}
    problems: list[Problem] = []
    for kind, problem in _ADDRESS_PROBLEMS.items():
        value = getattr(record, kind.value)
        if not value:
            continue
        try:
            addresses[kind, normalize_address(kind=kind, value=value)] = value
        except AddressInvalid:
            problems.append(problem)
    problems += _problems(record, now=now)
    return Draft(record=record, addresses=addresses, problem=problems[0] if problems else None)


_ADDRESS_PROBLEMS = {
    ContactKind.EMAIL: Problem.EMAIL_INVALID,
    ContactKind.PHONE: Problem.PHONE_INVALID,
    ContactKind.POSTAL: Problem.POSTAL_INVALID,
}


def _problems(record: PersonRecord, *, now: dt.datetime) -> Iterable[Problem]:
    if not (record.external_id or record.email or record.phone or record.postal):
        yield Problem.NOBODY_NAMED
    if not _is_external_id(record.external_id):
        yield Problem.EXTERNAL_ID_INVALID
    if record.country and not is_country(record.country):
        yield Problem.COUNTRY_INVALID
    if record.relationship and record.relationship not in Relationship.values:
        yield Problem.RELATIONSHIP_INVALID
    if record.language and not is_language(record.language):
        yield Problem.LANGUAGE_INVALID
    if not is_line(record.organisation, longest=_LONGEST_ORGANISATION):
        yield Problem.ORGANISATION_INVALID
    if record.born_on and not is_birth(record.born_on, today=now.date()):
        yield Problem.BORN_ON_INVALID
    for sale in record.sales:
        if not is_day_of_sale(sale.sold_on, today=now.date()):
            yield Problem.SALE_DAY_INVALID
        if not is_subject(sale.subject):
            yield Problem.SALE_SUBJECT_INVALID
    if record.screening:
        if not record.phone:
            yield Problem.SCREENING_WITHOUT_PHONE
        if record.screening.screened_at > now + CLOCK_SKEW:
            yield Problem.SCREENED_AT_INVALID


def _is_external_id(text: str) -> bool:
    # What begins as a formula is run by the spreadsheet in which somebody opens an export.
    return (
        is_line(text, longest=_LONGEST_EXTERNAL_ID)
        and text.strip() == text
        and not text.startswith(("=", "+", "-", "@"))
    )


def is_birth(day: dt.date, *, today: dt.date) -> bool:
    """Whether somebody alive can be born on `day`."""
    return _OLDEST_BIRTH <= day <= today


def is_day_of_sale(day: dt.date, *, today: dt.date) -> bool:
    """Whether something can have been sold on `day`; east of us it may be tomorrow."""
    return _OLDEST_SALE <= day <= today + _DAY


def is_subject(text: str) -> bool:
    """Whether `text` can be the subject of a sale: one line that names no address and no number."""
    return bool(text.strip()) and is_line(text, longest=LONGEST_SUBJECT) and not names_personal_data(text)
