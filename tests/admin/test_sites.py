"""Sites: what staff write down is checked, published at once, and told; and the banners as they were published."""

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape
from i18nfield.strings import LazyI18nString

from preferences.admin.banner_changes import Cookie, TextChange, banner_changes
from preferences.admin.site_form import languages_offered
from preferences.admin.translated import language_name
from preferences.cookies.publish import publish
from preferences.enums import CookieCategory
from preferences.models import Banner, Site, SiteCategory, SiteCookie
from tests.factories import CREATED_AT, BrandFactory, SiteCookieFactory

pytestmark = pytest.mark.django_db

ADD = "admin:preferences_site_add"
CHANGE = "admin:preferences_site_change"
OFFERED = "admin:preferences_banner_change"


@pytest.fixture
def editor(sign_in):
    return sign_in("editors")


def sent(answer) -> dict[str, object]:
    """What a browser would send back of a form as it was shown."""
    form = answer.context["adminform"].form
    formsets = [inline.formset for inline in answer.context["inline_admin_formsets"]]
    data: dict[str, object] = {}
    for part in [form, *(formset.management_form for formset in formsets), *(f for s in formsets for f in s)]:
        for bound in part:
            value = bound.value()
            if hasattr(bound.field.widget, "enabled_locales"):
                texts = value if isinstance(value, list) else bound.field.widget.decompress(value)
                for place, locale in enumerate(bound.field.locales):
                    if locale in bound.field.widget.enabled_locales:
                        data[f"{bound.html_name}_{place}"] = texts[place] or ""
            elif value is True:
                data[bound.html_name] = "on"
            elif value is not None and value is not False:
                data[bound.html_name] = value
    return data


def place(language: str) -> str:
    """The number of a language in the names of its inputs."""
    return str(languages_offered().index(language))


NEW = {
    "key": "blog",
    "name": "blog.example",
    "origins": "https://blog.example\n\nhttps://www.blog.example:8443\n",
    "first_language": "de",
    "other_languages": ["fr", "ar"],
}


def test_a_new_site_is_made_in_two_steps_and_published_by_the_second(acme, editor):
    first = editor.get(reverse(ADD))
    assert not first.context["inline_admin_formsets"]
    assert 'name="_continue"' not in first.content.decode()

    second = editor.post(reverse(ADD), {**sent(first), **NEW, "brand": acme.pk}, follow=True)

    site = Site.objects.get()
    assert second.redirect_chain == [(reverse(CHANGE, args=[site.pk]), 302)]
    assert site.origins == ["https://blog.example", "https://www.blog.example:8443"]
    assert site.languages == ["de", "ar", "fr"]
    assert {category.category for category in site.categories.all()} == set(CookieCategory)
    assert not site.banners.exists()
    page = second.content.decode()
    assert "This site has no banner yet." in page
    assert "banner.js" not in page
    listed = editor.get(reverse("admin:preferences_site_changelist")).content.decode()
    assert "Deutsch, العربية, Français" in listed
    assert "Not published" in listed

    data = {**sent(second), "categories-1-DELETE": "on", f"title_{place('ar')}": "ملفات"}
    assert f"title_{place('de')}" in data
    assert f"title_{place('en')}" not in data
    third = editor.post(reverse(CHANGE, args=[site.pk]), data, follow=True)

    assert third.redirect_chain == [(reverse(CHANGE, args=[site.pk]), 302)]
    content = site.banners.get().content
    assert content["language_order"] == ["de", "ar", "fr"]
    assert content["languages"]["ar"]["title"] == "ملفات"
    assert content["categories"] == ["necessary", "statistics", "marketing"]
    assert "Published for the first time." in said(third)
    page = third.content.decode()
    assert escape('/cookies/blog/banner.js" defer></script>') in page
    assert escape('/cookies/blog/" data-consent-open>Cookies</a>') in page


def said(answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


@pytest.fixture
def blog(acme, editor) -> Site:
    """A site after the first of the two steps."""
    editor.post(reverse(ADD), {**NEW, "brand": acme.pk})
    return Site.objects.get(key="blog")


@pytest.mark.parametrize(
    ("changed", "field", "problem"),
    [
        (
            {"origins": "https://a.example\nhttps://b.example/\nftp://c.example"},
            "origins",
            "Line 2, https://b.example/: An origin looks like",
        ),
        ({"origins": "https://a.example\nhttps://A.example"}, "origins", "Line 2, https://A.example: An"),
        ({"origins": " \n"}, "origins", "This field is required."),
        ({"first_language": "xx"}, "first_language", "Select a valid choice."),
        ({"other_languages": ["tlh"]}, "other_languages", "Select a valid choice."),
    ],
)
def test_what_is_wrong_with_a_site_is_said_where_it_is(changed, field, problem, acme, editor):
    answer = editor.post(reverse(ADD), {**NEW, "brand": acme.pk, **changed})

    assert not Site.objects.exists()
    assert problem in " ".join(answer.context["adminform"].form.errors[field])
    assert problem in answer.content.decode()


@pytest.mark.parametrize(
    ("changed", "field", "problem"),
    [
        ({"cookie_domain": "other.example"}, "cookie_domain", "https://blog.example is not below other.ex"),
        ({"cookie_domain": "log.example"}, "cookie_domain", "https://blog.example is not below log.example"),
        ({"days": "396"}, "days", "less than or equal to 395"),
    ],
)
def test_what_is_wrong_in_the_second_step_publishes_nothing(changed, field, problem, blog, editor):
    path = reverse(CHANGE, args=[blog.pk])

    answer = editor.post(path, {**sent(editor.get(path)), **changed})

    assert not blog.banners.exists()
    assert problem in " ".join(answer.context["adminform"].form.errors[field])


def test_a_domain_above_every_origin_is_taken(blog, editor):
    path = reverse(CHANGE, args=[blog.pk])
    editor.post(path, {**sent(editor.get(path)), "cookie_domain": "blog.example"})
    assert Site.objects.get().cookie_domain == "blog.example"


EDITS = [
    ({}, "The banner is as it was.", 1, 1),
    ({"title_{nb}": "Velg"}, "Published; nobody is asked again.", 2, 1),
    ({"days": "90"}, "Published; nobody is asked again.", 2, 1),
    ({"consent_mode": "on"}, "The banner is as it was.", 1, 1),
    ({"cookies-{_ga}-purpose_{nb}": "Teller."}, "Published; nobody is asked again.", 2, 1),
    ({"cookies-{_ga}-purpose_{en}": "Counts."}, "Published as version 2: everybody is asked again.", 2, 2),
    ({"cookies-{_ga}-DELETE": "on"}, "Published as version 2: everybody is asked again.", 2, 2),
    ({"cookies-{_ga}-category": "necessary"}, "Published as version 2: everybody is asked again.", 2, 2),
    ({"categories-0-description_{nb}": "Kurven."}, "Published; nobody is asked again.", 2, 1),
    (
        {"categories-0-description_{en}": "The basket."},
        "Published as version 2: everybody is asked again.",
        2,
        2,
    ),
    ({"categories-1-DELETE": "on"}, "Published as version 2: everybody is asked again.", 2, 2),
    (
        {"categories-2-description_{en}": "We count."},
        "Published as version 2: everybody is asked again.",
        2,
        2,
    ),
]


@pytest.mark.parametrize(("edit", "told", "banners", "version"), EDITS)
def test_saving_publishes_and_says_whom_it_asks(edit, told, banners, version, shop, editor):
    form = editor.get(reverse(CHANGE, args=[shop.pk]))
    data = {**sent(form), **{filled(name, form): value for name, value in edit.items()}}

    answer = editor.post(reverse(CHANGE, args=[shop.pk]), data, follow=True)

    assert said(answer)[0] == told
    assert shop.banners.count() == banners
    assert shop.banners.latest("pk").version == version


def filled(name: str, form) -> str:
    """The name of an input: the place of a language, and the number of the row of a cookie, filled in."""
    cookies = next(
        inline.formset
        for inline in form.context["inline_admin_formsets"]
        if inline.formset.prefix == "cookies"
    )
    rows = {f"{{{row.instance.name}}}": str(number) for number, row in enumerate(cookies.initial_forms)}
    for mark, value in {**rows, "{nb}": place("nb"), "{en}": place("en")}.items():
        name = name.replace(mark, value)
    return name


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (
            {"categories-2-DELETE": "on"},
            "_ga (Statistics), _ga_* (Statistics): the site has no such category.",
        ),
        ({"cookies-{_ga}-name": "consent_*"}, "consent_* stands for consent_shop too"),
        ({"categories-0-DELETE": "on"}, "The necessary cookies stay on the list"),
        ({"cookies-{_ga}-category": "chocolate"}, "Select a valid choice."),
        ({"cookies-{_ga}-purpose_{en}": "", "cookies-{_ga}-purpose_{nb}": ""}, "This field is required."),
        ({"cookies-{_ga}-name": "_ga_*"}, "The site has this cookie already."),
    ],
)
def test_what_cannot_be_published_is_not_saved(edit, problem, shop, editor):
    form = editor.get(reverse(CHANGE, args=[shop.pk]))
    data = {**sent(form), "name": "Other", **{filled(name, form): value for name, value in edit.items()}}

    answer = editor.post(reverse(CHANGE, args=[shop.pk]), data)

    assert escape(problem) in answer.content.decode()
    shop.refresh_from_db()
    assert (shop.name, shop.categories.count(), shop.cookies.count()) == ("shop.example", 4, 3)
    assert shop.banners.count() == 1
    assert shop.history.count() == 1
    # What was sent is still in the form.
    assert 'value="Other"' in answer.content.decode()


def test_the_key_stays_as_it_is(shop, editor):
    data = sent(editor.get(reverse(CHANGE, args=[shop.pk])))
    editor.post(reverse(CHANGE, args=[shop.pk]), {**data, "key": "other"})
    shop.refresh_from_db()
    assert shop.key == "shop"


def test_a_language_taken_away_keeps_its_texts_for_when_it_comes_back(shop, editor):
    path = reverse(CHANGE, args=[shop.pk])
    data = sent(editor.get(path))
    data[filled("cookies-{_ga}-purpose_{en}", editor.get(path))] = "Counts."
    editor.post(path, {**data, "first_language": "en", "other_languages": ["fr"]})

    shop.refresh_from_db()
    assert shop.languages == ["en", "fr"]
    cookie = shop.cookies.get(name="_ga")
    assert cookie.purpose.data == {"en": "Counts.", "nb": "Skiller besøk fra hverandre."}
    assert [row.languages for row in editor.get(path).context["inline_admin_formsets"][1].formset] == [
        ["en", "fr"]
    ] * 3


def test_what_is_typed_in_a_language_is_kept_though_it_is_taken_away_in_the_same_breath(shop, editor):
    path = reverse(CHANGE, args=[shop.pk])
    data = {**sent(editor.get(path)), "other_languages": ["ar"], f"title_{place('nb')}": "Velg"}

    again = editor.post(path, {**data, "days": "0"})
    assert [again.context["adminform"].form.languages] == [["en", "ar", "nb"]]
    editor.post(path, {**sent(again), "days": "90"})

    shop.refresh_from_db()
    assert (shop.languages, shop.title.data) == (["en", "ar"], {"nb": "Velg"})


def test_a_language_that_comes_back_has_its_texts_again(shop, editor):
    path = reverse(CHANGE, args=[shop.pk])
    editor.post(path, {**sent(editor.get(path)), "other_languages": []})
    without = editor.get(path)
    assert f"title_{place('nb')}" not in sent(without)

    with_error = editor.post(path, {**sent(without), "other_languages": ["nb"], "days": "0"})
    assert "Skiller besøk fra hverandre." in with_error.content.decode()
    editor.post(path, {**sent(without), "other_languages": ["nb"]})

    content = shop.banners.latest("pk").content
    assert content["language_order"] == ["en", "nb"]
    cookies = content["languages"]["nb"]["categories"]["statistics"]["cookies"]
    assert cookies[0]["purpose"] == "Skiller besøk fra hverandre."


def test_staff_hear_in_which_languages_something_is_missing(shop, editor):
    path = reverse(CHANGE, args=[shop.pk])
    answer = editor.post(path, {**sent(editor.get(path)), "other_languages": ["nb", "fr", "de"]}, follow=True)
    assert [message for message in said(answer) if "Missing in: Deutsch, Français." in message]
    shop.cookies.all().delete()
    assert len(said(editor.post(path, {**sent(editor.get(path)), "days": "9"}, follow=True))) == 2


def test_a_language_that_is_asked_for_has_inputs_at_once(shop, editor):
    path = reverse(CHANGE, args=[shop.pk])
    data = {**sent(editor.get(path)), "other_languages": ["nb", "ar"], "days": "0"}

    page = editor.post(path, data).content.decode()

    assert f'name="title_{place("ar")}"' in page
    assert f'name="title_{place("fr")}"' not in page


def test_a_name_in_the_path_of_the_page_is_as_it_was_written(shop, editor):
    page = editor.get(reverse(CHANGE, args=[shop.pk])).content.decode()
    assert 'class="crumb">shop.example<' in page
    assert 'class="crumb">Sites<' in page


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("nb", "Norsk bokmål"),
        ("en", "English"),
        ("de", "Deutsch"),
        ("pt-br", "Português (Brasil)"),
        ("tlhx", "Tlhx"),
    ],
)
def test_languages_are_called_by_their_own_names(code, name):
    assert language_name(code) == name


def test_a_site_is_retired_and_never_deleted(shop, editor, sign_in):
    path = reverse(CHANGE, args=[shop.pk])
    editor.post(path, {**sent(editor.get(path)), "retired": "on"})
    shop.refresh_from_db()
    assert shop.retired_at
    assert "Retired on" in editor.get(reverse("admin:preferences_site_changelist")).content.decode()
    for client in (editor, sign_in("superuser")):
        assert client.post(reverse("admin:preferences_site_delete", args=[shop.pk])).status_code == 403
    assert (
        "No banner is shown"
        in editor.get(reverse("admin:preferences_site_preview", args=[shop.pk])).content.decode()
    )


def test_only_editors_write(shop, sign_in):
    path = reverse(CHANGE, args=[shop.pk])
    for group in ("support", "auditors"):
        client = sign_in(group)
        page = client.get(path)
        assert page.status_code == 200
        assert 'name="_save"' not in page.content.decode()
        assert client.post(path, {"name": "Other"}).status_code == 403
    links = sign_in("editors").get(path).context["embedding"]
    assert links["banner"]
    assert not links["cookieconsent"]


def test_the_history_of_a_site_tells_of_its_categories_and_cookies(shop, editor):
    path = reverse(CHANGE, args=[shop.pk])
    form = editor.get(path)
    edits = {"cookies-{_ga}-purpose_{en}": "Counts.", "cookies-{_fbp}-DELETE": "on"}
    editor.post(path, {**sent(form), **{filled(name, form): value for name, value in edits.items()}})

    answer = editor.get(reverse("admin:preferences_site_history", args=[shop.pk]))

    changed = {part.what: part for part in answer.context["parts"][:2]}
    assert changed["Cookie: _fbp"].became == "-"
    assert changed["Cookie: _ga"].by == str(editor.user)
    assert changed["Cookie: _ga"].differences == (
        {"field": "Purpose", "old": "en: Tells visits apart.", "new": "en: Counts."},
    )
    assert "en: Counts." in answer.content.decode()
    assert len(answer.context["parts"]) == 4 + 3 + 2


def test_the_preview_shows_the_banner_and_sends_nothing(shop, editor):
    page = editor.get(reverse("admin:preferences_site_preview", args=[shop.pk]), {"texts": "nb"})
    text = page.content.decode()
    assert '<script src="/cookies/shop/banner.js?preview=' in text
    assert 'data-language="nb" data-preview defer' in text
    assert 'lang="nb" aria-current="true"' in text
    other = editor.get(reverse("admin:preferences_site_preview", args=[shop.pk]), {"texts": "xx"})
    assert 'data-language="en"' in other.content.decode()
    assert editor.get(reverse("admin:preferences_site_preview", args=[shop.pk + 1])).status_code == 404


BRAND = "admin:preferences_brand_change"
NEW_NOTICE = "https://acme.example.com/new"
NOBODY = "Published in the banner of shop.example; nobody is asked again."


@pytest.mark.parametrize(
    ("of_brand", "told", "banners"),
    [
        ({"privacy_notice_url": NEW_NOTICE}, [NOBODY], 2),
        ({"legal_entity": "Acme Group"}, [], 1),
        ({"colour": "#aa0000"}, [], 1),
        ({}, [], 1),
    ],
)
def test_saving_a_brand_publishes_what_its_sites_say_of_it(of_brand, told, banners, shop, editor):
    path = reverse(BRAND, args=[shop.brand_id])
    answer = editor.post(path, {**sent(editor.get(path)), **of_brand}, follow=True)

    assert said(answer)[:-1] == told
    assert shop.banners.count() == banners
    banner = shop.banners.latest("pk")
    shop.brand.refresh_from_db()
    assert banner.version == 1
    assert {texts["notice_url"] for texts in banner.content["languages"].values()} == {
        shop.brand.privacy_notice_url
    }


def save_notice(shop, editor) -> list[str]:
    path = reverse(BRAND, args=[shop.brand_id])
    return said(editor.post(path, {**sent(editor.get(path)), "privacy_notice_url": NEW_NOTICE}, follow=True))


@pytest.mark.parametrize(
    "site",
    [
        {"notice_url": "https://shop.example/cookies"},
        {"retired_at": CREATED_AT},
        {"brand": None},
    ],
)
def test_a_brand_leaves_alone_the_sites_it_does_not_touch(site, shop, editor):
    brand = shop.brand
    Site.objects.update(**{**site, **({"brand": BrandFactory()} if "brand" in site else {})})
    publish(shop, now=CREATED_AT)
    before = shop.banners.count()
    shop.brand = brand

    assert len(save_notice(shop, editor)) == 1
    assert shop.banners.count() == before


def test_a_brand_does_not_publish_a_site_for_the_first_time(shop, editor):
    unpublished = Site.objects.create(
        key="new", name="new", brand=shop.brand, origins=["https://new.example"], languages=["en"]
    )
    assert save_notice(shop, editor)[:-1] == [NOBODY]
    assert not unpublished.banners.exists()


def test_saving_a_brand_tells_what_else_it_brought(shop, editor):
    """What programs have written in the tables meanwhile is published with it."""
    shop.cookies.get(name="_ga").delete()
    assert save_notice(shop, editor)[:-1] == [
        "Published in the banner of shop.example: everybody is asked again."
    ]
    shop.cookies.update(name="consent_*")
    Site.objects.update(title=LazyI18nString({"en": "Cookies?"}))
    (told,) = save_notice(shop, editor)[:-1]
    assert told.startswith("The banner of shop.example could not be published. consent_* stands for")
    assert shop.banners.latest("pk").version == 2


@pytest.fixture
def three_banners(shop) -> list[Banner]:
    """The first; another purpose and a cookie more and one less; Norwegian words changed and a language more."""
    banners = [shop.banners.get()]
    SiteCookie.objects.filter(name="_ga").update(purpose=LazyI18nString({"en": "Counts.", "nb": "Teller."}))
    shop.cookies.get(name="_fbp").delete()
    SiteCookieFactory(site=shop, category=CookieCategory.MARKETING, name="ads", provider="Ads Inc")
    banners.append(publish(shop, now=CREATED_AT))
    shop.title, shop.languages = LazyI18nString({"nb": "Velg"}), ["en", "nb", "sv"]
    shop.save()
    SiteCategory.objects.filter(category=CookieCategory.PREFERENCES).delete()
    banners.append(publish(shop, now=CREATED_AT))
    return banners


def test_what_a_banner_brought(three_banners):
    first, second, third = (banner.content for banner in three_banners)

    changes = banner_changes(before=first, after=second)
    assert changes.cookies_added == (Cookie(category="Marketing", name="ads", provider="Ads Inc"),)
    assert changes.cookies_removed == (Cookie(category="Marketing", name="_fbp", provider="Example Ads"),)
    assert changes.cookies_changed == (
        Cookie(category="Statistics", name="_ga", provider="Example Analytics"),
    )
    assert changes.texts == tuple(
        TextChange(
            language=language, of="_ga (Example Analytics)", what="Purpose", before=before, after=after
        )
        for language, before, after in [
            ("en", "Tells visits apart.", "Counts."),
            ("nb", "Skiller besøk fra hverandre.", "Teller."),
        ]
    )

    changes = banner_changes(before=second, after=third)
    assert (changes.languages_added, changes.categories_removed) == (("sv",), ("Preferences",))
    assert [(change.language, change.what, change.after) for change in changes.texts] == [
        ("nb", "Title", "Velg")
    ]
    unchanged = banner_changes(before=third, after=third)
    assert not any(getattr(unchanged, name) for name in unchanged.__slots__)


def test_the_page_of_a_banner_has_all_its_texts(three_banners, sign_in):
    client = sign_in("auditors")
    page = client.get(reverse(OFFERED, args=[three_banners[1].pk]), {"texts": "nb"})
    text = page.content.decode()

    # In whatever language the banner's texts are looked at, staff's own stays.
    assert page.headers["Content-Language"] == "en"
    assert settings.LANGUAGE_COOKIE_NAME not in page.cookies
    assert "Everybody was asked again" in text
    assert reverse(OFFERED, args=[three_banners[0].pk]) in text
    assert reverse(OFFERED, args=[three_banners[2].pk]) in text
    third = client.get(reverse(OFFERED, args=[three_banners[2].pk])).content.decode()
    assert "<dt>Languages added</dt><dd>Svenska</dd>" in third
    texts = three_banners[1].content["languages"]["nb"]
    assert all(escape(texts[key]) in text for key in ("title", "text", "accept", "refuse", "gpc", "changed"))
    for category in texts["categories"].values():
        assert escape(category["description"]) in text
        assert all(escape(cookie["purpose"]) in text for cookie in category["cookies"])
    assert (
        "This was the first banner"
        in client.get(reverse(OFFERED, args=[three_banners[0].pk])).content.decode()
    )


def test_the_list_of_banners_says_who_was_asked(three_banners, shop, sign_in):
    publish_again(shop)
    page = sign_in("support").get(reverse("admin:preferences_banner_changelist"))
    told = [
        page.context["cl"].model_admin.asked_again(banner)[0] for banner in page.context["cl"].result_list
    ]
    assert told == ["nobody", "everybody", "everybody", "first"]


def publish_again(site: Site) -> None:
    site.refresh_from_db()
    site.text = LazyI18nString({"sv": "Text"})
    site.save()
    publish(site, now=CREATED_AT)


@pytest.mark.parametrize("page", ["list", "form", "history", "banners"])
def test_the_number_of_queries_does_not_grow(page, shop, sign_in):
    client = sign_in("superuser")
    path = {
        "list": reverse("admin:preferences_site_changelist"),
        "form": reverse(CHANGE, args=[shop.pk]),
        "history": reverse("admin:preferences_site_history", args=[shop.pk]),
        "banners": reverse("admin:preferences_banner_changelist"),
    }[page]

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    queries()
    with_one = queries()
    SiteCookieFactory.create_batch(10, site=shop)
    for number in range(3):
        other = Site.objects.create(
            key=f"s{number}", name="s", brand=BrandFactory(), origins=["https://s.example"], languages=["en"]
        )
        SiteCategory.objects.create(site=other, category=CookieCategory.NECESSARY)
        publish(other, now=CREATED_AT)

    assert queries() == with_one
