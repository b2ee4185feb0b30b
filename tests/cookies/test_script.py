"""The script that a site embeds: small, nothing in it but what the site published, and data that stays data."""

import gzip
import json
import re
from dataclasses import replace

import pytest

from preferences.cookies.replies import REFUSALS
from preferences.cookies.script import CODE_FILE, STYLE_FILE, script_of
from preferences.cookies.served import Served

LANGUAGES = ["en", "nb", "sv", "da", "fi", "de", "nl", "fr", "es", "pt", "it", "pl", "ar"]
COOKIES = {
    "preferences": ["language", "region", "currency", "text_size"],
    "statistics": ["_ga", "_ga_*", "_gid", "_gat_*", "_pk_id.*", "_pk_ses.*", "_hjSession_*", "nps_seen"],
    "marketing": ["_fbp", "_fbc", "_gcl_au", "_uetsid", "_uetvid", "IDE", "li_sugr", "_ttp"],
}
# What is served has to be smaller than this, compressed.
MOST_BYTES = 8000
MAKERS, KINDS = ("_fbx", "ads", "_uetq", "li", "tt", "hub"), ("id", "sid", "src", "click", "seen", "_*")
# Ends the code; its data follow.
CALL = "\nguard(begin)()})("


@pytest.fixture(autouse=True)
def base_url(settings):
    settings.BASE_URL = "https://choices.example"


@pytest.fixture
def site() -> Served:
    return Served(
        site=1,
        key="acme",
        name="www.acme.example",
        origins=frozenset({"https://www.acme.example"}),
        days=180,
        cookie_domain="acme.example",
        consent_mode=True,
        brand=1,
        brand_key="acme",
        brand_name="Acme",
        colour="#1f4b99",
        banner=17,
        version=3,
        content={
            "categories": ["necessary", *COOKIES],
            "cookies": COOKIES,
            "language_order": LANGUAGES,
            "languages": {language: {"title": "Texts are fetched"} for language in LANGUAGES},
        },
    )


def called_with(site: Served) -> list:
    """What the code is called with: the data of the site, and the style."""
    body = script_of(site).body.decode("ascii")
    return json.loads(f"[{body.rpartition(CALL)[2].removesuffix(')' + chr(10))}]")


def test_small_as_it_is_sent(site):
    assert sum(map(len, COOKIES.values())) == 20
    asset = script_of(site)
    assert gzip.decompress(asset.gzipped) == asset.body
    assert len(asset.gzipped) < MOST_BYTES


def test_still_small_with_many_cookies(site):
    names = {**COOKIES, "marketing": [f"{maker}_{kind}" for maker in MAKERS for kind in KINDS]}
    assert sum(map(len, names.values())) > 45
    asset = script_of(replace(site, content={**site.content, "cookies": names}))
    assert len(asset.gzipped) < MOST_BYTES


def test_the_data_of_the_site_and_no_more(site):
    data, style = called_with(site)
    assert data == {
        "key": "acme",
        "url": "https://choices.example/cookies/acme/",
        "banner": 17,
        "version": 3,
        "days": 180,
        "domain": "acme.example",
        "consentMode": True,
        "categories": ["necessary", "preferences", "statistics", "marketing"],
        "cookies": COOKIES,
        "languages": LANGUAGES,
        "look": {
            "light": [site.colours.on_light, site.colours.ink_on_light],
            "dark": [site.colours.on_dark, site.colours.ink_on_dark],
        },
        "recheck": 900,
    }
    assert style.startswith(":host{")


def test_no_address_but_our_own(site):
    body = script_of(site).body.decode()
    assert set(re.findall(r"(?:https?:)?//[\w.-]+", body)) == {"https://choices.example"}


def test_no_address_in_the_style():
    assert not re.search(r"url\(|@import", STYLE_FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "name", ["</script><script>alert(1)", "<!--", "]]>", '"});alert(1)//', "\\", "\u2028\u2029", "${1}`", "ø"]
)
def test_data_stays_data(site, name):
    content = {**site.content, "cookies": {"statistics": [name]}}
    odd = replace(site, content=content)
    data, _ = called_with(odd)
    assert data["cookies"] == {"statistics": [name]}
    called = script_of(odd).body.decode("ascii").rpartition(CALL)[2]
    assert not set("<>&") & set(called)


def test_read_alike_in_every_encoding(site):
    # A script is read in the encoding of the page where its own is lost.
    assert script_of(site).body.isascii()


def test_the_same_site_makes_the_same_script(site):
    assert script_of(site) == script_of(replace(site))


def test_the_etag_bears_banner_version_and_content(site):
    found = script_of(site).etag
    assert re.fullmatch(r'"17-3-[0-9a-f]{16}"', found)
    later = script_of(replace(site, banner=18, version=4)).etag
    assert later.startswith('"18-4-')
    # What belongs to the site and to no banner changes the script too.
    assert script_of(replace(site, colour="#8a1c1c")).etag not in {found, later}


def test_comments_stay_at_home(site):
    body = script_of(site).body.decode()
    assert not [line for line in body.splitlines() if line.startswith((" ", "//"))]
    assert "/*" not in called_with(site)[1]


def test_the_banner_knows_which_refusals_are_for_ever():
    never = re.search(r"NEVER = /(.*)/", CODE_FILE.read_text(encoding="utf-8"))
    assert never
    final = {code for code, (status, _detail) in REFUSALS.items() if status == 422}
    assert {code for code in final if not re.search(never[1], code)} == set()
    for code in ("try_again", "origin_forbidden", "consent_of_another_site"):
        assert not re.search(never[1], code)
