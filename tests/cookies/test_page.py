"""The cookie page: what a browser said about a site, seen and changed by form."""

import datetime as dt
import re
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from preferences import consent_cookie
from preferences.cookies.publish import publish
from preferences.cookies.record import MOST_RECORDS, ConsentRefused
from preferences.cookies.served import forget_served
from preferences.enums import CookieAction
from preferences.models import CookieConsent, Wording
from tests.factories import SiteCategoryFactory, SiteCookieFactory, SiteFactory
from tests.journeys.screen import Visitor

pytestmark = pytest.mark.django_db

SHOP = "/cookies/shop/"
UNDER_GPC = ["necessary", "preferences", "statistics"]
ALL = [*UNDER_GPC, "marketing"]


@pytest.fixture
def visitor(shop):
    return Visitor()


@pytest.fixture
def elsewhere(shop):
    """Another site, which asks about statistics."""
    site = SiteFactory(key="blog", name="blog.example")
    SiteCategoryFactory(site=site, category="necessary")
    SiteCookieFactory(site=site, category="statistics")
    publish_now(site)
    return site


def publish_now(site):
    with transaction.atomic():
        banner = publish(site, now=timezone.now())
    forget_served()
    return banner


def records():
    return list(CookieConsent.objects.order_by("pk"))


def said():
    return [(record.sequence, record.action, record.categories, record.gpc) for record in records()]


def form_of(page):
    return page.data(next(form for form in page.root.all("form") if "choices" in form.attributes["class"]))


def path_of(consent):
    return f"{SHOP}{consent}/"


def test_looking_says_nothing_and_sets_no_cookie(visitor):
    for path in (SHOP, path_of(uuid4())):
        page = visitor.open(path)
        assert page.status == 200
        assert page.heading == "Cookies on shop.example"
        assert "Nothing has been said yet." in page.text
        assert visitor.client.head(path).status_code == 200
    assert page.history == []
    assert not visitor.client.cookies
    assert records() == []


def test_the_page_shows_what_the_banner_asks(visitor):
    page = visitor.open(SHOP)
    assert page.buttons == ["Accept all", "Refuse all", "Save my choices"]
    assert [(page.is_on(name), page.switch(name).attributes["role"]) for name in NAMES] == [
        (True, "switch"),
        *[(False, "switch")] * 3,
    ]
    assert "disabled" in page.switch("Necessary").attributes
    assert "Name _fbp Provider Example Ads Purpose Tailors advertising to you. Kept for 90 days" in page.text
    assert "Name consent_shop Provider shop.example" in page.text


NAMES = ["Necessary", "Preferences", "Statistics", "Marketing"]


def test_accepting_and_refusing_are_the_same_but_for_the_word(visitor):
    accept, refuse = [
        {**button.attributes, "value": ""}
        for button in visitor.open(SHOP).root.all("button")
        if button.text in {"Accept all", "Refuse all"}
    ]
    assert accept == refuse


@pytest.mark.parametrize(
    ("button", "action", "categories"),
    [("Accept all", "accept_all", ALL), ("Refuse all", "refuse_all", ["necessary"])],
)
def test_a_choice_is_recorded_and_remembered(visitor, shop, button, action, categories):
    answer = visitor.open(SHOP).press(button)

    (record,) = records()
    assert (answer.status, record.action, record.categories) == (200, action, categories)
    assert (record.sequence, record.site, record.version, record.language) == (1, shop, 1, "en")
    assert (record.banner, record.gpc) == (shop.banners.get(), False)
    assert [Wording.objects.get(pk=wording).text.partition("\n")[0] for wording in record.wordings] == [
        "Your choice about cookies",
        "Details",
    ]
    cookie = visitor.client.cookies[consent_cookie.NAME]
    assert consent_cookie.read_consents(cookie.value) == {"shop": record.consent}
    # For as long as a choice may hold on any site: it holds the ids of all.
    assert (cookie["httponly"], cookie["path"], cookie["max-age"]) == (True, "/", 395 * 24 * 3600)
    assert cookie["samesite"] == "Lax"
    assert answer.outcome.startswith(
        "Saved. Accepted all." if action == "accept_all" else "Saved. Refused all."
    )
    assert [answer.is_on(name) for name in NAMES] == [
        name in categories for name in ("necessary", "preferences", "statistics", "marketing")
    ]


def test_over_https_the_cookie_goes_with_what_the_banner_posts_from_other_sites(visitor, settings):
    settings.HTTPS = True
    visitor.open(SHOP).press("Refuse all")
    cookie = visitor.client.cookies[consent_cookie.NAME]
    assert (cookie["samesite"], cookie["secure"]) == ("None", True)


def test_a_choice_by_category(visitor):
    answer = visitor.open(SHOP).tick("Statistics").press("Save my choices")
    assert said() == [(1, "save", ["necessary", "statistics"], False)]
    assert answer.outcome == "Saved. Chose by category. Allowed: Statistics."
    assert answer.is_on("Statistics")
    answer = answer.untick("Statistics").tick("Marketing").press("Save my choices")
    assert said()[1:] == [(2, "save", ["necessary", "marketing"], False)]
    assert len({record.consent for record in records()}) == 1


def test_the_same_again_writes_nothing(visitor):
    page = visitor.open(SHOP).press("Refuse all").press("Refuse all")
    assert len(records()) == 1
    assert page.outcome.startswith("Saved.")


def test_withdrawing_is_refusing_all(visitor):
    page = visitor.open(SHOP).press("Accept all")
    (record,) = records()
    withdrawn = Visitor().open(path_of(record.consent)).press("Refuse all")
    assert [(action, categories) for _number, action, categories, _gpc in said()] == [
        ("accept_all", ALL),
        ("refuse_all", ["necessary"]),
    ]
    assert {record.consent for record in records()} == {record.consent}
    assert [re.search(r"\d\d:\d\d (.+?) Allowed", entry)[1] for entry in withdrawn.history] == [
        "Refused all",
        "Accepted all",
    ]
    assert visitor.open(SHOP).history == withdrawn.history
    assert page.url == SHOP


def test_the_exact_words_stand_in_the_history(visitor, shop):
    page = visitor.open(SHOP).press("Accept all")
    texts = {wording.text for wording in Wording.objects.filter(pk__in=records()[0].wordings)}
    shown = [
        "".join(child for child in element.children if isinstance(child, str))
        for element in page.root.all("p")
        if element.attributes.get("class") == "shown"
    ]
    assert set(shown) == texts
    assert len(shown) == 2


def test_the_id_of_a_browser_leads_to_the_same_page_from_anywhere(visitor):
    page = visitor.open(SHOP).press("Accept all")
    (record,) = records()
    path = path_of(record.consent)
    assert page.has_link(str(record.consent))
    assert page.link(str(record.consent)).endswith(path)
    there = Visitor().open(path)
    assert there.history == page.history
    # Who has the id holds the authority.
    assert there.press("Refuse all").status == 200
    assert len(records()) == 2


def test_an_id_that_said_nothing_begins_with_the_first_choice(visitor):
    consent = uuid4()
    visitor.open(path_of(consent)).press("Refuse all")
    assert [record.consent for record in records()] == [consent]


def test_unknown_site_and_id_of_another_look_the_same(visitor, elsewhere):
    visitor.open("/cookies/blog/").press("Accept all")
    (record,) = records()
    client = Client()
    bodies = set()
    for path in (
        "/cookies/nowhere/",
        f"/cookies/nowhere/{record.consent}/",
        path_of(record.consent),
        # Not a random one.
        path_of(UUID("1b4e28ba-2fa1-11d2-883f-0016d3cca427")),
    ):
        for method in (client.get, client.post):
            answer = method(path)
            assert answer.status_code == 404, path
            bodies.add(answer.content)
    assert len(bodies) == 1
    assert len(records()) == 1


def test_retired_site_has_no_page(visitor, shop):
    shop.retired_at = timezone.now()
    shop.save()
    forget_served()
    assert visitor.open(SHOP).status == 404


def test_the_id_of_another_site_in_the_cookie_is_none(visitor, elsewhere):
    visitor.open("/cookies/blog/").press("Accept all")
    (record,) = records()
    visitor.client.cookies[consent_cookie.NAME] = consent_cookie.write_consents({"shop": record.consent})
    page = visitor.open(SHOP)
    assert page.history == []
    page.press("Refuse all")
    assert len({record.consent for record in records()}) == 2


@pytest.mark.parametrize(
    "value", ["", "shop", "shop.x", "~" * 5000, "shop.1b4e28ba-2fa1-11d2-883f-0016d3cca427"]
)
def test_a_cookie_that_tells_nothing(visitor, value):
    visitor.client.cookies[consent_cookie.NAME] = value
    page = visitor.open(SHOP)
    assert (page.status, page.history) == (200, [])
    assert page.press("Refuse all").status == 200


def test_other_sites_of_the_cookie_stay_in_it(visitor, elsewhere):
    visitor.open("/cookies/blog/").press("Accept all")
    visitor.open(SHOP).press("Accept all")
    value = visitor.client.cookies[consent_cookie.NAME].value
    assert list(consent_cookie.read_consents(value)) == ["shop", "blog"]


# Forms of other sites


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver.evil.example"},
        {},
    ],
    ids=str,
)
def test_a_form_of_another_site_chooses_nothing(visitor, headers):
    """Nor does it put a consent id of its own into this browser, by which it could read and change what is chosen."""
    for path in (SHOP, path_of(uuid4())):
        form = form_of(visitor.open(path))
        for action in CookieAction:
            answer = visitor.client.post(path, {**form, "action": action}, headers=headers)
            assert answer.status_code == 403
            assert not answer.cookies
    assert records() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "same-origin", "origin": "null"},
        {"origin": "http://testserver"},
    ],
    ids=str,
)
def test_a_form_of_ours_chooses(visitor, headers):
    for number, path in enumerate((SHOP, path_of(uuid4())), start=1):
        form = form_of(visitor.open(path))
        answer = visitor.client.post(path, {**form, "action": "refuse_all"}, headers=headers)
        assert answer.status_code == 200
        assert len(records()) == number


def test_our_own_address_is_told_as_browsers_tell_it(visitor, settings):
    settings.BASE_URL = "https://Preferences.Example.com:443"
    form = form_of(visitor.open(SHOP))
    headers = {"origin": "https://preferences.example.com"}
    assert visitor.client.post(SHOP, {**form, "action": "refuse_all"}, headers=headers).status_code == 200


def test_headers_of_the_page(visitor):
    for page in (visitor.open(SHOP), visitor.open(path_of(uuid4()))):
        assert page.response.headers["Cache-Control"] == "no-store"
        assert page.response.headers["X-Robots-Tag"] == "noindex, nofollow"
        # The address is told to no other site, and the form's origin to us.
        assert page.response.headers["Referrer-Policy"] == "same-origin"
    assert Client().put(SHOP).status_code == 405


# Bad input


@pytest.mark.parametrize(
    "change",
    [
        {"action": ""},
        {"action": "accept"},
        {"banner": ""},
        {"banner": "0"},
        {"banner": "x"},
        {"banner": "9" * 30},
        {"banner": "٣"},
        {"language": "xx"},
        {"language": ""},
        {"category": ["statistics", "weather"]},
        {"shown": "banner details other"},
        {"shown": "", "action": "accept_all"},
    ],
    ids=str,
)
def test_what_does_not_fit_the_page(visitor, change):
    form = form_of(visitor.open(SHOP))
    answer = visitor.post(SHOP, {**form, "action": "save", **change})
    assert (answer.status, "Nothing was saved." in answer.outcome) == (400, True)
    assert not answer.response.cookies
    assert records() == []


def test_the_banner_of_another_site_does_not_fit(visitor, elsewhere):
    form = form_of(visitor.open("/cookies/blog/"))
    assert visitor.post(SHOP, {**form, "action": "refuse_all"}).status == 400


def test_unknown_parameters_are_ignored(visitor):
    page = visitor.open(f"{SHOP}?utm_source=mail&consent={uuid4()}")
    assert page.status == 200
    assert visitor.post(SHOP, {**form_of(page), "action": "refuse_all", "utm": "x"}).status == 200


def test_form_of_a_megabyte(visitor):
    form = form_of(visitor.open(SHOP))
    assert visitor.post(SHOP, {**form, "action": "save", "x": "x" * 1_000_000}).status == 400
    assert records() == []


def test_who_changes_their_mind_without_end_can_still_refuse(visitor):
    visitor.open(SHOP).press("Accept all")
    (record,) = records()
    CookieConsent.objects.bulk_create(
        CookieConsent(
            **{
                **{
                    field.attname: getattr(record, field.attname)
                    for field in CookieConsent._meta.concrete_fields
                    if field.name != "id"
                },
                "sequence": MOST_RECORDS,
                "action": CookieAction.SAVE,
                "categories": ["necessary", "statistics"],
            }
        )
        for _once in range(1)
    )
    page = visitor.open(SHOP).press("Accept all")
    assert (page.status, page.outcome) == (429, "This was changed very often. Now it can only be refused.")
    assert page.press("Refuse all").status == 200


@pytest.mark.parametrize(("code", "status"), [("try_again", 503), ("consent_of_another_site", 404)])
def test_what_was_not_stored_is_never_called_saved(visitor, monkeypatch, code, status):
    def refuse(**_words):
        raise ConsentRefused(code=code)

    page = visitor.open(SHOP)
    monkeypatch.setattr("preferences.cookies.page.record_consent", refuse)
    answer = page.press("Accept all")
    assert (answer.status, "Saved." in answer.text) == (status, False)
    assert not visitor.client.cookies


# Versions


def test_a_new_version_asks_again(visitor, shop):
    visitor.open(SHOP).press("Accept all")
    SiteCookieFactory(site=shop, category="statistics", name="_new")
    assert publish_now(shop).version == 2

    page = visitor.open(SHOP)

    assert "What this site does with cookies has changed since you chose. Please choose again." in page.text
    assert "What you said last does not count any more: Accepted all" in page.text
    assert [page.is_on(name) for name in NAMES] == [True, False, False, False]
    page = page.press("Accept all")
    assert "has changed since you chose" not in page.text.partition("The exact words")[0]
    newest = records()[-1]
    assert (newest.sequence, newest.version) == (2, 2)
    changed = shop.banners.latest("pk").content["languages"]["en"]["wordings"]["changed"]
    assert changed in newest.wordings


def test_a_page_opened_before_a_new_version_says_what_it_showed(visitor, shop):
    old = visitor.open(SHOP)
    SiteCookieFactory(site=shop, category="statistics", name="_new")
    publish_now(shop)
    answer = old.press("Accept all")
    (record,) = records()
    assert (record.version, record.banner) == (1, shop.banners.earliest("pk"))
    assert "has changed since you chose" in answer.text


def test_a_choice_does_not_hold_for_ever(visitor, shop):
    visitor.open(SHOP).press("Accept all")
    shop.days = 1
    shop.save()
    forget_served()
    with pytest.MonkeyPatch.context() as later:
        later.setattr(
            "preferences.cookies.page.timezone.now", lambda: dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
        )
        page = visitor.open(SHOP)
        assert "A choice holds for 1 day. Please choose again." in page.text
        assert not page.is_on("Statistics")
        # The same said again is a new record, and counts again.
        page = page.press("Accept all")
        assert "Please choose again." not in page.text
        assert page.is_on("Statistics")
        page.press("Accept all")
    assert [number for number, *_rest in said()] == [1, 2]


# Global Privacy Control

GPC = "Your browser sends the Global Privacy Control signal."


def test_under_the_signal_accepting_leaves_marketing_out(visitor):
    visitor.headers["sec-gpc"] = "1"
    page = visitor.open(SHOP)
    assert GPC in page.text
    assert page.buttons[:2] == ["Accept all but marketing", "Refuse all"]
    page = page.press("Accept all but marketing")
    assert said() == [(1, "accept_all", UNDER_GPC, True)]
    assert not page.is_on("Marketing")
    assert len(records()[0].wordings) == 3


def test_under_the_signal_marketing_takes_a_choice_of_its_own(visitor):
    visitor.headers["sec-gpc"] = "1"
    page = visitor.open(SHOP).tick("Marketing").press("Save my choices")
    assert said() == [(1, "save", ["necessary", "marketing"], True)]
    assert page.is_on("Marketing")
    assert "You allowed marketing cookies yourself, although your browser sends this signal." in page.text


def test_a_yes_from_before_the_signal_does_not_count_for_marketing(visitor):
    visitor.open(SHOP).press("Accept all")
    visitor.headers["sec-gpc"] = "1"
    page = visitor.open(SHOP)
    assert [page.is_on(name) for name in NAMES] == [True, True, True, False]
    assert len(records()) == 1, "opening the page says nothing"


@pytest.mark.parametrize("value", ["0", "true", "", "1, 1", " 1x"])
def test_another_value_is_no_signal(visitor, value):
    visitor.headers["sec-gpc"] = value
    page = visitor.open(SHOP)
    assert GPC not in page.text
    page.press("Accept all")
    assert said() == [(1, "accept_all", ALL, False)]


# Languages


def test_the_banner_speaks_the_language_of_the_page(visitor):
    visitor.headers["accept-language"] = "nb"
    page = visitor.open(SHOP)
    assert page.buttons[:2] == ["Godta alle", "Avslå alle"]
    page.press("Avslå alle")
    assert records()[0].language == "nb"


def test_a_site_without_the_language_of_the_page_speaks_its_first(visitor, shop):
    shop.languages = ["ar", "en"]
    shop.save()
    publish_now(shop)
    visitor.headers["accept-language"] = "nb"
    page = visitor.open(SHOP)
    (pair, choices) = page.root.all("form")
    assert (page.language, pair.attributes["lang"], pair.attributes["dir"]) == ("nb", "ar", "rtl")
    assert (choices.attributes["lang"], choices.attributes["dir"]) == ("ar", "rtl")
    visitor.post(SHOP, {**form_of(page), "action": "refuse_all"})
    assert records()[0].language == "ar"


def test_nothing_inline_and_nothing_from_elsewhere(visitor):
    html = visitor.open(SHOP).press("Accept all").response.content.decode()
    assert re.findall(r"\sstyle=|\son\w+=|<style|javascript:|<script", html) == []
