"""Publishing: what the banner says, when it asks again, and which words are stored."""

import datetime as dt
import hashlib
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction
from i18nfield.strings import LazyI18nString

from preferences.cookies.publish import BannerInvalid, publish
from preferences.cookies.read_words import shipped_words
from preferences.enums import CookieCategory
from preferences.models import Banner, CookieConsent, SiteCategory, SiteCookie, Wording
from tests.at_once import at_once
from tests.factories import (
    CREATED_AT,
    BrandFactory,
    SiteCategoryFactory,
    SiteCookieFactory,
    SiteFactory,
)

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
ALL = [category.value for category in CookieCategory]


def said(**texts):
    return LazyI18nString(texts)


def site_with(**columns):
    """A site that has necessary cookies only."""
    site = SiteFactory(key="small", name="small.example", brand=BrandFactory(key="small"), **columns)
    SiteCategoryFactory(site=site, category=CookieCategory.NECESSARY)
    return site


def change(row, **columns):
    for name, value in columns.items():
        setattr(row, name, value)
    row.save()


def cookie(site, name="_ga"):
    return site.cookies.get(name=name)


def category(site, name="statistics"):
    return site.categories.get(category=name)


def without_marketing(site):
    site.cookies.filter(category="marketing").delete()
    category(site, "marketing").delete()


def move(site):
    change(cookie(site), category="marketing")


def added_anew(site):
    cookie(site).delete()
    SiteCookieFactory(site=site, name="_ga")


ASKS_AGAIN = {
    "cookie added": lambda site: SiteCookieFactory(site=site, name="_gid"),
    "cookie of the same name by another provider": lambda site: SiteCookieFactory(
        site=site, name="_ga", provider="Another"
    ),
    "cookie taken away": lambda site: cookie(site, "_ga_*").delete(),
    "cookie renamed": lambda site: change(cookie(site), name="_ga4"),
    "cookie read by somebody else": lambda site: change(cookie(site), provider="Another"),
    "cookie for another purpose": lambda site: change(cookie(site), purpose=said(en="Follows you.", nb="…")),
    "cookie kept longer": lambda site: change(cookie(site), lifetime=said(en="9 years", nb="2 år")),
    "cookie in another category": move,
    "category taken away": without_marketing,
    "category described otherwise": lambda site: change(
        category(site), description=said(en="We measure all you do.")
    ),
    "necessary cookie added": lambda site: SiteCookieFactory(
        site=site, category=CookieCategory.NECESSARY, name="session"
    ),
    "what is necessary described otherwise": lambda site: change(
        category(site, "necessary"), description=said(en="For the basket.")
    ),
    "other languages altogether": lambda site: change(site, languages=["sv"]),
}
SAME_VERSION = {
    "title": lambda site: change(site, title=said(en="Cookies?")),
    "title in another language": lambda site: change(site, title=said(nb="Kapsler?")),
    "text": lambda site: change(site, text=said(en="Choose.", nb="Velg.")),
    "purpose in another language": lambda site: change(
        cookie(site), purpose=said(en="Tells visits apart.", nb="Skiller besøk.")
    ),
    "lifetime in another language": lambda site: change(
        cookie(site), lifetime=said(en="2 years", nb="To år")
    ),
    "description in another language": lambda site: change(category(site), description=said(nb="Måler.")),
    "cookie notice": lambda site: change(site, notice_url="https://shop.example/cookies"),
    "privacy notice of the brand": lambda site: change(
        site.brand, privacy_notice_url="https://acme.example.com/new"
    ),
    "days": lambda site: change(site, days=90),
    "name of the site": lambda site: change(site, name="www.shop.example"),
    "language added": lambda site: change(site, languages=["en", "nb", "ar"]),
    "language taken away": lambda site: change(site, languages=["en"]),
    "first language taken away": lambda site: change(site, languages=["nb"]),
    "languages in another order": lambda site: change(site, languages=["nb", "en"]),
    "what is necessary described otherwise in another language": lambda site: change(
        category(site, "necessary"), description=said(nb="For kurven.")
    ),
    "cookies in another order": added_anew,
}
NOTHING_NEW = {
    "nothing at all": lambda site: None,
    "saved as it was": lambda site: change(site, title=site.title),
    "origin": lambda site: change(site, origins=["https://shop.example", "https://www.shop.example"]),
    "cookie domain": lambda site: change(site, cookie_domain="shop.example"),
    "consent mode": lambda site: change(site, consent_mode=True),
    "colour of the brand": lambda site: change(site.brand, colour="#aa0000"),
    "title in a language it does not speak": lambda site: change(site, title=said(de="Cookies?")),
    "description in a language it does not speak": lambda site: change(
        category(site), description=said(de="Messen.")
    ),
    "a language named twice": lambda site: change(site, languages=["en", "nb", "en"]),
}


@pytest.mark.parametrize(
    ("edit", "versions"),
    [
        *((edit, [1, 2]) for edit in ASKS_AGAIN.values()),
        *((edit, [1, 1]) for edit in SAME_VERSION.values()),
        *((edit, [1]) for edit in NOTHING_NEW.values()),
    ],
    ids=[*ASKS_AGAIN, *SAME_VERSION, *NOTHING_NEW],
)
def test_what_makes_a_new_banner_and_what_asks_again(shop, edit, versions):
    edit(shop)

    for _ in range(2):
        publish(shop, now=NOW)

    assert list(shop.banners.order_by("pk").values_list("version", flat=True)) == versions
    assert shop.banners.order_by("-pk")[0].published_at == (NOW if len(versions) > 1 else CREATED_AT)


def test_a_category_added(shop):
    without_marketing(shop)
    publish(shop, now=NOW)
    SiteCategoryFactory(site=shop, category=CookieCategory.MARKETING)
    banner = publish(shop, now=NOW)
    assert (banner.version, banner.content["categories"]) == (3, ALL)


@pytest.mark.parametrize("changed", ["en", "nb"])
def test_a_new_order_of_languages_hides_no_change(shop, changed):
    """What was the first language and what is the first now are both compared."""
    purpose = {"en": "Tells visits apart.", "nb": "Skiller besøk fra hverandre."}
    change(shop, languages=["nb", "en"])
    change(cookie(shop), purpose=said(**{**purpose, changed: "Something else."}))
    assert publish(shop, now=NOW).version == 2


def test_the_version_goes_on_from_the_newest_and_older_banners_stay(shop):
    first = shop.banners.get()
    was = first.content
    change(cookie(shop), provider="Another")
    second = publish(shop, now=NOW)
    change(cookie(shop), provider="Example Analytics")
    third = publish(shop, now=NOW)
    assert [first.version, second.version, third.version] == [1, 2, 3]
    assert third.content == was
    assert Banner.objects.get(pk=first.pk).content == was


def test_each_site_counts_by_itself(shop):
    change(cookie(shop), provider="Another")
    publish(shop, now=NOW)
    assert publish(site_with(), now=NOW).version == 1


def test_the_whole_content_of_a_small_site(settings):
    settings.BASE_URL = "https://preferences.example.com:8443"
    site = site_with(languages=["nb"], days=1)
    SiteCookieFactory(site=site, category=CookieCategory.NECESSARY, name="session", provider="Small")
    SiteCookieFactory(
        site=site,
        category=CookieCategory.STATISTICS,
        name="_pk_*",
        provider="Måling AS",
        purpose=said(nb="Teller besøk.", en="Counts visits."),
        lifetime=said(nb="13 måneder"),
    )
    banner = publish(site, now=NOW)
    nb = shipped_words()["nb"]
    texts = banner.content["languages"]["nb"]
    hashes = texts["wordings"]
    assert banner.content == {
        "categories": ["necessary", "statistics"],
        "cookies": {"statistics": ["_pk_*"]},
        "language_order": ["nb"],
        "languages": {
            "nb": {
                "language": "nb",
                "direction": "ltr",
                "title": "Ditt valg om informasjonskapsler",
                "text": nb["text"],
                "accept": "Godta alle",
                "accept_gpc": "Godta alle unntatt markedsføring",
                "refuse": "Avslå alle",
                "details": "Detaljer",
                "save": "Lagre valgene mine",
                "close": "Lukk",
                "reopen": nb["reopen"],
                "always_on": "Alltid på",
                "on": "På",
                "off": "Av",
                "notice": nb["notice"],
                "notice_url": "https://small.example.com/privacy",
                "record": nb["record"],
                "gpc": nb["gpc"],
                "gpc_kept": nb["gpc_kept"],
                "changed": nb["changed"],
                "table": {
                    "name": "Navn",
                    "provider": "Leverandør",
                    "purpose": "Formål",
                    "lifetime": "Lagres i",
                },
                "categories": {
                    "necessary": {
                        "name": "Nødvendige",
                        "description": nb["category_necessary_description"],
                        "cookies": [
                            {
                                "name": "consent_small",
                                "provider": "small.example",
                                "purpose": nb["cookie_choice_purpose"],
                                "lifetime": "1 dag",
                            },
                            {
                                "name": "cookie_consents",
                                "provider": "preferences.example.com",
                                "purpose": nb["cookie_choices_here_purpose"],
                                "lifetime": "395 dager",
                            },
                            {
                                "name": "session",
                                "provider": "Small",
                                "purpose": "Skiller besøk fra hverandre.",
                                "lifetime": "2 år",
                            },
                        ],
                    },
                    "statistics": {
                        "name": "Statistikk",
                        "description": "De teller besøk og viser hvordan nettstedet brukes.",
                        "cookies": [
                            {
                                "name": "_pk_*",
                                "provider": "Måling AS",
                                "purpose": "Teller besøk.",
                                "lifetime": "13 måneder",
                            }
                        ],
                    },
                },
                "wordings": hashes,
            }
        },
    }
    stored = {wording.pk: wording for wording in Wording.objects.all()}
    assert set(stored) == set(hashes.values())
    assert all((wording.language, wording.created_at) == ("nb", NOW) for wording in stored.values())
    assert {block: stored[key].text for block, key in hashes.items()} == {
        "banner": f"""\
Ditt valg om informasjonskapsler
{nb["text"]}
{nb["notice"]}: https://small.example.com/privacy
Godta alle
Avslå alle
Detaljer""",
        "gpc": f"""\
{nb["gpc"]}
Godta alle unntatt markedsføring""",
        "changed": nb["changed"],
        "details": f"""\
Detaljer
Lukk

Nødvendige (Alltid på)
Nettstedet virker ikke uten dem. De kan ikke avslås.

Navn: consent_small
Leverandør: small.example
Formål: Husker hva du valgte om informasjonskapsler på dette nettstedet.
Lagres i: 1 dag

Navn: cookie_consents
Leverandør: preferences.example.com
Formål: Lar deg se og endre valget ditt på våre egne sider.
Lagres i: 395 dager

Navn: session
Leverandør: Small
Formål: Skiller besøk fra hverandre.
Lagres i: 2 år

Statistikk
De teller besøk og viser hvordan nettstedet brukes.

Navn: _pk_*
Leverandør: Måling AS
Formål: Teller besøk.
Lagres i: 13 måneder

{nb["notice"]}: https://small.example.com/privacy
Godta alle
Avslå alle
Lagre valgene mine""",
    }


def test_the_hash_of_a_block_is_that_of_language_and_text(shop):
    for language, texts in shop.banners.get().content["languages"].items():
        assert set(texts["wordings"]) == {"banner", "gpc", "changed", "details"}
        for key in texts["wordings"].values():
            wording = Wording.objects.get(pk=key)
            assert wording.language == language
            assert hashlib.sha256(f"{language}\n{wording.text}".encode()).hexdigest() == key


def test_what_stays_the_same_is_stored_once(shop):
    before = Wording.objects.count()
    change(shop, title=said(nb="Kapsler?"))
    publish(shop, now=NOW)
    assert Wording.objects.count() == before + 1
    assert Wording.objects.get(created_at=NOW).text.startswith("Kapsler?\n")


@pytest.mark.parametrize(
    ("title", "language", "shown"),
    [
        (said(nb="Kapsler?"), "nb", "Kapsler?"),
        (said(nb="Kapsler?"), "en", "Your choice about cookies"),
        (said(en="Cookies?", nb=""), "nb", "Ditt valg om informasjonskapsler"),
        (said(en="Cookies?", nb="  "), "nb", "Ditt valg om informasjonskapsler"),
        (said(pt="Cookies?"), "pt-br", "Cookies?"),
        (said(**{"pt": "Cookies?", "pt-br": "Biscoitos?"}), "pt-br", "Biscoitos?"),
        (said(**{"pt-br": "Biscoitos?"}), "pt", "A sua escolha sobre cookies"),
        ("Cookies?", "nb", "Cookies?"),
        ("2026", "nb", "2026"),
        ("", "pt-br", "A sua escolha sobre cookies"),
        ("", "ar", "اختيارك بشأن ملفات تعريف الارتباط"),
        (said(en="<b>&amp; {days} %s"), "en", "<b>&amp; {days} %s"),
    ],
)
def test_a_text_is_the_sites_own_in_that_language_or_the_standard_one(title, language, shown):
    texts = publish(site_with(languages=[language], title=title), now=NOW).content["languages"][language]
    assert (texts["title"], texts["language"]) == (shown, language)
    assert texts["direction"] == ("rtl" if language == "ar" else "ltr")


@pytest.mark.parametrize(
    ("purpose", "shown"),
    [
        (said(de="Zählt.", en="Counts.", sv="Räknar."), "Zählt."),
        (said(en="Counts.", sv="Räknar."), "Räknar."),
        (said(de=" ", en="Counts.", sv="Räknar."), "Räknar."),
        (said(en="Counts.", fr=""), "Counts."),
        (said(de=" ", en="Counts."), "Counts."),
        ("Counts.", "Counts."),
    ],
)
def test_a_purpose_falls_back_to_the_first_language_and_then_to_any(purpose, shown):
    """What a cookie is for is better said in another language than not at all."""
    site = site_with(languages=["sv", "de"])
    SiteCookieFactory(site=site, purpose=purpose, lifetime=purpose)
    texts = publish(site, now=NOW).content["languages"]["de"]
    (shown_cookie,) = texts["categories"]["statistics"]["cookies"]
    assert (shown_cookie["purpose"], shown_cookie["lifetime"]) == (shown, shown)


def test_a_name_is_deleted_once_whoever_sets_it(shop):
    SiteCookieFactory(site=shop, name="_ga", provider="Another")
    assert publish(shop, now=NOW).content["cookies"] == {
        "preferences": [],
        "statistics": ["_ga", "_ga_*"],
        "marketing": ["_fbp"],
    }


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (lambda site: category(site, "necessary").delete(), "necessary_missing"),
        (lambda site: change(site, languages=["en", "xx"]), "language_unknown"),
        (lambda site: change(site, languages=["is-is"]), "language_unknown"),
        (lambda site: change(cookie(site), name="*"), "cookie_too_wide"),
        (lambda site: change(cookie(site), name="consent_*"), "cookie_too_wide"),
        (lambda site: change(cookie(site), name="*_shop"), "cookie_too_wide"),
        (lambda site: change(cookie(site), name="consent_shop"), "cookie_too_wide"),
    ],
)
def test_what_cannot_be_published_is_refused_with_a_reason(shop, edit, code):
    edit(shop)
    with pytest.raises(BannerInvalid) as invalid:
        publish(shop, now=NOW)
    assert invalid.value.code == code
    assert invalid.value.message == str(invalid.value)
    assert "%(" not in invalid.value.message
    assert shop.banners.count() == 1


@pytest.mark.parametrize("name", ["consent_shop2", "consent.shop*", "Consent_shop", "*consent"])
def test_a_name_that_only_looks_like_our_cookie_is_published(shop, name):
    change(cookie(shop), name=name)
    assert publish(shop, now=NOW).version == 2


def test_a_necessary_cookie_may_have_any_name(shop):
    SiteCookieFactory(site=shop, category=CookieCategory.NECESSARY, name="*")
    assert publish(shop, now=NOW).version == 2


@pytest.mark.parametrize(
    ("edit", "version"),
    [
        ({"name": "basket"}, 3),
        ({"provider": "Another"}, 3),
        ({"purpose": said(en="Follows you.", nb="Skiller besøk fra hverandre.")}, 3),
        ({"lifetime": said(en="9 years", nb="2 år")}, 3),
        ({"purpose": said(en="Tells visits apart.", nb="Skiller besøk.")}, 2),
        ({"lifetime": said(en="2 years", nb="To år")}, 2),
    ],
)
def test_what_a_necessary_cookie_does_asks_again_like_any_other(shop, edit, version):
    session = SiteCookieFactory(site=shop, category=CookieCategory.NECESSARY, name="session")
    publish(shop, now=NOW)
    change(session, **edit)
    assert publish(shop, now=NOW).version == version
    session.delete()
    assert publish(shop, now=NOW).version == version + 1


def test_our_own_cookies_ask_nobody(shop, settings):
    """They change with the days, with what the site is called, and with our address."""
    settings.BASE_URL = "https://elsewhere.example.com"
    change(shop, days=90, name="www.shop.example")
    banner = publish(shop, now=NOW)
    ours = banner.content["languages"]["en"]["categories"]["necessary"]["cookies"]
    assert [(cookie["provider"], cookie["lifetime"]) for cookie in ours] == [
        ("www.shop.example", "90 days"),
        ("elsewhere.example.com", "395 days"),
    ]
    assert banner.version == 1


def test_a_cookie_lies_in_a_category_that_the_site_has(shop):
    SiteCookie.objects.create(
        site=site_with(), category="marketing", name="_x", provider="X", purpose="X", lifetime="X"
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        connection.check_constraints()
    SiteCookie.objects.all().delete()


def test_as_many_queries_for_many_cookies_as_for_one(shop, django_assert_num_queries):
    with django_assert_num_queries(5):
        publish(shop, now=NOW)
    for number in range(20):
        SiteCookieFactory(site=shop, name=f"_many{number}")
    with django_assert_num_queries(7):
        publish(shop, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_two_publishers_at_once_come_one_after_the_other(shop):
    def adds(name):
        with transaction.atomic():
            SiteCookieFactory(site=shop, name=name)
            return publish(shop, now=NOW).version

    versions = at_once(*(lambda name=f"_at_once{number}": adds(name) for number in range(4)))

    assert sorted(versions) == [2, 3, 4, 5]
    banners = list(shop.banners.order_by("pk"))
    assert [banner.version for banner in banners] == [1, 2, 3, 4, 5]
    assert set(banners[-1].content["cookies"]["statistics"]) == {
        "_ga",
        "_ga_*",
        "_at_once0",
        "_at_once1",
        "_at_once2",
        "_at_once3",
    }


@pytest.mark.django_db(transaction=True)
def test_the_same_published_twice_at_once_is_one_banner(shop):
    change(shop, title=said(en="Cookies?"))

    def publishes():
        with transaction.atomic():
            return publish(shop, now=NOW).pk

    assert len(set(at_once(*[publishes] * 4))) == 1
    assert shop.banners.count() == 2


@pytest.mark.django_db(transaction=True)
def test_who_waited_for_another_reads_what_the_brand_says_since(shop):
    def publishes():
        with transaction.atomic():
            return publish(shop, now=NOW).content["languages"]["en"]["notice_url"]

    new = "https://acme.example.com/new"
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            change(shop.brand, privacy_notice_url=new)
            publish(shop, now=NOW)
            waiting = pool.submit(at_once, publishes)
            wait_until_one_waits()
        assert waiting.result() == [new]
    assert shop.banners.count() == 2


def wait_until_one_waits():
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with connection.cursor() as cursor:
        while not cursor.execute(waits).fetchone()[0]:
            time.sleep(0.01)


@pytest.mark.django_db(transaction=True)
def test_consents_are_taken_while_somebody_publishes(shop):
    banner = shop.banners.get()

    def consents():
        CookieConsent.objects.create(
            consent="1b4e28ba-2fa1-41d2-883f-0016d3cca427",
            sequence=1,
            site=shop,
            banner=banner,
            version=1,
            language="en",
            wordings=[],
            action="refuse_all",
            categories=["necessary"],
            gpc=False,
            recorded_at=NOW,
        )

    with transaction.atomic():
        change(category(shop), description=said(en="We count."))
        publish(shop, now=NOW)
        # Waits for the lock for no longer than the settings let it, and fails then.
        at_once(consents)
    assert CookieConsent.objects.count() == 1


def test_everything_is_there_to_be_published_in_every_language():
    site = site_with(languages=list(shipped_words()))
    SiteCategory.objects.bulk_create(
        SiteCategory(site=site, category=name) for name in ALL if name != "necessary"
    )
    content = publish(site, now=NOW).content
    assert content["language_order"] == list(shipped_words())
    assert Wording.objects.count() == 4 * len(shipped_words())
