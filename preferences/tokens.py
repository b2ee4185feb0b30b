"""The two credentials in every mail, the undo link, and the link that confirms.

A token is signed, not stored: `<payload>.<signature>`, made by `django.core.signing` with a salt per kind, so
that one kind is never taken for another, and with SECRET_KEY_FALLBACKS honoured. The payload holds keys of
rows and no address. HMAC-SHA256 gives a signature of 43 characters; a whole stop token is some 75.
"""

from __future__ import annotations

import binascii
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

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
# Longer than any token ever issued: nothing beyond it is worth an HMAC.
_LONGEST = 300


class TokenInvalid(Exception):
    """The token was not issued by us for this kind of link, or its key was withdrawn."""

    code = "token_invalid"


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


def _unsign(salt: str, text: str) -> object:
    if len(text) > _LONGEST or not text.isascii():
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
