"""The demo's sites, one for each brand: cookies, published banners, and what visitors said in sixty days.

All invented, though the cookies are of well-known kinds. What visitors said is drawn with a fixed seed, and stored
in bulk: thousands of records through the door of browsers would hold up the start of the demo.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from i18nfield.strings import LazyI18nString

from preferences.cookies.publish import publish
from preferences.enums import CookieAction, CookieCategory
from preferences.models import Banner, Brand, CookieConsent, Site, SiteCategory, SiteCookie

_SEED = 20260717
_DAYS = 60
# So many days ago the first site took on one more cookie, which made a new version of its banner.
_CHANGED_DAYS_AGO = 21
# Where `python -m http.server 8001` serves a page on which somebody tries the banner; see docs/cookies.md.
_TRYING_OUT = ("http://127.0.0.1:8001", "http://localhost:8001")

_NECESSARY, _PREFERENCES = CookieCategory.NECESSARY, CookieCategory.PREFERENCES
_STATISTICS, _MARKETING = CookieCategory.STATISTICS, CookieCategory.MARKETING

type Texts = Mapping[str, str]

_SIGNED_IN: Texts = {
    "en": "Keeps you signed in while you move from page to page.",
    "nb": "Holder deg innlogget mens du går fra side til side.",
    "de": "Hält Sie angemeldet, während Sie von Seite zu Seite gehen.",
    "es": "Mantiene su sesión iniciada mientras pasa de una página a otra.",
    "pt": "Mantém a sua sessão iniciada enquanto passa de uma página para outra.",
    "ar": "يبقيك مسجَّل الدخول أثناء انتقالك من صفحة إلى أخرى.",
}
_FORMS: Texts = {
    "en": "Makes sure that a form you send was filled in by you.",
    "nb": "Sørger for at et skjema du sender, er fylt ut av deg.",
    "de": "Stellt sicher, dass ein abgesendetes Formular von Ihnen ausgefüllt wurde.",
    "es": "Comprueba que el formulario que envía lo ha rellenado usted.",
    "pt": "Garante que o formulário que envia foi preenchido por si.",
    "ar": "يتحقق من أنك أنت من ملأ النموذج الذي ترسله.",
}
_BASKET: Texts = {
    "en": "Remembers what lies in your basket.",
    "nb": "Husker hva som ligger i handlekurven din.",
    "de": "Merkt sich, was in Ihrem Warenkorb liegt.",
    "es": "Recuerda lo que hay en su cesta.",
    "pt": "Lembra-se do que está no seu cesto.",
    "ar": "يتذكّر ما في سلة مشترياتك.",
}
_LANGUAGE: Texts = {
    "en": "Remembers the language you chose.",
    "nb": "Husker språket du valgte.",
    "de": "Merkt sich die Sprache, die Sie gewählt haben.",
    "es": "Recuerda el idioma que eligió.",
    "pt": "Lembra-se do idioma que escolheu.",
    "ar": "يتذكّر اللغة التي اخترتها.",
}
_CHAT: Texts = {
    "en": "Keeps a chat with our support open from page to page.",
    "nb": "Holder en chat med kundestøtten åpen fra side til side.",
    "de": "Hält einen Chat mit unserem Support von Seite zu Seite offen.",
    "es": "Mantiene abierto un chat con nuestro soporte de una página a otra.",
    "pt": "Mantém aberta uma conversa com o nosso apoio de uma página para outra.",
    "ar": "يبقي المحادثة مع فريق الدعم مفتوحة من صفحة إلى أخرى.",
}
_VISITORS: Texts = {
    "en": "Tells visitors apart by a random number, so that we know how many there are.",
    "nb": "Skiller besøkende fra hverandre med et tilfeldig tall, så vi vet hvor mange de er.",
    "de": "Unterscheidet Besucher durch eine Zufallszahl, damit wir wissen, wie viele es sind.",
    "es": "Distingue a los visitantes por un número aleatorio para saber cuántos son.",
    "pt": "Distingue os visitantes por um número aleatório, para sabermos quantos são.",
    "ar": "يميّز الزوّار برقم عشوائي لنعرف عددهم.",
}
_VISIT: Texts = {
    "en": "Holds together the pages of one visit, so that we see which are read.",
    "nb": "Holder sidene i ett besøk sammen, så vi ser hvilke som blir lest.",
    "de": "Fasst die Seiten eines Besuchs zusammen, damit wir sehen, welche gelesen werden.",
    "es": "Agrupa las páginas de una visita para ver cuáles se leen.",
    "pt": "Agrupa as páginas de uma visita, para vermos quais são lidas.",
    "ar": "يجمع صفحات الزيارة الواحدة لنعرف أيّها يُقرأ.",
}
_ADVERTISING: Texts = {
    "en": "Lets advertisements for us on other sites go by the pages you visited here.",
    "nb": "Lar annonser for oss på andre nettsteder følge sidene du besøkte her.",
    "de": "Richtet unsere Anzeigen auf anderen Websites nach den Seiten, die Sie hier besucht haben.",
    "es": "Ajusta nuestros anuncios en otros sitios a las páginas que visitó aquí.",
    "pt": "Ajusta os nossos anúncios noutros sítios às páginas que visitou aqui.",
    "ar": "يجعل إعلاناتنا على المواقع الأخرى تتبع الصفحات التي زرتها هنا.",
}
_MEASURING: Texts = {
    "en": "Tells whether a visit came from one of our advertisements.",
    "nb": "Forteller om et besøk kom fra en av annonsene våre.",
    "de": "Zeigt, ob ein Besuch von einer unserer Anzeigen kam.",
    "es": "Indica si una visita vino de uno de nuestros anuncios.",
    "pt": "Indica se uma visita veio de um dos nossos anúncios.",
    "ar": "يبيّن ما إذا كانت الزيارة قد جاءت من أحد إعلاناتنا.",
}
_FILM: Texts = {
    "en": "Set by the films we embed; their maker learns which ones you watch.",
    "nb": "Settes av filmene vi viser; leverandøren får vite hvilke du ser.",
    "de": "Von den eingebetteten Filmen gesetzt; ihr Anbieter erfährt, welche Sie ansehen.",
    "es": "Lo instalan los vídeos incrustados; su proveedor sabe cuáles ve usted.",
    "pt": "Definido pelos filmes incorporados; o fornecedor fica a saber quais vê.",
    "ar": "تضعه الأفلام المضمّنة، ويعرف مزوّدها أيّها تشاهد.",
}

_SESSION: Texts = {
    "en": "until the browser is closed",
    "nb": "til nettleseren lukkes",
    "de": "bis der Browser geschlossen wird",
    "es": "hasta cerrar el navegador",
    "pt": "até fechar o navegador",
    "ar": "حتى إغلاق المتصفح",
}
_MINUTES_30: Texts = {
    "en": "30 minutes",
    "nb": "30 minutter",
    "de": "30 Minuten",
    "es": "30 minutos",
    "pt": "30 minutos",
    "ar": "30 دقيقة",
}
_DAYS_30: Texts = {
    "en": "30 days",
    "nb": "30 dager",
    "de": "30 Tage",
    "es": "30 días",
    "pt": "30 dias",
    "ar": "30 يومًا",
}
_DAYS_90: Texts = {
    "en": "90 days",
    "nb": "90 dager",
    "de": "90 Tage",
    "es": "90 días",
    "pt": "90 dias",
    "ar": "90 يومًا",
}
_YEAR: Texts = {"en": "1 year", "nb": "1 år", "de": "1 Jahr", "es": "1 año", "pt": "1 ano", "ar": "سنة واحدة"}
_MONTHS_13: Texts = {
    "en": "13 months",
    "nb": "13 måneder",
    "de": "13 Monate",
    "es": "13 meses",
    "pt": "13 meses",
    "ar": "13 شهرًا",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCookie:
    """A cookie; without `provider` the site's own."""

    category: CookieCategory
    name: str
    purpose: Texts
    lifetime: Texts
    provider: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSite:
    """A site, by the key of its brand. `visitors` is how many choose on a working day, `added` what came later."""

    brand: str
    name: str
    languages: Mapping[str, int]
    visitors: int
    cookies: Sequence[DemoCookie]
    added: Sequence[DemoCookie] = ()
    more_origins: Sequence[str] = ()
    consent_mode: bool = False


_COMMON = (
    DemoCookie(category=_NECESSARY, name="sessionid", purpose=_SIGNED_IN, lifetime=_SESSION),
    DemoCookie(category=_NECESSARY, name="csrftoken", purpose=_FORMS, lifetime=_YEAR),
    DemoCookie(category=_PREFERENCES, name="language", purpose=_LANGUAGE, lifetime=_YEAR),
)
_MATOMO = (
    DemoCookie(category=_STATISTICS, name="_pk_id.*", purpose=_VISITORS, lifetime=_MONTHS_13),
    DemoCookie(category=_STATISTICS, name="_pk_ses.*", purpose=_VISIT, lifetime=_MINUTES_30),
)
_GOOGLE_ANALYTICS = (
    DemoCookie(
        category=_STATISTICS, name="_ga", purpose=_VISITORS, lifetime=_MONTHS_13, provider="Google Ireland"
    ),
    DemoCookie(
        category=_STATISTICS, name="_ga_*", purpose=_VISIT, lifetime=_MONTHS_13, provider="Google Ireland"
    ),
)
_CHAT_WINDOW = DemoCookie(category=_PREFERENCES, name="chat_open", purpose=_CHAT, lifetime=_SESSION)
_META = DemoCookie(
    category=_MARKETING,
    name="_fbp",
    purpose=_ADVERTISING,
    lifetime=_DAYS_90,
    provider="Meta Platforms Ireland",
)
_LINKEDIN = DemoCookie(
    category=_MARKETING, name="li_fat_id", purpose=_MEASURING, lifetime=_DAYS_30, provider="LinkedIn Ireland"
)
_GOOGLE_ADS = DemoCookie(
    category=_MARKETING, name="_gcl_au", purpose=_MEASURING, lifetime=_DAYS_90, provider="Google Ireland"
)
_YOUTUBE = DemoCookie(
    category=_MARKETING,
    name="VISITOR_INFO1_LIVE",
    purpose=_FILM,
    lifetime=_DAYS_90,
    provider="Google Ireland (YouTube)",
)

SITES = (
    DemoSite(
        brand="tallvik",
        name="www.tallvik.example",
        languages={"nb": 82, "en": 13, "de": 5},
        visitors=42,
        cookies=(*_COMMON, *_MATOMO, _META, _YOUTUBE),
        added=(_LINKEDIN,),
        more_origins=_TRYING_OUT,
    ),
    DemoSite(
        brand="aurelund",
        name="www.aurelund.example",
        languages={"en": 46, "nb": 20, "de": 30, "ar": 4},
        visitors=19,
        cookies=(*_COMMON, _CHAT_WINDOW, *_MATOMO, _LINKEDIN),
    ),
    DemoSite(
        brand="cordilla",
        name="www.cordilla.example",
        languages={"es": 60, "pt": 32, "en": 8},
        visitors=16,
        cookies=(
            *_COMMON,
            DemoCookie(category=_NECESSARY, name="basket", purpose=_BASKET, lifetime=_DAYS_30),
            *_GOOGLE_ANALYTICS,
            _META,
            _GOOGLE_ADS,
            _YOUTUBE,
        ),
        consent_mode=True,
    ),
)


def load_sites(*, now: dt.datetime) -> None:
    """Store the sites, publish their banners, and put sixty days of choices on record."""
    chance = random.Random(_SEED)  # noqa: S311 - the same past for everybody is the point
    consents = [
        consent
        for site in SITES
        for consent in _said(site, banners=_load_site(site, now=now), chance=chance, now=now)
    ]
    consents.sort(key=lambda consent: consent.recorded_at)
    counted = Counter[UUID]()
    for consent in consents:
        counted[consent.consent] += 1
        consent.sequence = counted[consent.consent]
    CookieConsent.objects.bulk_create(consents, batch_size=1000)


def _load_site(wanted: DemoSite, *, now: dt.datetime) -> list[Banner]:
    """Store a site with its cookies, and return what it published, the oldest first."""
    site = Site.objects.create(
        key=wanted.brand,
        name=wanted.name,
        brand=Brand.objects.get(key=wanted.brand),
        origins=[f"https://{wanted.name}", *wanted.more_origins],
        languages=list(wanted.languages),
        consent_mode=wanted.consent_mode,
    )
    for category in CookieCategory:
        SiteCategory.objects.create(site=site, category=category)
    _add_cookies(site, wanted.cookies)
    banners = [publish(site, now=now - dt.timedelta(days=_DAYS))]
    if wanted.added:
        _add_cookies(site, wanted.added)
        banners.append(publish(site, now=now - dt.timedelta(days=_CHANGED_DAYS_AGO)))
    return banners


def _add_cookies(site: Site, cookies: Sequence[DemoCookie]) -> None:
    for cookie in cookies:
        SiteCookie.objects.create(
            site=site,
            category=cookie.category,
            name=cookie.name,
            provider=cookie.provider or site.name,
            purpose=LazyI18nString(dict(cookie.purpose)),
            lifetime=LazyI18nString(dict(cookie.lifetime)),
        )


def _said(
    site: DemoSite, *, banners: Sequence[Banner], chance: random.Random, now: dt.datetime
) -> Iterator[CookieConsent]:
    """What the visitors of one site said, browser by browser: some think better of it, some are asked again."""
    for at in _first_visits(site, chance=chance, now=now):
        consent = UUID(int=chance.getrandbits(128), version=4)
        language = chance.choices(list(site.languages), list(site.languages.values()))[0]
        # Few browsers send the signal by themselves, and few people switch it on.
        gpc = chance.random() < 0.07
        first = _choice(banners, consent=consent, at=at, language=language, gpc=gpc, chance=chance)
        yield first
        again = at + dt.timedelta(minutes=chance.randint(2, 30 * 24 * 60))
        if again >= now:
            continue
        asked_again = _in_force(banners, at=again).version > first.version
        if chance.random() < (0.5 if asked_again else 0.06):
            yield _choice(
                banners,
                consent=consent,
                at=again,
                language=language,
                gpc=gpc,
                chance=chance,
                shown=("banner", "changed") if asked_again else ("banner", "details"),
            )


def _first_visits(site: DemoSite, *, chance: random.Random, now: dt.datetime) -> Iterator[dt.datetime]:
    """Many on working days, few at the weekend, and most of them in office hours."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for days_ago in range(_DAYS - 1, -1, -1):
        day = midnight - dt.timedelta(days=days_ago)
        usual = site.visitors if day.weekday() < 5 else site.visitors * 0.4
        for _ in range(round(usual * chance.uniform(0.8, 1.2))):
            at = day + dt.timedelta(minutes=min(int(chance.gauss(13 * 60, 3 * 60)) % 1440, 1439))
            if at < now:
                yield at


def _choice(
    banners: Sequence[Banner],
    *,
    consent: UUID,
    at: dt.datetime,
    language: str,
    gpc: bool,
    chance: random.Random,
    shown: Sequence[str] = ("banner",),
) -> CookieConsent:
    """One choice, as the record of it. Accepting all under the signal leaves marketing out."""
    banner = _in_force(banners, at=at)
    action = chance.choices(list(CookieAction), (24, 64, 12) if gpc else (46, 38, 16))[0]
    optional = [category for category in banner.content["categories"] if category != _NECESSARY]
    granted: list[str] = {
        CookieAction.ACCEPT_ALL: [category for category in optional if not (gpc and category == _MARKETING)],
        CookieAction.REFUSE_ALL: [],
        CookieAction.SAVE: [
            category for category in optional if chance.random() < (0.12 if category == _MARKETING else 0.6)
        ],
    }[action]
    blocks = [*shown, *(["details"] if action == CookieAction.SAVE else []), *(["gpc"] if gpc else [])]
    hashes = banner.content["languages"][language]["wordings"]
    return CookieConsent(
        consent=consent,
        site_id=banner.site_id,
        banner=banner,
        version=banner.version,
        language=language,
        wordings=[hashes[block] for block in dict.fromkeys(blocks)],
        action=action,
        categories=[_NECESSARY.value, *granted],
        gpc=gpc,
        recorded_at=at,
    )


def _in_force(banners: Sequence[Banner], *, at: dt.datetime) -> Banner:
    """The newest banner that was published by then. Nobody comes before the first."""
    return next(banner for banner in reversed(banners) if banner.published_at <= at)
