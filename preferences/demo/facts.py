"""What law asks to know of the demo's people: sales, looks into the do-not-call register, suppressions, bounces."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from preferences.demo.people import PEOPLE, home_brand
from preferences.enums import ContactKind, SuppressionReason
from preferences.imports.suppress import suppress_address, suppress_domain
from preferences.imports.upsert import PersonRecord, SaleRecord, ScreeningRecord, upsert
from preferences.models import ContactPoint, Recipient

_RECORDED_DAYS_AGO = 118
_SUBJECTS = {
    "tallvik": "Accounting and payroll, one year",
    "aurelund": "Time sheets and leave, 20 users",
    "cordilla": "Invoicing and online shop, one year",
}
# Of so many customers one was not offered to refuse: the law asks for their consent.
_NOT_OFFERED_EVERY = 6
# By e-mail address: how many days ago the number was looked up, and whether it was found.
_LOOKED_UP = {
    "elsa.lindqvist@skogsvik.example": (12, False),
    "oskar.nyberg@brunnsta.example": (9, True),
}
# A number that was never looked up: camille.moreau@atelierbleu.example.
_SUPPRESSED_DOMAIN = "havnelager.example"
_COMPLAINED = "sofie.lund@example.net"
_BOUNCED = "viktor.sandin@lundaverk.example"


def load_facts(*, recipients: Mapping[str, Recipient], staff: int, now: dt.datetime) -> None:
    """Put all of it on record about `recipients` (by e-mail); `staff` is who suppressed what."""
    upsert(people=_sales(now=now), now=now - dt.timedelta(days=_RECORDED_DAYS_AGO))
    upsert(people=_screenings(now=now), now=now)
    suppress_domain(
        domain=_SUPPRESSED_DOMAIN,
        reason=SuppressionReason.COMPETITOR,
        note="Competes with Aurelund since this spring.",
        by=staff,
        now=now - dt.timedelta(days=33),
    )
    suppress_address(
        kind=ContactKind.EMAIL,
        value=_COMPLAINED,
        reason=SuppressionReason.COMPLAINT,
        note="Reported a newsletter as spam.",
        by=None,
        now=now - dt.timedelta(days=17),
    )
    ContactPoint.objects.filter(recipient=recipients[_BOUNCED], kind=ContactKind.EMAIL).update(
        unreachable_at=now - dt.timedelta(days=20)
    )


def _sales(*, now: dt.datetime) -> list[PersonRecord]:
    """One sale to each customer, by the brand they are likeliest to know, soon after we first heard of them."""
    customers = [person for person in PEOPLE if person.is_customer]
    return [
        PersonRecord(
            email=person.email,
            sales=(
                SaleRecord(
                    brand=home_brand(person.country),
                    sold_on=(now - dt.timedelta(days=max(person.known_days - 12, _RECORDED_DAYS_AGO))).date(),
                    subject=_SUBJECTS[home_brand(person.country)],
                    refusal_offered=bool((number + 1) % _NOT_OFFERED_EVERY),
                ),
            ),
        )
        for number, person in enumerate(customers)
    ]


def _screenings(*, now: dt.datetime) -> list[PersonRecord]:
    phones = {person.email: person.phone for person in PEOPLE}
    return [
        PersonRecord(
            email=email,
            phone=phones[email],
            screening=ScreeningRecord(screened_at=now - dt.timedelta(days=days_ago), on_register=on_register),
        )
        for email, (days_ago, on_register) in _LOOKED_UP.items()
    ]
