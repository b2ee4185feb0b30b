"""Tokens: what goes in comes out, and nothing else ever does."""

import datetime as dt
import re

import pytest
from django.core import signing
from hypothesis import given
from hypothesis import strategies as st

from preferences.enums import Channel, Kind
from preferences.scope import Scope
from preferences.tokens import (
    ConfirmToken,
    ManageToken,
    StopToken,
    TokenInvalid,
    TrackingToken,
    UndoToken,
    UrlInvalid,
    make_confirm_token,
    make_manage_token,
    make_stop_token,
    make_tracking_token,
    make_undo_token,
    read_confirm_token,
    read_manage_token,
    read_stop_token,
    read_tracking_token,
    read_undo_token,
)

NOW = dt.datetime(2026, 5, 3, 14, 30, 12, tzinfo=dt.UTC)
LARGEST = 2**63 - 1
STOP = StopToken(recipient=1, contact_point=2, brand=3, topic=4, channel=Channel.EMAIL)
MANAGE = ManageToken(recipient=1, contact_point=2, brand=3, issued_at=NOW)
UNDO = UndoToken(event=1, contact_point=2, issued_at=NOW)
CONFIRM = ConfirmToken(recipient=1, contact_point=2, up_to=3, issued_at=NOW)
TRACKING = TrackingToken(
    recipient=1, target="https://shop.example.com/", counter="https://count.example.net/"
)
KINDS = {
    "stop": (STOP, make_stop_token, read_stop_token),
    "manage": (MANAGE, make_manage_token, read_manage_token),
    "undo": (UNDO, make_undo_token, read_undo_token),
    "confirm": (CONFIRM, make_confirm_token, read_confirm_token),
    "tracking": (TRACKING, make_tracking_token, read_tracking_token),
}
LARGE = {
    "stop": StopToken(
        recipient=LARGEST, contact_point=LARGEST, brand=LARGEST, topic=LARGEST, channel=Channel.IN_PRODUCT
    ),
    "manage": ManageToken(recipient=LARGEST, contact_point=LARGEST, brand=LARGEST, issued_at=NOW),
    "undo": UndoToken(event=LARGEST, contact_point=LARGEST, issued_at=NOW),
    "confirm": ConfirmToken(recipient=LARGEST, contact_point=LARGEST, up_to=LARGEST, issued_at=NOW),
    "tracking": TrackingToken(
        recipient=LARGEST,
        target="https://shop.example.com/".ljust(2000, "?"),
        counter="https://count.example.net/".ljust(2000, "x"),
    ),
}
WITHOUT = {
    "manage": ManageToken(recipient=1, contact_point=2, brand=None, issued_at=NOW),
    "undo": UndoToken(event=1, contact_point=None, issued_at=NOW),
    "tracking": TrackingToken(recipient=1, target=None, counter="https://count.example.net/"),
}
every_kind = pytest.mark.parametrize(("token", "make", "read"), KINDS.values(), ids=KINDS.keys())


@every_kind
def test_what_goes_in_comes_out(token, make, read):
    assert read(make(token)) == token


@pytest.mark.parametrize("kind", LARGE)
def test_largest_keys_go_in_and_come_out(kind):
    _token, make, read = KINDS[kind]
    assert read(make(LARGE[kind])) == LARGE[kind]


@pytest.mark.parametrize("kind", WITHOUT)
def test_what_may_be_missing_may_be_missing(kind):
    _token, make, read = KINDS[kind]
    assert read(make(WITHOUT[kind])) == WITHOUT[kind]


@pytest.mark.parametrize("channel", Channel)
def test_stop_token_of_each_channel(channel):
    token = StopToken(recipient=1, contact_point=2, brand=3, topic=4, channel=channel)
    assert read_stop_token(make_stop_token(token)).scope == Scope(
        kind=Kind.MARKETING, brand=3, purpose=4, channel=channel
    )


@every_kind
def test_token_is_made_of_what_every_mail_program_leaves_alone(token, make, read):
    assert re.fullmatch(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}", make(token))


def test_stop_token_is_about_as_short_as_said():
    assert len(make_stop_token(STOP)) <= 80


def test_only_tracked_links_are_long():
    text = make_tracking_token(LARGE["tracking"])
    payload, _, signature = text.partition(".")
    assert 5300 < len(text) < 5500
    with pytest.raises(TokenInvalid):
        read_tracking_token(f"{payload}{'x' * 600}.{signature}")
    long = signing.Signer(sep=".", salt="preferences.undo").sign_object([1, None, 10**300])
    with pytest.raises(TokenInvalid):
        read_undo_token(long)


@pytest.mark.parametrize("field", ["target", "counter"])
@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("javascript:alert(1)", "url_invalid"),
        ("//evil.example.net/", "url_invalid"),
        ("https://shop.example.com/\r\n", "url_invalid"),
        ("https://shop.example.com@evil.example.net/", "url_invalid"),
        ("https://shop.example.com/".ljust(2001, "x"), "url_too_long"),
        ("http://testserver/u/x/", "url_ours"),
    ],
)
def test_no_tracking_token_for_what_is_no_url_of_the_senders(field, url, code):
    urls = {"target": TRACKING.target, "counter": TRACKING.counter, field: url}
    with pytest.raises(UrlInvalid) as caught:
        make_tracking_token(TrackingToken(recipient=1, **urls))
    assert caught.value.code == code


@pytest.mark.parametrize(
    "payload", [[], [1], [1, "https://x.example/"], ["1", None, "x"], [1, 2, "x"], [1, None, None], None]
)
def test_signed_payload_of_another_shape_is_no_tracking_token(payload):
    text = signing.Signer(sep=".", salt="preferences.tracking").sign_object(payload)
    with pytest.raises(TokenInvalid):
        read_tracking_token(text)


@every_kind
def test_each_kind_reads_its_own_alone(token, make, read):
    for _token, _make, other in KINDS.values():
        if other is not read:
            with pytest.raises(TokenInvalid):
                other(make(token))


@every_kind
def test_every_single_character_counts(token, make, read):
    """Whichever is left out, doubled or replaced: no two texts are one token."""
    text = make(token)
    for position, character in enumerate(text):
        for changed in {"", character * 2, "A", "a", "_", ".", "=", " ", "\x00", "é", character.swapcase()}:
            other = text[:position] + changed + text[position + 1 :]
            if other != text:
                with pytest.raises(TokenInvalid):
                    read(other)


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "x", "x.y", "\x00", "é.é", "." * 299, "x" * 301, "x" * 1_000_000, "😀", "W10.", "a:b"],
)
@every_kind
def test_nonsense_is_no_token(token, make, read, text):
    with pytest.raises(TokenInvalid) as caught:
        read(text)
    assert caught.value.code == "token_invalid"


@given(text=st.text(max_size=120))
def test_no_text_at_all_is_a_token_by_chance(text):
    for _token, _make, read in KINDS.values():
        with pytest.raises(TokenInvalid):
            read(text)


@every_kind
def test_former_key_reads_and_withdrawn_key_does_not(token, make, read, settings):
    text = make(token)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [settings.SECRET_KEY]
    assert read(text) == token
    assert make(token) != text, "new links bear the new key"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(TokenInvalid):
        read(text)


@pytest.mark.parametrize(
    "payload",
    [
        [],
        [1],
        [1, 2, 3, 4],
        [1, 2, 3, 4, "fax"],
        [1, 2, 3, 4, 5],
        ["1", 2, 3, 4, "email"],
        {"a": 1},
        None,
        "x",
        [1] * 9,
    ],
)
def test_signed_payload_of_another_shape_is_no_stop_token(payload):
    """As an older version of us, or another program with the same key, could have signed."""
    text = signing.Signer(sep=".", salt="preferences.stop").sign_object(payload)
    with pytest.raises(TokenInvalid):
        read_stop_token(text)


def test_other_signatures_of_the_same_key_are_none_of_ours():
    for text in (signing.dumps([1, 2, 3, 4, "email"]), signing.Signer().sign_object([1, 2, 3, 4, "email"])):
        with pytest.raises(TokenInvalid):
            read_stop_token(text)


@pytest.mark.parametrize("salt", KINDS)
@pytest.mark.parametrize("kind", KINDS)
def test_payload_counts_only_under_the_salt_of_its_kind(kind, salt):
    """Two kinds may one day have payloads of one shape: the salt keeps them apart."""
    token, make, read = KINDS[kind]
    payload = make(token).partition(".")[0]
    text = signing.Signer(sep=".", salt=f"preferences.{salt}").sign(payload)
    if salt == kind:
        assert read(text) == token
    else:
        with pytest.raises(TokenInvalid):
            read(text)


@pytest.mark.parametrize(
    ("seconds", "fresh"), [(0, True), (30 * 86400, True), (30 * 86400 + 1, False), (-60, True)]
)
@pytest.mark.parametrize("token", [MANAGE, UNDO])
def test_freshness(token, seconds, fresh):
    assert token.is_fresh(now=NOW + dt.timedelta(seconds=seconds), days=30) is fresh


@pytest.mark.parametrize("secret", ["short", "\u00e6" * 80])
@pytest.mark.parametrize("number", [0, 1, 7, 63, 2**62])
def test_tokens_are_what_the_framework_signs(settings, secret, number):
    """The quick way of signing and the library that reads the tokens agree to the byte."""
    settings.SECRET_KEY = secret
    token = StopToken(
        recipient=number, contact_point=number + 1, brand=2, topic=3, channel=Channel.IN_PRODUCT
    )
    expected = signing.Signer(salt="preferences.stop", sep=".").sign_object(
        [number, number + 1, 2, 3, "in_product"]
    )
    assert make_stop_token(token) == expected
