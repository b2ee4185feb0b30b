"""POST and GET of a consent as the banner sends them: what is taken, what is refused, and who may read the answer."""

import datetime as dt
import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from config.logs import JsonFormatter
from config.programs import ProgramsMiddleware
from preferences import consent_cookie
from preferences.cookies import answer, record
from preferences.cookies.cors import our_origin
from preferences.cookies.publish import publish
from preferences.cookies.replies import REFUSALS
from preferences.cookies.served import forget_served
from preferences.enums import CookieCategory
from preferences.models import Banner, Site
from tests.at_once import at_once
from tests.cookies.say import ALL, ORIGIN, URL, choice, newest, post, records, remembered
from tests.factories import CREATED_AT, BrandFactory, SiteCategoryFactory, SiteCookieFactory, SiteFactory

# Nobody has said anything under these. Tests that run side by side need one list of cases.
UNSAID = "5f0c1c1e-3f0b-4d6e-9a53-0d3c8a2f7b11"
UUID_1 = "095ec484-e7ab-11f1-8b67-02fc00000001"
FOREIGN = [
    "null",
    "https://evil.example",
    "https://shop.example.evil.example",
    "https://evil-shop.example",
    "https://shop.exampl",
    "https://www.shop.example",
    "http://shop.example",
    "https://shop.example:8443",
    "https://shop.example:443",
    "https://shop.example/",
    "HTTPS://SHOP.EXAMPLE",
    "https://Shop.example",
    " https://shop.example ",
    "https://shop.example https://evil.example",
    "https://shop.example,https://evil.example",
    "shop.example",
]
ALLOWED = {
    "Access-Control-Allow-Origin": ORIGIN,
    "Access-Control-Allow-Credentials": "true",
    "Vary": "Origin",
}


@pytest.fixture
def other(shop: Site) -> Site:
    """Another site, of another brand."""
    site = SiteFactory(key="other", brand=BrandFactory())
    for category in CookieCategory:
        SiteCategoryFactory(site=site, category=category)
    with transaction.atomic():
        publish(site, now=CREATED_AT)
    return site


def refused(response, code: str) -> None:
    """The refusal, said in a word and a sentence, and nothing stored or remembered."""
    status, detail = REFUSALS[code]
    assert (response.status_code, response.json()) == (status, {"code": code, "detail": detail})
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"
    assert not response.cookies
    assert records() == []


def cors_of(response) -> dict[str, str]:
    return {
        name: value
        for name, value in response.headers.items()
        if name.startswith("Access-Control-") or name == "Vary"
    }


# What is taken


@pytest.mark.parametrize(
    ("granted", "action"),
    [
        (("preferences", "statistics", "marketing"), "accept_all"),
        ((), "refuse_all"),
        (("statistics",), "save"),
    ],
)
def test_a_choice_is_recorded(shop, granted, action):
    said = choice(*granted)

    response = post(said)

    assert response.status_code == 201
    (row,) = records()
    texts = newest().content["languages"]["en"]["wordings"]
    recorded_at = row.pop("recorded_at")
    assert dt.timedelta() <= dt.datetime.now(dt.UTC) - recorded_at < dt.timedelta(minutes=1)
    assert row == {
        "id": row["id"],
        "consent": UUID(said["consent"]),
        "sequence": 1,
        "site_id": shop.pk,
        "banner_id": said["banner"],
        "version": 1,
        "language": "en",
        "wordings": [texts[block] for block in said["shown"]],
        "action": action,
        "categories": ["necessary", *granted],
        "gpc": False,
    }
    assert response.json() == {
        "consent": said["consent"],
        "sequence": 1,
        "site": "shop",
        "banner": said["banner"],
        "version": 1,
        "language": "en",
        "action": action,
        "categories": {category: category in ("necessary", *granted) for category in ALL},
        "gpc": False,
        "recorded_at": recorded_at.isoformat().replace("+00:00", "Z"),
        "current_version": 1,
    }
    assert cors_of(response) == ALLOWED
    assert response["Cache-Control"] == "no-store"


def test_the_same_again_writes_nothing(shop):
    said = choice("statistics")
    first = post(said)
    again = post(said)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert len(records()) == 1


def test_a_change_of_mind_is_a_second_record(shop):
    said = choice("statistics")
    post(said)
    withdrawn = post(choice(consent=said["consent"], language="nb"))
    assert (withdrawn.status_code, withdrawn.json()["sequence"]) == (201, 2)
    assert [row["categories"] for row in records()] == [["necessary", "statistics"], ["necessary"]]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/json", "", "multipart/form-data; boundary=x", "é"]
)
def test_json_whatever_the_content_type_says(shop, content_type):
    response = Client().post(
        URL, json.dumps(choice()).encode(), content_type=content_type, headers={"origin": ORIGIN}
    )
    assert response.status_code == 201


def test_our_own_pages_may_say_it_too(shop, settings):
    settings.BASE_URL = "https://Preferences.Example.com:443"
    response = post(choice(), origin="https://preferences.example.com")
    assert response.status_code == 201
    assert response["Access-Control-Allow-Origin"] == "https://preferences.example.com"


def test_an_id_in_capitals_is_the_same_id(shop):
    said = choice()
    response = post({**said, "consent": said["consent"].upper()})
    assert response.json()["consent"] == said["consent"]
    assert post(said).status_code == 200


def test_texts_shown_twice_count_once_and_in_their_order(shop):
    post(choice("statistics", shown=["details", "banner", "details", "changed"]))
    texts = newest().content["languages"]["en"]["wordings"]
    assert records()[0]["wordings"] == [texts["details"], texts["banner"], texts["changed"]]


def test_who_refuses_need_not_have_been_shown_anything(shop):
    assert post(choice(shown=[])).status_code == 201
    assert records()[0]["wordings"] == []


def test_an_older_banner_is_what_the_person_saw(shop):
    said = choice("statistics")
    SiteCookieFactory(site=shop, category=CookieCategory.STATISTICS, name="_new")
    with transaction.atomic():
        published = publish(shop, now=CREATED_AT + dt.timedelta(days=1))
    forget_served()
    assert published.version == 2

    answered = post(said).json()

    assert (answered["banner"], answered["version"], answered["current_version"]) == (said["banner"], 1, 2)
    assert [(row["banner_id"], row["version"]) for row in records()] == [(said["banner"], 1)]
    # The same about the new version says more.
    assert post({**said, "banner": published.pk}).json()["sequence"] == 2


@pytest.mark.parametrize("age", [0, 1, 400 * 86400])
def test_a_choice_that_was_made_some_time_ago(shop, age):
    answered = post(choice("statistics", age=age))
    assert answered.status_code == 201
    # Nobody but the browser knows whether its clock was right.
    (row,) = records()
    assert dt.datetime.now(dt.UTC) - row["recorded_at"] < dt.timedelta(minutes=1)


def test_a_yes_that_arrives_after_a_later_no(shop):
    """Made at home, never delivered; meanwhile refused on our own page. The answer is what stands."""
    said = choice("preferences", "statistics", "marketing", age=90)
    withdrawn = post(choice(consent=said["consent"], language="nb"))

    response = post(said)

    assert (response.status_code, response.json()) == (200, withdrawn.json())
    assert response.json()["categories"] == {**dict.fromkeys(ALL, False), "necessary": True}
    assert (response.json()["action"], response.json()["language"]) == ("refuse_all", "nb")
    assert cors_of(response) == ALLOWED
    assert len(records()) == 1


def test_a_yes_that_arrives_after_a_no_about_a_newer_banner(shop):
    said = choice("preferences", "statistics", "marketing", age=90)
    shop.categories.filter(category=CookieCategory.PREFERENCES).delete()
    with transaction.atomic():
        published = publish(shop, now=CREATED_AT + dt.timedelta(days=1))
    forget_served()
    narrower = choice("statistics", consent=said["consent"], banner=published.pk)
    del narrower["categories"]["preferences"]
    later = post(narrower).json()

    answered = post(said)

    assert (answered.status_code, answered.json()) == (200, later)
    assert (answered.json()["banner"], answered.json()["version"]) == (published.pk, 2)
    assert answered.json()["categories"] == {"necessary": True, "statistics": True, "marketing": False}


def test_a_no_that_arrives_late_is_recorded(shop):
    said = choice("statistics")
    post(said)
    late = post(choice(consent=said["consent"], age=90))
    assert (late.status_code, late.json()["sequence"], late.json()["action"]) == (201, 2, "refuse_all")
    assert [row["categories"] for row in records()] == [["necessary", "statistics"], ["necessary"]]


def test_one_statement_once_the_site_is_known(shop):
    remembered(shop)
    said = choice()
    bodies = [(said, 201), (said, 200), (choice("statistics", consent=said["consent"], age=90), 200)]
    for body, status in bodies:
        with CaptureQueriesContext(connection) as queries:
            assert post(body).status_code == status
        assert len(queries) == 1


# Global Privacy Control


@pytest.mark.parametrize("marketing", [True, False])
@pytest.mark.parametrize("by_header", [True, False])
def test_under_gpc_accepting_all_leaves_marketing_out(shop, marketing, by_header):
    said = choice("preferences", "statistics", "marketing", gpc=not by_header, shown=["banner", "gpc"])
    said["categories"]["marketing"] = marketing
    headers = {"sec-gpc": "1"} if by_header else {}

    answered = post(said, **headers).json()

    assert answered["categories"] == {**dict.fromkeys(ALL, True), "marketing": False}
    assert (answered["gpc"], answered["action"]) == (True, "accept_all")
    (row,) = records()
    assert (row["categories"], row["gpc"]) == (["necessary", "preferences", "statistics"], True)


def test_under_gpc_marketing_is_allowed_by_category_alone(shop):
    by_hand = post(choice("marketing", gpc=True, shown=["banner", "gpc", "details"]))
    unseen = post(choice("marketing", gpc=True, shown=["banner", "gpc"]))
    assert by_hand.json()["categories"]["marketing"] is True
    assert unseen.json()["categories"]["marketing"] is False
    assert [row["categories"] for row in records()] == [["necessary", "marketing"], ["necessary"]]


@pytest.mark.parametrize("value", ["0", "true", "", "11"])
def test_only_1_is_the_signal(shop, value):
    assert post(choice(), **{"sec-gpc": value}).json()["gpc"] is False


# What is refused


def test_an_unknown_site(shop, other):
    refused(post(choice(), url="/cookies/nowhere/consent"), "site_unknown")
    retired = SiteFactory(key="unpublished")
    refused(post(choice(), url=f"/cookies/{retired.key}/consent"), "site_unknown")


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_foreign_origin(shop, origin):
    response = post(choice(), origin=origin)
    refused(response, "origin_forbidden")
    assert cors_of(response) == {}


def test_no_origin(shop):
    response = post(choice(), origin=None)
    refused(response, "origin_missing")
    assert cors_of(response) == {}


def test_an_origin_of_another_site(shop, other):
    refused(post(choice(), origin="https://other.example"), "origin_forbidden")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"categories": {**dict.fromkeys(ALL, True), "surprise": True}}, "category_unknown"),
        ({"categories": {**dict.fromkeys(ALL, True), "\ud800": True}}, "category_unknown"),
        ({"categories": dict.fromkeys((*ALL[:-1], "Marketing"), True)}, "category_unknown"),
        ({"categories": dict.fromkeys(ALL[:-1], True)}, "category_missing"),
        ({"categories": {}}, "category_missing"),
        ({"categories": {**dict.fromkeys(ALL, True), "necessary": False}}, "necessary_refused"),
        ({"categories": {**dict.fromkeys(ALL, True), "statistics": False}}, "action_mismatch"),
        ({"action": "refuse_all"}, "action_mismatch"),
        ({"action": "refuse_all", "gpc": True}, "action_mismatch"),
        ({"banner": 0}, "banner_unknown"),
        ({"banner": -1}, "banner_unknown"),
        ({"banner": 2**63}, "banner_unknown"),
        ({"banner": 10**3000}, "banner_unknown"),
        ({"language": "de"}, "language_unknown"),
        ({"language": "EN"}, "language_unknown"),
        ({"language": ""}, "language_unknown"),
        ({"language": "\ud800"}, "language_unknown"),
        ({"language": "en\x00"}, "language_unknown"),
        ({"shown": ["banner", "poster"]}, "shown_unknown"),
        ({"shown": ["\ud800"]}, "shown_unknown"),
        ({"shown": []}, "shown_missing"),
        ({"consent": ""}, "consent_invalid"),
        ({"consent": "0" * 32}, "consent_invalid"),
        ({"consent": "00000000-0000-0000-0000-000000000000"}, "consent_invalid"),
        ({"consent": UUID_1}, "consent_invalid"),
        ({"consent": UNSAID.replace("-", "")}, "consent_invalid"),
        ({"consent": f"{{{UNSAID}}}"}, "consent_invalid"),
        ({"consent": f" {UNSAID}"}, "consent_invalid"),
        ({"consent": f"{UNSAID}\n"}, "consent_invalid"),
        ({"consent": f"{UNSAID}\x00"}, "consent_invalid"),
        ({"email": "kari@example.com"}, "field_unknown"),
        ({"\ud800": 1}, "field_unknown"),
        ({"consent": 7}, "body_invalid"),
        ({"consent": None}, "body_invalid"),
        ({"banner": "17"}, "body_invalid"),
        ({"banner": 17.0}, "body_invalid"),
        ({"banner": True}, "body_invalid"),
        ({"language": ["en"]}, "body_invalid"),
        ({"action": "accept"}, "body_invalid"),
        ({"action": "\ud800"}, "body_invalid"),
        ({"categories": list(ALL)}, "body_invalid"),
        ({"categories": {**dict.fromkeys(ALL, True), "statistics": 1}}, "body_invalid"),
        ({"categories": {**dict.fromkeys(ALL, True), "statistics": None}}, "body_invalid"),
        ({"categories": {**dict.fromkeys(ALL, True), "statistics": {"on": True}}}, "body_invalid"),
        ({"gpc": 1}, "body_invalid"),
        ({"gpc": None}, "body_invalid"),
        ({"shown": "banner"}, "body_invalid"),
        ({"shown": [["banner"]]}, "body_invalid"),
        ({"shown": {"banner": True}}, "body_invalid"),
        ({"age": -1}, "body_invalid"),
        ({"age": 400 * 86400 + 1}, "body_invalid"),
        ({"age": 10**3000}, "body_invalid"),
        ({"age": True}, "body_invalid"),
        ({"age": False}, "body_invalid"),
        ({"age": 1.0}, "body_invalid"),
        ({"age": "1"}, "body_invalid"),
        ({"age": None}, "body_invalid"),
    ],
)
def test_what_cannot_be_taken(shop, change, code):
    response = post(choice(*ALL[1:], **change))
    refused(response, code)
    # The site's own page may know why.
    assert cors_of(response) == ALLOWED


@pytest.mark.parametrize("field", ["consent", "banner", "language", "action", "categories", "gpc", "shown"])
def test_no_field_may_be_missing(shop, field):
    said = choice()
    del said[field]
    refused(post(said), "body_invalid")


def test_a_banner_of_another_site(shop, other):
    refused(post(choice(banner=Banner.objects.get(site=other).pk)), "banner_unknown")


def valid() -> str:
    return json.dumps(choice())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"hello",
        b"null",
        b"[]",
        b"true",
        b'"text"',
        b"17",
        b"[" * 4096,
        b'{"a":' * 800,
        b"[" * 2000 + b"]" * 2000,
        b"consent=x&banner=17",
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b'{"consent": "\xff"}',
        b"\x00",
    ],
)
def test_what_is_no_json_object(shop, body):
    refused(post(body), "body_invalid")


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('"gpc": false', '"gpc": NaN'),
        ('"gpc": false', '"gpc": -Infinity'),
        ('"gpc": false', '"gpc": false, "gpc": true'),
        ('"marketing": false', '"marketing": false, "marketing": true'),
        ('"language": "en"', '"language": "en"}}'),
        ('"banner": ', '"banner": 1e999, "was": '),
        ('"banner": ', '"banner": -0, "was": '),
        ('"language": "en"', '"language": "e\nn"'),
    ],
)
def test_json_that_is_read_in_two_ways_or_none(shop, was, becomes):
    body = valid()
    assert was in body
    assert post(body.replace(was, becomes, 1)).status_code in (400, 422)
    assert records() == []


def test_in_another_encoding(shop):
    refused(post(valid().encode("utf-16")), "body_invalid")
    refused(post(valid().encode("utf-32")), "body_invalid")


def test_a_number_as_long_as_the_body(shop):
    body = valid().replace('"banner": ', f'"banner": {"9" * 3500}', 1)
    assert len(body) < 4096
    refused(post(body), "banner_unknown")


def test_at_the_limit_and_beyond(shop):
    body = valid()
    refused(post(body + " " * (4097 - len(body))), "too_large")
    assert post(body + " " * (4096 - len(body))).status_code == 201


@pytest.mark.parametrize("length", ["1048576", "9" * 5000])
def test_what_says_that_it_is_too_large_is_not_read(shop, length):
    request = RequestFactory().post(URL, b"", content_type="text/plain", headers={"origin": ORIGIN})
    request.META["CONTENT_LENGTH"] = length

    def unread(*_args: object) -> bytes:
        raise AssertionError("read")

    request.environ["wsgi.input"] = SimpleNamespace(read=unread)
    request._stream = request.environ["wsgi.input"]
    refused(through(request), "too_large")


def chunked(body: bytes):
    """A request without its length, as granian hands it on: the body ends where it ends."""
    request = RequestFactory().post(URL, b"", content_type="text/plain", headers={"origin": ORIGIN})
    request.environ.pop("CONTENT_LENGTH", None)
    request.environ |= {
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input_terminated": True,
        "wsgi.input": io.BytesIO(body),
    }
    return request


def through(request):
    """The answer of the middleware, with `json` as the test client has it."""
    response = ProgramsMiddleware(lambda _request: pytest.fail("passed on"))(request)
    response.json = lambda: json.loads(response.content)
    return response


def test_without_a_length(shop):
    large = chunked(b" " * 1024 * 1024)
    refused(through(large), "too_large")
    assert large.environ["wsgi.input"].tell() == 4097
    refused(through(chunked(b"")), "body_invalid")
    assert through(chunked(valid().encode())).status_code == 201


def test_without_a_length_or_an_end(shop):
    request = chunked(valid().encode())
    del request.environ["wsgi.input_terminated"]
    refused(through(request), "body_invalid")


def test_half_a_body(shop):
    body = valid().encode()
    request = RequestFactory().post(URL, body, content_type="text/plain", headers={"origin": ORIGIN})
    request._stream = io.BytesIO(body[: len(body) // 2])
    refused(through(request), "body_invalid")


# A consent id of another site


def test_an_id_of_another_site_is_refused_and_told_to_nobody(shop, other):
    said = choice("statistics")
    post(said)
    replayed = {**said, "banner": Banner.objects.get(site=other).pk}

    response = post(replayed, url="/cookies/other/consent", origin="https://other.example")

    assert (response.status_code, response.json()["code"]) == (409, "consent_of_another_site")
    assert not response.cookies
    assert response["Access-Control-Allow-Origin"] == "https://other.example"
    assert [row["site_id"] for row in records()] == [shop.pk]
    known = Client().get(f"/cookies/other/consent/{said['consent']}")
    unknown = Client().get(f"/cookies/other/consent/{uuid4()}")
    assert known.status_code == unknown.status_code == 404
    assert known.content == unknown.content
    assert {**known.headers, "X-Request-ID": ""} == {**unknown.headers, "X-Request-ID": ""}


@pytest.mark.django_db(transaction=True)
def test_one_id_told_to_two_sites_at_once(shop, other):
    consent = str(uuid4())
    bodies = {
        "shop": choice("statistics", consent=consent),
        "other": choice("statistics", consent=consent, banner=Banner.objects.get(site=other).pk),
    }

    answers = at_once(
        *[
            lambda key=key: (
                post(bodies[key], url=f"/cookies/{key}/consent", origin=f"https://{key}.example").status_code
            )
            for key in ("shop", "other") * 3
        ]
    )

    assert sorted(answers) == [200, 200, 201, 409, 409, 409]
    assert len(records()) == 1


def test_too_many_records_of_one_id(shop, monkeypatch):
    monkeypatch.setattr(record, "MOST_RECORDS", 2)
    consent = str(uuid4())
    post(choice(consent=consent))
    post(choice("statistics", consent=consent))
    more = post(choice("statistics", "preferences", consent=consent))
    assert (more.status_code, more.json()["code"]) == (429, "too_many")
    # Taking it back is taken.
    assert post(choice(consent=consent)).status_code == 201


def test_too_many_at_once(shop, monkeypatch):
    def in_vain(**_: object) -> None:
        raise record.ConsentRefused(code="try_again")

    monkeypatch.setattr(answer, "record_consent", in_vain)
    response = post(choice())
    refused(response, "try_again")
    assert response["Retry-After"] == "120"
    assert cors_of(response) == ALLOWED


def test_an_address_with_an_id_is_not_kept_in_memory(shop):
    said = choice()
    post(said)
    before = answer._match.cache_info().currsize
    for consent in (said["consent"], UNSAID, "nonsense"):
        Client().get(f"{URL}/{consent}")
        Client().get(f"/cookies/shop/{consent}/")
    assert answer._match.cache_info().currsize == before


# Who may read the answer


def ask(origin: str | None, url: str = URL, method: str = "POST"):
    headers = {"access-control-request-method": method, "access-control-request-headers": "content-type"}
    return Client().options(url, headers={**headers, **({"origin": origin} if origin else {})})


@pytest.mark.parametrize(
    ("url", "method"), [(URL, "POST"), (f"{URL}/{UNSAID}", "GET"), (f"{URL}/nonsense", "GET")]
)
def test_a_browser_that_asks_first(shop, url, method):
    response = ask(ORIGIN, url, method)
    assert (response.status_code, response.content) == (204, b"")
    assert cors_of(response) == {
        **ALLOWED,
        "Access-Control-Allow-Methods": method,
        "Access-Control-Allow-Headers": "content-type",
        "Access-Control-Max-Age": "7200",
    }
    assert not response.cookies


@pytest.mark.parametrize("url", [URL, f"{URL}/{UNSAID}"])
@pytest.mark.parametrize("origin", [*FOREIGN, None])
def test_a_browser_that_asks_for_a_foreign_page(shop, url, origin):
    response = ask(origin, url)
    assert response.status_code == 403
    assert [name for name in response.headers if name.startswith("Access-Control-")] == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE"])
@pytest.mark.parametrize("origin", [ORIGIN, "https://evil.example", None])
def test_other_methods(shop, method, origin):
    response = Client().generic(
        method, URL, json.dumps(choice()), headers={"origin": origin} if origin else {}
    )
    assert (response.status_code, response["Allow"]) == (405, "OPTIONS, POST")
    assert records() == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods_at_a_consent(shop, method):
    said = choice("statistics")
    post(said)
    response = Client().generic(method, f"{URL}/{said['consent']}", "{}")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert len(records()) == 1


# What is told of a consent


def test_what_was_said_the_newest_first(shop):
    said = choice("statistics")
    first = post(said).json()
    second = post(choice("marketing", consent=said["consent"], gpc=True)).json()

    response = Client().get(f"{URL}/{said['consent']}")

    assert response.status_code == 200
    told = response.json()
    of_one = ("sequence", "banner", "version", "language", "action", "categories", "gpc", "recorded_at")
    assert told.pop("records") == [{name: one[name] for name in of_one} for one in (second, first)]
    assert told == second
    assert response["Cache-Control"] == "no-store"
    assert not response.cookies
    # Nobody's page gets to read it.
    assert cors_of(response) == {"Vary": "Origin"}


def test_the_sites_own_page_may_read_it(shop):
    said = choice()
    post(said)
    address = f"{URL}/{said['consent'].upper()}"
    response = Client().get(address, headers={"origin": ORIGIN})
    assert (response.status_code, cors_of(response)) == (200, ALLOWED)
    for origin in FOREIGN:
        response = Client().get(address, headers={"origin": origin})
        assert (response.status_code, cors_of(response)) == (403, {"Vary": "Origin"})
        assert said["consent"] not in response.content.decode()


def test_no_more_than_a_hundred_records(shop, monkeypatch):
    monkeypatch.setattr(record, "_MOST_SHOWN", 3)
    consent = str(uuid4())
    for turn in range(5):
        post(choice(*(["statistics"] if turn % 2 else []), consent=consent))
    told = Client().get(f"{URL}/{consent}").json()
    assert [one["sequence"] for one in told["records"]] == [5, 4, 3]


@pytest.mark.parametrize(
    "consent", [UNSAID, UUID_1, "nonsense", "%00", "%ED%A0%80", "'", UNSAID.replace("-", ""), "0" * 5000]
)
def test_an_unknown_id(shop, consent):
    refused(Client().get(f"{URL}/{consent}"), "consent_unknown")


# The cookie for our own pages


def test_the_choice_is_remembered_for_our_own_pages(shop, other, settings):
    browser = Client()
    said = choice("statistics")
    elsewhere = choice(banner=Banner.objects.get(site=other).pk)

    def send(body, site: str):
        return browser.post(
            f"/cookies/{site}/consent",
            json.dumps(body),
            content_type="text/plain",
            headers={"origin": f"https://{site}.example"},
        )

    cookie = send(said, "shop").cookies[consent_cookie.NAME]
    assert cookie.value == f"shop.{said['consent']}"
    # It holds the ids of all sites, so it is kept for as long as a choice may hold on any.
    assert (shop.days, cookie["max-age"]) == (180, 395 * 24 * 3600)
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/", True, "Lax")
    assert not cookie["secure"]
    assert not cookie["domain"]

    settings.HTTPS = True
    cookie = send(elsewhere, "other").cookies[consent_cookie.NAME]
    assert (cookie["samesite"], cookie["secure"]) == ("None", True)
    assert consent_cookie.read_consents(cookie.value) == {
        "other": UUID(elsewhere["consent"]),
        "shop": UUID(said["consent"]),
    }
    # Once more, for the choice still holds.
    assert send(said, "shop").cookies[consent_cookie.NAME].value.startswith("shop.")


def test_only_what_can_be_read_of_the_cookie_is_kept(shop):
    said = choice()
    browser = Client(headers={"cookie": f'{consent_cookie.NAME}="x; {consent_cookie.NAME}=\x01~~shop.no'})
    response = browser.post(URL, json.dumps(said), content_type="text/plain", headers={"origin": ORIGIN})
    assert response.cookies[consent_cookie.NAME].value == f"shop.{said['consent']}"


# The database is gone


@contextmanager
def database_gone() -> Iterator[None]:
    def gone(*_args: object, **_kwargs: object) -> None:
        raise OperationalError("connection of kari@example.com lost")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.db.backends.utils.CursorWrapper.execute", gone)
        yield


def test_nothing_is_said_to_be_stored_while_the_database_is_gone(shop):
    said, another = choice("statistics"), choice()
    post(said)
    with database_gone():
        answers = [
            post(another),
            post(said),
            Client().get(f"{URL}/{said['consent']}", headers={"origin": ORIGIN}),
        ]
    for response in answers:
        assert (response.status_code, response.json()["code"]) == (503, "try_again")
        assert response["Retry-After"] == "120"
        assert cors_of(response) == ALLOWED
        assert not response.cookies
    assert len(records()) == 1


def test_a_site_that_is_not_in_memory_while_the_database_is_gone(shop):
    forget_served()
    said = choice()
    with database_gone():
        answers = [post(said), Client().get("/cookies/shop/banner.js")]
    for response in answers:
        assert (response.status_code, response["Retry-After"]) == (503, "120")
        assert response["Cache-Control"] == "no-store"
        assert not response.cookies


def test_what_needs_no_database_is_answered_as_ever(shop):
    remembered(shop)
    with database_gone():
        assert post("{}").status_code == 400
        assert post("{}", origin="https://evil.example").status_code == 403
        assert ask(ORIGIN).status_code == 204
        assert Client().get("/cookies/shop/banner.js").status_code == 200


# The log


def test_the_log_names_the_route_and_no_id(shop, monkeypatch):
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [handler])
    monkeypatch.setattr(root, "level", logging.DEBUG)
    said = choice("statistics")
    post(said)
    Client().get(f"{URL}/{said['consent']}")
    monkeypatch.setattr(
        answer, "record_consent", lambda **_: (_ for _ in ()).throw(OperationalError(said["consent"]))
    )
    post(said)

    lines = [json.loads(line) for line in output.getvalue().splitlines()]
    assert [line["route"] for line in lines if line["logger"] == "config.request"] == [
        "preferences:consent",
        "preferences:one_consent",
        "preferences:consent",
    ]
    assert [line["message"] for line in lines if line["level"] == "ERROR"] == [
        "A cookie consent could not be stored",
        "Service Unavailable",
    ]
    assert said["consent"] not in output.getvalue()
    assert "shop.example" not in output.getvalue()


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://preferences.example.com", "https://preferences.example.com"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://Localhost:80", "http://localhost"),
        ("https://[::1]:443", "https://[::1]"),
    ],
)
def test_one_origin_of_ours_however_the_setting_is_written(settings, url, origin):
    settings.BASE_URL = url
    assert our_origin() == origin
