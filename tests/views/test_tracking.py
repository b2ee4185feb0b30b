"""Pixels and counted links: to the counter while the person lets it, and never a step in its way."""

import pytest
from django import db
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from preferences import ledger
from preferences.enums import Channel, Kind, ProfilingUse, Requirement, Source, State
from preferences.ledger import Change, Evidence
from preferences.links import tracked_url
from preferences.models import Choice, ContactPoint, Event, Recipient
from preferences.scope import Scope
from preferences.tokens import StopToken, TrackingToken, make_stop_token, make_tracking_token
from preferences.views import tracking as tracking_views
from tests.factories import ProfilingPurposeFactory

pytestmark = pytest.mark.django_db

HERE = "http://testserver"
TARGET, COUNTER = "https://shop.example.com/spring?a=1#b", "https://count.example.net/c/7?to=%2Fspring"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


@pytest.fixture
def purpose(db: None):
    return ProfilingPurposeFactory(
        key="tracking", use=ProfilingUse.EMAIL_TRACKING, requirement=Requirement.OPT_OUT
    )


@pytest.fixture
def click(kari: Recipient) -> str:
    return path_of(kari, TARGET)


@pytest.fixture
def pixel(kari: Recipient) -> str:
    return path_of(kari, None)


def path_of(recipient, target):
    token = TrackingToken(recipient=recipient.pk, target=target, counter=COUNTER)
    return tracked_url(token).removeprefix(HERE)


def get(path, method="GET", **headers):
    return Client(raise_request_exception=False).generic(method, path, headers=headers)


def where(path, **headers):
    """Where a GET leads; None for the picture."""
    answer = get(path, **headers)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert not answer.cookies
    if answer.status_code == 302:
        assert (answer.content, answer.headers["Content-Length"]) == (b"", "0")
        return answer.headers["Location"]
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/gif")
    assert answer.content == tracking_views.GIF
    assert answer.headers["Content-Length"] == str(len(tracking_views.GIF))
    return None


def say(person, purpose, state, now=None):
    scope = Scope(kind=Kind.PROFILING, purpose=purpose.pk) if purpose else Scope.all_profiling()
    ledger.record(
        recipient=person.pk,
        changes=[Change(scope=scope, state=state)],
        evidence=Evidence(source=Source.ACCOUNT),
        now=now or timezone.now(),
    )


def test_the_picture_is_one_transparent_point():
    assert len(tracking_views.GIF) == 43
    assert tracking_views.GIF.startswith(b"GIF89a\x01\x00\x01\x00")
    assert tracking_views.GIF.endswith(b";")


def test_allowed(purpose, click, pixel):
    assert (where(click), where(pixel)) == (COUNTER, COUNTER)


def test_refused(kari, purpose, click, pixel):
    say(kari, purpose, State.OPTED_OUT)
    assert (where(click), where(pixel)) == (TARGET, None)


def test_all_profiling_refused(kari, purpose, click, pixel):
    say(kari, None, State.OPTED_OUT)
    assert (where(click), where(pixel)) == (TARGET, None)


def test_marketing_stopped_is_another_matter(kari, purpose, click):
    """Whether a mail that was sent may be counted is asked of profiling alone, as `tracking` is elsewhere."""
    ledger.record(
        recipient=kari.pk,
        changes=[Change(scope=Scope.all_marketing(), state=State.OPTED_OUT)],
        evidence=Evidence(source=Source.ACCOUNT),
        now=timezone.now(),
    )
    assert where(click) == COUNTER


def test_old_links_do_as_the_person_says_now(kari, purpose, click, pixel):
    for state, expected in [
        (State.OPTED_OUT, (TARGET, None)),
        (State.OPTED_IN, (COUNTER, COUNTER)),
        (State.OPTED_OUT, (TARGET, None)),
    ]:
        say(kari, purpose, state)
        assert (where(click), where(pixel)) == expected


def test_no_purpose_no_tracking(click, pixel):
    assert (where(click), where(pixel)) == (TARGET, None)


def test_a_purpose_that_asks_for_a_yes(kari, purpose, click):
    type(purpose).objects.update(requirement=Requirement.OPT_IN)
    ProfilingPurposeFactory(key="another")
    assert where(click) == TARGET
    say(kari, purpose, State.OPTED_IN)
    assert where(click) == COUNTER


def test_a_person_who_is_no_more(kari, purpose, click, pixel):
    ledger.erase(recipient=kari.pk, now=timezone.now())
    assert (where(click), where(pixel)) == (TARGET, None)
    nobody = Recipient(pk=999_999_999)
    assert (where(path_of(nobody, TARGET)), where(path_of(nobody, None))) == (TARGET, None)


def test_a_person_merged_into_one_who_refuses(kari, anonymous, purpose, click, pixel):
    say(anonymous, purpose, State.OPTED_OUT)
    ledger.merge(surviving=anonymous.pk, absorbed=kari.pk, reason="one person", now=timezone.now())
    assert (where(click), where(pixel)) == (TARGET, None)


@pytest.mark.parametrize("token", ["x", "nobody-has-this", "a.b", "x" * 7000, "%00", "é", "..", ".gif"])
def test_a_token_that_is_none(purpose, token):
    assert where(f"/t/{token}.gif") is None
    assert get(f"/t/{token}/").status_code == 404


def test_an_unknown_link_is_the_page_that_says_so(purpose):
    answer = get("/t/nobody-has-this/", **{"accept-language": "nb"})
    assert (answer.status_code, answer.headers["Content-Language"]) == (404, "nb")
    assert answer.headers["Cache-Control"] == "no-store"
    assert b"<html" in answer.content


def test_every_single_character_counts(kari, purpose, click, pixel):
    for path, suffix in ((click, "/"), (pixel, ".gif")):
        token = path.removeprefix("/t/").removesuffix(suffix)
        for position in range(0, len(token), 3):
            changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
            answer = get(f"/t/{changed}{suffix}")
            assert "Location" not in answer.headers


def test_a_pixel_is_no_link_and_a_link_no_pixel(purpose, click, pixel):
    click_token, pixel_token = click[3:-1], pixel[3:-4]
    assert where(f"/t/{click_token}.gif") is None
    assert get(f"/t/{pixel_token}/").status_code == 404


@pytest.mark.parametrize(
    "salt", ["preferences.stop", "preferences.manage", "preferences.undo", "preferences.confirm", "django"]
)
def test_what_was_signed_for_something_else_leads_nowhere(kari, purpose, salt):
    text = signing.Signer(sep=".", salt=salt).sign_object([kari.pk, "https://evil.example.net/", COUNTER])
    assert get(f"/t/{text}/").status_code == 404
    assert where(f"/t/{text}.gif") is None


def test_tracked_links_are_no_credentials(kari, news, purpose, click):
    """Neither kind of token opens what the other does."""
    token = click[3:-1]
    for path in (f"/u/{token}/", f"/p/{token}/", f"/undo/{token}/", f"/confirm/{token}/"):
        assert get(path).status_code == 404
    stop = make_stop_token(
        StopToken(
            recipient=kari.pk, contact_point=1, brand=news.brand_id, topic=news.pk, channel=Channel.EMAIL
        )
    )
    assert get(f"/t/{stop}/").status_code == 404


@pytest.mark.parametrize("query", ["?next=https://evil.example.net/", "?utm_source=mail", "?target=//evil"])
def test_parameters_change_nothing(purpose, click, query):
    assert where(f"{click}{query}") == COUNTER


def test_head_is_answered_as_get(kari, purpose, click, pixel):
    for _ in range(2):
        for path in (click, pixel):
            head, get_ = get(path, "HEAD"), get(path)
            assert head.status_code == get_.status_code
            for answer in (head, get_):
                del answer.headers["X-Request-ID"]
            assert dict(head.headers) == dict(get_.headers)
            assert not head.content
        say(kari, purpose, State.OPTED_OUT)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(purpose, click, pixel, method):
    for path in (click, pixel):
        answer = get(path, method)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_who_is_signed_in_makes_no_difference(kari, anonymous, purpose, click):
    say(kari, purpose, State.OPTED_OUT)
    visitor = Client()
    visitor.force_login(kari.account)
    visitor.cookies["django_language"] = "nb"
    answer = visitor.get(path_of(anonymous, TARGET))
    assert answer.headers["Location"] == COUNTER
    assert not answer.cookies
    assert "Vary" not in answer.headers


@pytest.mark.parametrize("agent", ["", "curl/8", "Googlebot/2.1", "GoogleImageProxy"])
def test_the_user_agent_makes_no_difference(purpose, click, pixel, agent):
    assert (where(click, **{"user-agent": agent}), where(pixel, **{"user-agent": agent})) == (
        COUNTER,
        COUNTER,
    )


def test_nothing_is_written(kari, purpose, click, pixel):
    tables = (Event, Choice, Recipient, ContactPoint)
    get(click)
    before = [(table.objects.count(), list(table.objects.values())) for table in tables]
    for _ in range(2):
        for path in (click, pixel, "/t/x.gif", "/t/x/"):
            for method in ("GET", "HEAD", "POST"):
                with CaptureQueriesContext(connection) as queries:
                    get(path, method)
                assert [query["sql"].split()[0] for query in queries] == (
                    ["SELECT", "WITH"] if method != "POST" and path in (click, pixel) else []
                )
        assert [(table.objects.count(), list(table.objects.values())) for table in tables] == before
        say(kari, purpose, State.OPTED_OUT)
        before = [(table.objects.count(), list(table.objects.values())) for table in tables]


@pytest.mark.parametrize("error", [db.OperationalError, db.InterfaceError, db.InternalError, db.DataError])
def test_without_the_database_nobody_is_counted_and_nobody_waits_in_vain(
    purpose, click, pixel, monkeypatch, error
):
    def gone(**asked):
        raise error("secret of the database")

    monkeypatch.setattr(tracking_views, "profiling_of", gone)
    assert (where(click), where(pixel)) == (TARGET, None)


def test_former_key(settings, purpose, click, pixel):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [settings.SECRET_KEY]
    assert (where(click), where(pixel)) == (COUNTER, COUNTER)
    settings.SECRET_KEY_FALLBACKS = []
    assert (get(click).status_code, where(pixel)) == (404, None)


def test_the_longest_link(kari, purpose):
    target = "https://shop.example.com/".ljust(2000, "x")
    token = make_tracking_token(TrackingToken(recipient=kari.pk, target=target, counter=target))
    assert where(f"/t/{token}/") == target
