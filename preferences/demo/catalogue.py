"""The demo's catalogue: one group with three brands of business software, their topics, and the profiling.

Plain data in English and Norwegian Bokmål. All names are invented; addresses end in .example, which nobody
can own.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from i18nfield.strings import LazyI18nString

from preferences.enums import Channel, Kind, ProfilingUse, Requirement
from preferences.models import Brand, ProfilingPurpose, Purpose, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoBrand:
    key: str
    name: str
    legal_entity: str
    sender_name: str
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoTopic:
    """`name` and `description` are (English, Norwegian Bokmål)."""

    key: str
    brand: str
    name: tuple[str, str]
    description: tuple[str, str]
    channels: tuple[Channel, ...]
    retired_days_ago: int | None = field(default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoProfilingPurpose:
    """All texts are (English, Norwegian Bokmål). `requirement` holds where nobody has said anything."""

    key: str
    name: tuple[str, str]
    description: tuple[str, str]
    data_used: tuple[str, str]
    requirement: Requirement
    use: ProfilingUse


# Each colour has a contrast of 4.8 or more with white, and of 3.5 or more with a near-black page.
BRANDS = (
    DemoBrand(
        key="tallvik",
        name="Tallvik",
        legal_entity="Tallvik AS",
        sender_name="Tallvik Regnskap",
        colour="#0b7a75",
    ),
    DemoBrand(
        key="aurelund",
        name="Aurelund",
        legal_entity="Aurelund AB",
        sender_name="Aurelund HR",
        colour="#7c55d4",
    ),
    DemoBrand(
        key="cordilla",
        name="Cordilla",
        legal_entity="Cordilla S.A. de C.V.",
        sender_name="Cordilla Comercio",
        colour="#c04f1f",
    ),
)

TOPICS = (
    DemoTopic(
        key="tallvik-product-news",
        brand="tallvik",
        name=("Product news", "Produktnytt"),
        description=(
            "What is new in the accounting and payroll programs you use, about once a month.",
            "Hva som er nytt i regnskaps- og lønnsprogrammene du bruker, omtrent én gang i måneden.",
        ),
        channels=(Channel.EMAIL, Channel.IN_PRODUCT, Channel.WEB),
    ),
    DemoTopic(
        key="tallvik-advice",
        brand="tallvik",
        name=("Tax and payroll calendar", "Skatte- og lønnskalender"),
        description=(
            "Deadlines and rule changes, with a short piece of advice before each of them.",
            "Frister og regelendringer, med et kort råd i forkant av hver av dem.",
        ),
        channels=(Channel.EMAIL, Channel.SMS, Channel.POST),
    ),
    DemoTopic(
        key="tallvik-offers",
        brand="tallvik",
        name=("Offers and upgrades", "Tilbud og oppgraderinger"),
        description=(
            "Prices, trials and bundles for your company, at most four times a year.",
            "Priser, prøveperioder og pakker for bedriften din, høyst fire ganger i året.",
        ),
        channels=(Channel.EMAIL, Channel.SMS, Channel.PHONE, Channel.POST),
    ),
    DemoTopic(
        key="tallvik-courses",
        brand="tallvik",
        name=("Courses and webinars", "Kurs og webinarer"),
        description=(
            "Free webinars and paid courses in accounting, near you and online.",
            "Gratis webinarer og betalte kurs i regnskap, i nærheten av deg og på nett.",
        ),
        channels=(Channel.EMAIL, Channel.SMS, Channel.SOCIAL),
    ),
    DemoTopic(
        key="aurelund-product-news",
        brand="aurelund",
        name=("Product news", "Produktnytt"),
        description=(
            "New features for time sheets, leave and recruitment, about once a month.",
            "Nye funksjoner for timelister, fravær og rekruttering, omtrent én gang i måneden.",
        ),
        channels=(Channel.EMAIL, Channel.IN_PRODUCT),
    ),
    DemoTopic(
        key="aurelund-insight",
        brand="aurelund",
        name=("Insight into working life", "Innsikt i arbeidslivet"),
        description=(
            "Reports and articles on leadership and employment law, every quarter.",
            "Rapporter og artikler om ledelse og arbeidsrett, hvert kvartal.",
        ),
        channels=(Channel.EMAIL, Channel.SOCIAL),
    ),
    DemoTopic(
        key="aurelund-offers",
        brand="aurelund",
        name=("Offers and upgrades", "Tilbud og oppgraderinger"),
        description=(
            "Offers on more modules and users, when we have something that fits your company.",
            "Tilbud på flere moduler og brukere når vi har noe som passer bedriften din.",
        ),
        channels=(Channel.EMAIL, Channel.PHONE, Channel.WEB, Channel.SOCIAL),
    ),
    DemoTopic(
        key="cordilla-product-news",
        brand="cordilla",
        name=("Product news", "Produktnytt"),
        description=(
            "What is new in invoicing, stock and online shops, about once a month.",
            "Hva som er nytt i fakturering, lager og nettbutikk, omtrent én gang i måneden.",
        ),
        channels=(Channel.EMAIL, Channel.IN_PRODUCT),
    ),
    DemoTopic(
        key="cordilla-meetings",
        brand="cordilla",
        name=("Fairs and meetings", "Messer og treff"),
        description=(
            "Invitations to trade fairs and customer meetings in your country.",
            "Invitasjoner til messer og kundetreff i landet ditt.",
        ),
        channels=(Channel.EMAIL, Channel.SMS, Channel.SOCIAL),
    ),
    DemoTopic(
        key="cordilla-partner-offers",
        brand="cordilla",
        name=("Offers from partners", "Tilbud fra partnere"),
        description=(
            "Payments, freight and insurance from companies we work with, who never see your address.",
            "Betaling, frakt og forsikring fra selskaper vi samarbeider med, og som aldri ser adressen din.",
        ),
        channels=(Channel.EMAIL, Channel.PHONE, Channel.POST, Channel.WEB),
    ),
    DemoTopic(
        key="tallvik-magazine",
        brand="tallvik",
        name=("The magazine on paper", "Magasinet på papir"),
        description=(
            "Our magazine on running a small company, which is no longer printed.",
            "Magasinet vårt om å drive et lite firma, som ikke trykkes lenger.",
        ),
        channels=(Channel.POST,),
        retired_days_ago=45,
    ),
)

PROFILING_PURPOSES = (
    DemoProfilingPurpose(
        key="activity",
        use=ProfilingUse.ACTIVITY,
        name=(
            "Your activity on our sites and in our programs",
            "Aktiviteten din på nettstedene og i programmene våre",
        ),
        description=(
            "We choose what we show and send you by what you have looked at and clicked on.",
            "Vi velger hva vi viser og sender deg, ut fra hva du har sett på og klikket på.",
        ),
        data_used=(
            "Pages visited and clicks, device, IP address and username.",
            "Besøkte sider og klikk, enhet, IP-adresse og brukernavn.",
        ),
        requirement=Requirement.OPT_IN,
    ),
    DemoProfilingPurpose(
        key="customer-relationship",
        use=ProfilingUse.CUSTOMER_RELATIONSHIP,
        name=("Your company's customer relationship", "Kundeforholdet til bedriften din"),
        description=(
            "We fit marketing to the products your company has, and leave out what it has bought already.",
            "Vi tilpasser markedsføringen til det bedriften din har, og utelater det den alt har kjøpt.",
        ),
        data_used=(
            "The customer relationship of your company: products, contract, invoices and industry.",
            "Kundeforholdet til bedriften din: produkter, avtale, fakturaer og bransje.",
        ),
        requirement=Requirement.OPT_OUT,
    ),
    DemoProfilingPurpose(
        key="email-tracking",
        use=ProfilingUse.EMAIL_TRACKING,
        name=("E-mails you open and click on", "E-poster du åpner og klikker i"),
        description=(
            "We see which of our e-mails you open and which links you follow, and write more about that.",
            "Vi ser hvilke e-poster fra oss du åpner, og hvilke lenker du følger, og skriver mer om det.",
        ),
        data_used=(
            "Opens and clicks in our e-mails, with the time and the mail program.",
            "Åpninger av og klikk i e-postene våre, med tidspunkt og e-postprogram.",
        ),
        # France and Italy ask for consent; their rules say so.
        requirement=Requirement.OPT_OUT,
    ),
)


def load_catalogue() -> dict[str, Purpose]:
    """Store the catalogue and return its topics and profiling purposes by key, topics with their brand."""
    brands = {
        brand.key: Brand.objects.create(
            key=brand.key,
            name=brand.name,
            legal_entity=brand.legal_entity,
            privacy_notice_url=f"https://www.{brand.key}.example/privacy",
            sender_name=brand.sender_name,
            sender_email=f"post@{brand.key}.example",
            colour=brand.colour,
            position=position,
        )
        for position, brand in enumerate(BRANDS, start=1)
    }
    purposes: dict[str, Purpose] = {
        topic.key: Topic.objects.create(
            kind=Kind.MARKETING,
            key=topic.key,
            brand=brands[topic.brand],
            name=_texts(topic.name),
            description=_texts(topic.description),
            channels=[channel.value for channel in topic.channels],
            position=position,
        )
        for position, topic in enumerate(TOPICS, start=1)
    }
    for position, purpose in enumerate(PROFILING_PURPOSES, start=1):
        purposes[purpose.key] = ProfilingPurpose.objects.create(
            kind=Kind.PROFILING,
            key=purpose.key,
            name=_texts(purpose.name),
            description=_texts(purpose.description),
            data_used=_texts(purpose.data_used),
            requirement=purpose.requirement,
            use=purpose.use,
            position=position,
        )
    return purposes


def retire_topics(*, now: dt.datetime) -> None:
    """Retire what is no longer offered. Call once the past is told: people could choose it then."""
    for topic in TOPICS:
        if topic.retired_days_ago is not None:
            retired = Topic.objects.get(key=topic.key)
            retired.retired_at = now - dt.timedelta(days=topic.retired_days_ago)
            retired.save()


def _texts(texts: tuple[str, str]) -> LazyI18nString:
    return LazyI18nString(dict(zip(("en", "nb"), texts, strict=True)))
