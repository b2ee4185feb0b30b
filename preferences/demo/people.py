"""The demo's people: forty recipients in eight countries, and those who can sign in.

All invented. Domains end in .example or are the example.com family; phone numbers come from the ranges that
France, Germany and Sweden keep free for fiction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from preferences.enums import ContactKind, Relationship
from preferences.models import ContactPoint, Recipient

# For whoever looks at the demo on their own machine; printed by `load_demo`.
PASSWORD = "walk-along-the-fjord"  # noqa: S105
ACCOUNT_HOLDER = "kari@example.com"
ADMIN = "admin@example.com"
STAFF = {"support": "support@example.com", "editors": "editor@example.com", "auditors": "auditor@example.com"}

# The brand somebody is likeliest to be a customer of, by country.
_HOME_BRAND = {"NO": "tallvik", "ES": "cordilla", "BR": "cordilla", "MX": "cordilla"}
_CUSTOMER, _PROSPECT = Relationship.BUSINESS_CUSTOMER, Relationship.BUSINESS_PROSPECT
_CONSUMER, _VISITOR = Relationship.CONSUMER_CUSTOMER, Relationship.CONSUMER_PROSPECT


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    """`account`: the person can sign in. `known_days`: how long ago we first heard of them.

    `second_address` was a recipient of its own until the two were found to be one person.
    """

    email: str
    country: str
    relationship: Relationship
    language: str
    organisation: str = ""
    phone: str = ""
    postal: str = ""
    account: bool = False
    known_days: int = 400
    second_address: str = ""

    @property
    def is_customer(self) -> bool:
        return self.relationship in {_CUSTOMER, _CONSUMER}


def _person(
    email: str,
    country: str,
    relationship: Relationship,
    organisation: str = "",
    *,
    language: str | None = None,
    **details: str | bool | int,
) -> DemoPerson:
    return DemoPerson(
        email=email,
        country=country,
        relationship=relationship,
        organisation=organisation,
        language=language or ("nb" if country == "NO" else "en"),
        **details,  # type: ignore[arg-type]
    )


PEOPLE: tuple[DemoPerson, ...] = (
    _person(
        ACCOUNT_HOLDER,
        "NO",
        _CUSTOMER,
        "Fjordbakeriet AS",
        account=True,
        postal="Eksempelveien 1, 5003 Bergen, Norway",
        known_days=900,
    ),
    _person("ola.nordmann@fjordbygg.example", "NO", _CUSTOMER, "Fjordbygg AS", account=True),
    _person(
        "ingrid.solberg@havblikk.example",
        "NO",
        _CUSTOMER,
        "Havblikk Hotell AS",
        account=True,
        second_address="ingrid@example.net",
    ),
    _person("lars.haugen@tindeverk.example", "NO", _CUSTOMER, "Tindeverk AS", known_days=700),
    _person("astrid.lie@example.org", "NO", _VISITOR, postal="Prøvegata 7, 7010 Trondheim, Norway"),
    _person("magnus.berge@nordlysfrakt.example", "NO", _PROSPECT, "Nordlysfrakt AS", known_days=160),
    _person("silje.moen@bjorkogsonn.example", "NO", _CUSTOMER, "Bjørk og Sønn AS", account=True),
    _person("jonas.vik@example.org", "NO", _CONSUMER),
    _person("marte.dahl@regnskapshagen.example", "NO", _CUSTOMER, "Regnskapshagen AS", known_days=1100),
    _person("even.strand@seilogro.example", "NO", _PROSPECT, "Seil og Ro AS", language="en"),
    _person("nora.aas@example.net", "NO", _VISITOR, known_days=60),
    _person("henrik.foss@vestlandsfisk.example", "NO", _CUSTOMER, "Vestlandsfisk AS", account=True),
    _person("elsa.lindqvist@skogsvik.example", "SE", _CUSTOMER, "Skogsvik AB", phone="+46701740605"),
    _person("oskar.nyberg@brunnsta.example", "SE", _CUSTOMER, "Brunnsta Bygg AB", phone="+46701740612"),
    _person("maja.ekstrom@example.org", "SE", _CONSUMER),
    _person("viktor.sandin@lundaverk.example", "SE", _PROSPECT, "Lundaverk AB", known_days=140),
    _person("alva.hedman@norrljus.example", "SE", _CUSTOMER, "Norrljus AB", account=True),
    _person("freja.holm@kystvind.example", "DK", _CUSTOMER, "Kystvind ApS"),
    _person("emil.kjaer@vesterbageri.example", "DK", _CUSTOMER, "Vesterbageri ApS", known_days=800),
    _person("sofie.lund@example.net", "DK", _VISITOR, known_days=90),
    _person("anton.bech@havnelager.example", "DK", _PROSPECT, "Havnelager A/S"),
    _person(
        "lena.hartmann@muehlbach.example", "DE", _CUSTOMER, "Mühlbach Werkzeuge GmbH", phone="+491713920040"
    ),
    _person("jonas.keller@tannenhof.example", "DE", _CUSTOMER, "Tannenhof GmbH"),
    _person("miriam.vogt@example.org", "DE", _CONSUMER),
    _person("paul.brandt@nordspeicher.example", "DE", _PROSPECT, "Nordspeicher GmbH", known_days=150),
    _person("camille.moreau@atelierbleu.example", "FR", _CUSTOMER, "Atelier Bleu SARL", phone="+33639980017"),
    _person("hugo.lefevre@boisclair.example", "FR", _CUSTOMER, "Boisclair SAS"),
    _person("chloe.girard@example.net", "FR", _VISITOR),
    _person(
        "lucia.ortega@olivarsur.example",
        "ES",
        _CUSTOMER,
        "Olivar del Sur S.L.",
        account=True,
        second_address="lucia@example.net",
    ),
    _person("pablo.navarro@talleresmar.example", "ES", _CUSTOMER, "Talleres Mar S.L.", account=True),
    _person("elena.castro@example.org", "ES", _CONSUMER, known_days=120),
    _person(
        "ana.ribeiro@cafeserra.example", "BR", _CUSTOMER, "Café da Serra Ltda.", account=True, known_days=600
    ),
    _person("joao.almeida@portolivre.example", "BR", _CUSTOMER, "Porto Livre Ltda."),
    _person("beatriz.rocha@jardimdois.example", "BR", _PROSPECT, "Jardim Dois Ltda."),
    _person("rafael.teixeira@example.net", "BR", _CONSUMER),
    _person("marina.duarte@velasul.example", "BR", _CUSTOMER, "Vela Sul S.A.", known_days=1000),
    _person("diego.salazar@agavealto.example", "MX", _CUSTOMER, "Agave Alto S.A. de C.V."),
    _person("valeria.ibarra@tiendaluna.example", "MX", _CUSTOMER, "Tienda Luna S.A. de C.V.", account=True),
    _person("mateo.rios@example.org", "MX", _VISITOR, known_days=100),
    _person("camila.fuentes@barrovivo.example", "MX", _PROSPECT, "Barro Vivo S.A. de C.V."),
)


def home_brand(country: str) -> str:
    """The key of the brand somebody in `country` is likeliest to be a customer of."""
    return _HOME_BRAND.get(country, "aurelund")


def load_people(*, now: dt.datetime) -> dict[str, Recipient]:
    """Store recipients, their contact points and accounts; return the recipients by e-mail.

    Second addresses are recipients of their own: bringing them together is part of the past that follows.
    """
    users = _load_accounts([person.email for person in PEOPLE if person.account])
    recipients: dict[str, Recipient] = {}
    for person in PEOPLE:
        since = now - dt.timedelta(days=person.known_days)
        recipients[person.email] = recipient = Recipient.objects.create(
            account_id=users.get(person.email),
            language=person.language,
            country=person.country,
            relationship=person.relationship,
            organisation=person.organisation,
            created_at=since,
        )
        _add_contact_point(recipient, ContactKind.EMAIL, person.email, since, verified=person.account)
        if person.phone:
            _add_contact_point(recipient, ContactKind.PHONE, person.phone, since)
        if person.postal:
            _add_contact_point(recipient, ContactKind.POSTAL, person.postal, since)
        if person.second_address:
            recipients[person.second_address] = second = Recipient.objects.create(
                language=person.language, country=person.country, created_at=since
            )
            _add_contact_point(second, ContactKind.EMAIL, person.second_address, since)
    return recipients


def load_staff() -> dict[str, int]:
    """Store one member of each staff group and the administrator; return the former's ids by group."""
    password = make_password(PASSWORD)
    _create_user(ADMIN, password=password, is_staff=True, is_superuser=True)
    return {
        group: _create_user(email, password=password, group=group, is_staff=True)
        for group, email in STAFF.items()
    }


def _load_accounts(emails: Sequence[str]) -> dict[str, int]:
    """Only the one account holder the demo names has a password; the others sign in by code."""
    unusable = make_password(None)
    return {
        email: _create_user(email, password=make_password(PASSWORD) if email == ACCOUNT_HOLDER else unusable)
        for email in emails
    }


def _create_user(email: str, *, password: str, group: str = "", **rights: bool) -> int:
    user = get_user_model().objects.create(email=email, password=password, **rights)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    if group:
        user.groups.add(Group.objects.get_or_create(name=group)[0])
    return user.pk


def _add_contact_point(
    recipient: Recipient, kind: ContactKind, value: str, since: dt.datetime, *, verified: bool = False
) -> None:
    point = ContactPoint.objects.make(recipient=recipient.pk, kind=kind, value=value, now=since)
    point.verified_at = since if verified else None
    point.save()
