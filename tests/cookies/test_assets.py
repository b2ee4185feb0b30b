"""The banner's script and texts, and what is said of Global Privacy Control: from memory, cached, the same for all."""

import datetime as dt
import gzip
import json

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from preferences.cookies.publish import publish
from preferences.cookies.served import forget_served, served_site
from preferences.enums import CookieCategory
from preferences.models import CookieConsent, Site
from tests.cookies.say import ORIGIN, URL, choice, newest, post, records, remembered
from tests.factories import CREATED_AT, SiteCookieFactory, SiteFactory

SCRIPT = "/cookies/shop/banner.js"


def texts_url(language: str = "en", *, banner: int | None = None, site: str = "shop") -> str:
    return f"/cookies/{site}/texts/{banner or newest().pk}/{language}.json"


def get(url: str, **headers: str):
    return Client().get(url, headers={name.replace("_", "-"): value for name, value in headers.items()})


# The script


def test_the_script(shop):
    response = get(SCRIPT)

    asset = served_site("shop").asset
    assert (response.status_code, response.content) == (200, asset.body)
    assert {name: response[name] for name in response.headers if name != "X-Request-ID"} == {
        "Cache-Control": "public, max-age=300, stale-if-error=604800",
        "Content-Length": str(len(asset.body)),
        "Content-Type": "text/javascript; charset=utf-8",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "ETag": asset.etag,
        "Referrer-Policy": "same-origin",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    assert asset.etag.startswith(f'"{newest().pk}-1-')
    assert not response.cookies


def test_the_script_from_memory(shop):
    remembered(shop)
    get(SCRIPT)
    with CaptureQueriesContext(connection) as queries:
        assert get(SCRIPT).status_code == 200
    assert len(queries) == 0


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("*", True),
        ("*;q=0.1", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("xgzip", False),
    ],
)
def test_compressed_for_who_takes_it(shop, accepted, compressed):
    response = get(SCRIPT, accept_encoding=accepted)
    asset = served_site("shop").asset
    assert response.get("Content-Encoding") == ("gzip" if compressed else None)
    assert response.content == (asset.gzipped if compressed else asset.body)
    assert response["Content-Length"] == str(len(response.content))
    assert (gzip.decompress(response.content) if compressed else response.content) == asset.body
    # A strong ETag names these very bytes.
    assert (response["ETag"] == asset.etag) is not compressed


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
@pytest.mark.parametrize("known", ["{}", "W/{}", '"other", {}', '"other",W/{} , "more"', "*"])
def test_not_sent_to_who_has_it(shop, encoding, known):
    first = get(SCRIPT, accept_encoding=encoding)
    response = get(SCRIPT, accept_encoding=encoding, if_none_match=known.format(first["ETag"]))
    assert (response.status_code, response.content) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary"):
        assert response[name] == first[name]
    assert "Content-Type" not in response
    assert not response.cookies


@pytest.mark.parametrize("known", ['"other"', "", '"', "W/", '"*"'])
def test_sent_to_who_has_another(shop, known):
    assert get(SCRIPT, if_none_match=known).status_code == 200


def test_a_new_banner_is_a_new_script(shop):
    before = get(SCRIPT)
    SiteCookieFactory(site=shop, category=CookieCategory.STATISTICS, name="_new")
    with transaction.atomic():
        publish(shop, now=CREATED_AT + dt.timedelta(days=1))
    forget_served()
    after = get(SCRIPT, if_none_match=before["ETag"])
    assert after.status_code == 200
    assert after["ETag"].startswith(f'"{newest().pk}-2-')
    assert after.content != before.content


def test_the_script_outlives_the_database(shop, monkeypatch):
    remembered(shop)

    def gone(*_args: object, **_kwargs: object) -> None:
        raise OperationalError("lost")

    with monkeypatch.context() as patch:
        patch.setattr("django.db.backends.utils.CursorWrapper.execute", gone)
        # What is in memory has become old, so the database is asked.
        patch.setattr("preferences.cookies.served.MOST_SECONDS", 0)
        assert get(SCRIPT).status_code == 200


@pytest.mark.parametrize("site", ["nowhere", "unpublished", "retired", "0", "-", "x" * 200])
def test_no_script_for_a_site_that_has_none(shop, site):
    SiteFactory(key="unpublished")
    SiteFactory(key="retired", retired_at=timezone.now())
    response = get(f"/cookies/{site}/banner.js")
    assert response.status_code == 404
    # A page that embeds it gets a script that does nothing.
    assert response["Content-Type"] == "text/javascript; charset=utf-8"
    assert response.content.startswith(b"//")
    assert response["Cache-Control"] == "public, max-age=60"
    assert not response.cookies


def test_no_script_for_a_site_that_was_retired(shop):
    Site.objects.filter(pk=shop.pk).update(retired_at=timezone.now())
    forget_served()
    assert get(SCRIPT).status_code == 404
    assert get(texts_url()).status_code == 404
    assert post(choice()).status_code == 404


# Texts


@pytest.mark.parametrize("language", ["en", "nb"])
def test_texts_in_a_language(shop, language):
    response = get(texts_url(language))
    assert response.status_code == 200
    assert response.json() == newest().content["languages"][language]
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Content-Type"] == "application/json"
    assert not response.cookies
    packed = get(texts_url(language), accept_encoding="gzip")
    assert (packed["Content-Encoding"], gzip.decompress(packed.content)) == ("gzip", response.content)
    assert get(texts_url(language), if_none_match=response["ETag"]).status_code == 304


def test_texts_of_an_older_banner(shop):
    before = newest()
    SiteCookieFactory(site=shop, category=CookieCategory.STATISTICS, name="_new")
    with transaction.atomic():
        publish(shop, now=CREATED_AT + dt.timedelta(days=1))
    forget_served()
    assert get(texts_url(banner=before.pk)).json() == before.content["languages"]["en"]
    assert "_new" in json.dumps(get(texts_url()).json())


def test_no_texts(shop):
    other = SiteFactory(key="other", brand=shop.brand)
    with transaction.atomic():
        SiteCookieFactory(site=other, category=CookieCategory.NECESSARY)
        theirs = publish(other, now=CREATED_AT)
    for url in (
        texts_url("de"),
        texts_url("EN"),
        texts_url("language_order"),
        texts_url(banner=theirs.pk),
        texts_url(banner=2**63),
        texts_url(banner=10**4000),
        texts_url(site="nowhere"),
    ):
        response = get(url)
        assert response.status_code == 404, url
        assert not response.cookies
    assert get(texts_url("en", banner=theirs.pk, site="other")).status_code == 200


def test_texts_asked_for_too_early_are_found_later(shop):
    coming = newest().pk + 1
    assert get(texts_url(banner=coming)).status_code == 404
    SiteCookieFactory(site=shop, category=CookieCategory.STATISTICS, name="_new")
    with transaction.atomic():
        published = publish(shop, now=CREATED_AT + dt.timedelta(days=1))
    assert published.pk == coming
    forget_served()
    assert get(texts_url(banner=coming)).status_code == 200


# Global Privacy Control


def test_gpc_is_supported():
    response = get("/.well-known/gpc.json")
    assert (response.status_code, response.json()) == (200, {"gpc": True, "lastUpdate": "2026-11-24"})
    assert response["Content-Type"] == "application/json"
    assert not response.cookies


# Reading


def addresses() -> list[str]:
    return [
        SCRIPT,
        texts_url(),
        "/.well-known/gpc.json",
        f"{URL}/{records()[0]['consent']}",
        f"{URL}/5f0c1c1e-3f0b-4d6e-9a53-0d3c8a2f7b11",
        URL,
        "/cookies/nowhere/banner.js",
        texts_url("de"),
    ]


def test_get_and_head_write_nothing_and_leave_no_cookie(shop):
    post(choice("statistics"))
    before = (records(), newest())
    browser = Client(headers={"origin": ORIGIN, "sec-gpc": "1"})
    for url in addresses():
        remembered(shop)
        browser.get(url)
        with CaptureQueriesContext(connection) as queries:
            got, head = browser.get(url), browser.head(url)
        assert got.status_code == head.status_code, url
        assert head.content == b""
        assert {**got.headers, "X-Request-ID": ""} == {**head.headers, "X-Request-ID": ""}
        assert all(query["sql"].startswith("SELECT") for query in queries), url
        # Nor a session: nothing that is sent here knows one.
        assert "Cookie" not in got.get("Vary", "")
    assert (records(), newest()) == before
    assert not browser.cookies
    assert CookieConsent.objects.count() == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods(shop, method):
    for url in (SCRIPT, texts_url(), "/.well-known/gpc.json"):
        response = Client().generic(method, url, "{}")
        assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
        assert not response.cookies


def test_pages_about_cookies_are_none_of_these(shop):
    """They go the way of all pages, with a language and a form that is protected."""
    page = get("/cookies/shop/")
    assert page.status_code != 405
    assert "Content-Security-Policy" in page.headers
    assert get("/cookies/shop").status_code in (301, 404)
    assert get("/cookies/shop/banner.js/").status_code == 404
    assert get("/cookies/").status_code == 404
    assert get("/.well-known/other.json").status_code == 404
