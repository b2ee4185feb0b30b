"""The two credentials in every mail, the undo link, the link that confirms, and tracked links.

A token is signed, not stored: `<payload>.<signature>`, made by `django.core.signing` with a salt per kind, so
that one kind is never taken for another, and with SECRET_KEY_FALLBACKS honoured. The payload holds keys of
rows and no address; of a tracked link, the URLs it leads to besides. HMAC-SHA256 gives a signature of 43 characters;
a whole stop token is some 75.
"""

from __future__ import annotations

import binascii
import datetime as dt
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing

from preferences.enums import Channel, Kind
from preferences.scope import Scope

# "." is outside the alphabet of URL-safe base64, survives every mail client, and is not percent-encoded.
_SEPARATOR = "."
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
# json.dumps with arguments would make an encoder for every token.
_encode = json.JSONEncoder(separators=(",", ":")).encode
_STOP_SALT = "preferences.stop"
_MANAGE_SALT = "preferences.manage"
_UNDO_SALT = "preferences.undo"
_CONFIRM_SALT = "preferences.confirm"
_TRACKING_SALT = "preferences.tracking"
# Longer than any token ever issued: nothing beyond it is worth an HMAC.
_LONGEST = 300

LONGEST_URL = 2000
# Two URLs and a key as JSON in base64, and the signature: some 5,430.
_LONGEST_TRACKING = 6000
# An absolute URL by RFC 3986, without user and password, and with nothing that a browser reads in its own way:
# backslashes, blanks, control characters, letters beyond ASCII. Whoever has those percent-encodes them.
WEB_URL = (
    r"[Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9._-]+(?::[0-9]{1,5})?"
    r"(?:[/?#][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*)?"
)
_WEB_URL = re.compile(WEB_URL)


class TokenInvalid(Exception):
    """The token was not issued by us for this kind of link, or its key was withdrawn."""

    code = "token_invalid"


class UrlInvalid(ValueError):
    """No tracked link leads to this URL. `code` says why: `url_invalid`, `url_too_long`, or `url_ours`."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class StopToken:
    """What a stop link holds: one topic on one channel, and the contact point it was sent to. Never expires."""

    recipient: int
    contact_point: int
    brand: int
    topic: int
    channel: Channel

    @property
    def scope(self) -> Scope:
        return Scope(kind=Kind.MARKETING, brand=self.brand, purpose=self.topic, channel=self.channel)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManageToken:
    """What a manage link holds. `brand` is whose look the page wears; `issued_at` decides its freshness."""

    recipient: int
    contact_point: int
    brand: int | None
    issued_at: dt.datetime

    def is_fresh(self, *, now: dt.datetime, days: int) -> bool:
        """True while the link may still widen: for `days` days after it was made."""
        return now - self.issued_at <= dt.timedelta(days=days)


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoToken:
    """What an undo link holds: one Event, and the contact point of the page or mail it was shown in."""

    event: int
    contact_point: int | None
    issued_at: dt.datetime

    def is_fresh(self, *, now: dt.datetime, days: int) -> bool:
        """True while the link may still undo: for `days` days after it was made."""
        return now - self.issued_at <= dt.timedelta(days=days)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmToken:
    """What the link of a confirmation mail holds: who, the address it went to, and up to which Event it confirms."""

    recipient: int
    contact_point: int
    up_to: int
    issued_at: dt.datetime

    def is_fresh(self, *, now: dt.datetime, days: int) -> bool:
        """True while the link may still confirm: for `days` days after it was made."""
        return now - self.issued_at <= dt.timedelta(days=days)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingToken:
    """What a tracked link holds: whose click it would count, where it leads, and who counts. Never expires.

    `counter` is the sender's own URL, which counts; `target` is where a click leads in the end, None for a pixel,
    which leads nowhere.
    """

    recipient: int
    target: str | None
    counter: str


def make_stop_token(token: StopToken) -> str:
    """The text of a stop link's token, to stand in `/u/<token>/`."""
    return _sign(
        _STOP_SALT, [token.recipient, token.contact_point, token.brand, token.topic, token.channel.value]
    )


def read_stop_token(text: str) -> StopToken:
    """The stop token in `text`. Raises TokenInvalid."""
    match _unsign(_STOP_SALT, text):
        case [int(recipient), int(contact_point), int(brand), int(topic), str(channel)]:
            return StopToken(
                recipient=recipient,
                contact_point=contact_point,
                brand=brand,
                topic=topic,
                channel=_channel(channel),
            )
    raise TokenInvalid


def make_manage_token(token: ManageToken) -> str:
    """The text of a manage link's token, to stand in `/p/<token>/`."""
    return _sign(
        _MANAGE_SALT, [token.recipient, token.contact_point, token.brand, int(token.issued_at.timestamp())]
    )


def read_manage_token(text: str) -> ManageToken:
    """The manage token in `text`, fresh or not. Raises TokenInvalid."""
    match _unsign(_MANAGE_SALT, text):
        case [int(recipient), int(contact_point), (int() | None) as brand, int(issued)]:
            return ManageToken(
                recipient=recipient, contact_point=contact_point, brand=brand, issued_at=_instant(issued)
            )
    raise TokenInvalid


def make_undo_token(token: UndoToken) -> str:
    """The text of an undo link's token, to stand in `/undo/<token>/`."""
    return _sign(_UNDO_SALT, [token.event, token.contact_point, int(token.issued_at.timestamp())])


def read_undo_token(text: str) -> UndoToken:
    """The undo token in `text`, fresh or not. Raises TokenInvalid."""
    match _unsign(_UNDO_SALT, text):
        case [int(event), (int() | None) as contact_point, int(issued)]:
            return UndoToken(event=event, contact_point=contact_point, issued_at=_instant(issued))
    raise TokenInvalid


def make_confirm_token(token: ConfirmToken) -> str:
    """The text of a confirmation link's token, to stand in `/confirm/<token>/`. For the mail alone."""
    return _sign(
        _CONFIRM_SALT,
        [token.recipient, token.contact_point, token.up_to, int(token.issued_at.timestamp())],
    )


def read_confirm_token(text: str) -> ConfirmToken:
    """The confirmation token in `text`, fresh or not. Raises TokenInvalid."""
    match _unsign(_CONFIRM_SALT, text):
        case [int(recipient), int(contact_point), int(up_to), int(issued)]:
            return ConfirmToken(
                recipient=recipient, contact_point=contact_point, up_to=up_to, issued_at=_instant(issued)
            )
    raise TokenInvalid


def make_tracking_token(token: TrackingToken) -> str:
    """The text of a tracked link's token, to stand in `/t/<token>/`, a pixel's in `/t/<token>.gif`.

    Raises UrlInvalid.
    """
    for url in (token.target, token.counter):
        if url is not None:
            check_tracked_url(url)
    return _sign(_TRACKING_SALT, [token.recipient, token.target, token.counter])


def read_tracking_token(text: str) -> TrackingToken:
    """The token of a tracked link in `text`. Raises TokenInvalid."""
    match _unsign(_TRACKING_SALT, text, longest=_LONGEST_TRACKING):
        case [int(recipient), (str() | None) as target, str(counter)]:
            return TrackingToken(recipient=recipient, target=target, counter=counter)
    raise TokenInvalid


def check_tracked_url(url: str) -> None:
    """Raise UrlInvalid where no tracked link may lead to `url`.

    None leads to a page of ours: whoever wants to stop is not counted, and one-click takes no redirect.
    """
    if len(url) > LONGEST_URL:
        raise UrlInvalid("url_too_long", f"A URL has at most {LONGEST_URL} characters.")
    if not _WEB_URL.fullmatch(url):
        raise UrlInvalid(
            "url_invalid",
            "This is an absolute http or https URL, percent-encoded, its host in ASCII, without user and password.",
        )
    if _host(url) == _host(settings.BASE_URL):
        raise UrlInvalid(
            "url_ours",
            "A link to this site, such as a stop or manage link, is never tracked: send it as it is.",
        )


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").rstrip(".")


def _sign(salt: str, payload: Sequence[int | str | None]) -> str:
    """What `Signer.sign_object` makes of the payload, in a third of its time: a mailing needs millions."""
    value = _base64(_encode(payload).encode())
    signature = _base64(hmac.digest(_key(salt, settings.SECRET_KEY), value, "sha256"))
    return f"{value.decode()}{_SEPARATOR}{signature.decode()}"


@cache
def _key(salt: str, secret: str) -> bytes:
    """The key that Signer derives from the salt and the secret key."""
    return hashlib.sha256(f"{salt}signer{secret}".encode()).digest()


def _base64(data: bytes) -> bytes:
    """URL-safe base64 without padding."""
    return binascii.b2a_base64(data, newline=False).translate(_URL_SAFE).rstrip(b"=")


def _unsign(salt: str, text: str, *, longest: int = _LONGEST) -> object:
    if len(text) > longest or not text.isascii():
        raise TokenInvalid
    try:
        return signing.Signer(sep=_SEPARATOR, salt=salt).unsign_object(text)
    except (signing.BadSignature, ValueError) as error:
        raise TokenInvalid from error


def _channel(value: str) -> Channel:
    try:
        return Channel(value)
    except ValueError as error:
        raise TokenInvalid from error


def _instant(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, tz=dt.UTC)
