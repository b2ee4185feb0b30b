"""Read what the banner posts, and judge it by the banner that was shown. Nothing of it is repeated in an answer."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import UUID

from django.http import HttpRequest, UnreadablePostError

from preferences.cookies.record import NewConsent
from preferences.enums import CookieAction, CookieCategory

LARGEST_BODY = 4096
# Longer than any choice holds.
_OLDEST_SECONDS = 400 * 24 * 3600
NECESSARY = CookieCategory.NECESSARY.value
MARKETING = CookieCategory.MARKETING.value

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
_TYPES: Mapping[str, type] = {
    "consent": str,
    "banner": int,
    "language": str,
    "action": str,
    "categories": dict,
    "gpc": bool,
    "shown": list,
}
_ACTIONS = {action.value: action for action in CookieAction}


class ConsentInvalid(ValueError):
    """What was said cannot be recorded. `code` names the reason; see REFUSALS in replies.py."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a browser says, as it is posted: `categories` with yes or no, `shown` the blocks of text it saw.

    `age` is the seconds since it was said, by the browser's own clock.
    """

    consent: UUID
    banner: int
    language: str
    action: CookieAction
    categories: Mapping[str, bool]
    gpc: bool
    shown: Sequence[str]
    age: int = 0


def read_body(request: HttpRequest) -> Said:
    """What the body of a request says. Raises ConsentInvalid too_large, body_invalid, field_unknown, consent_invalid.

    JSON whatever the content type says: browsers send text/plain to be spared a question before.
    """
    return _said(_fields(_bytes(request)))


def consent_id(text: str) -> UUID | None:
    """The consent id in a text; None for what is no random UUID (version 4)."""
    return UUID(text) if _UUID4.fullmatch(text) else None


def judge(said: Said, *, site: int, version: int, content: Mapping[str, Any]) -> NewConsent:
    """What is to be recorded of what a browser said, by the content of the banner it names.

    Under Global Privacy Control accepting all does not allow marketing: that takes a choice by category with the
    details before one's eyes. Raises ConsentInvalid.
    """
    asked: Sequence[str] = content["categories"]
    answers = said.categories
    if not answers.keys() <= set(asked):
        raise ConsentInvalid("category_unknown")
    if len(answers) < len(asked):
        raise ConsentInvalid("category_missing")
    if not answers[NECESSARY]:
        raise ConsentInvalid("necessary_refused")
    _require_match(said)
    granted = [category for category in asked if answers[category]]
    if said.gpc and not (said.action == CookieAction.SAVE and "details" in said.shown):
        granted = [category for category in granted if category != MARKETING]
    wordings = _wordings(said, content=content)
    if not wordings and len(granted) > 1:
        raise ConsentInvalid("shown_missing")
    return NewConsent(
        consent=said.consent,
        site=site,
        banner=said.banner,
        version=version,
        language=said.language,
        wordings=wordings,
        action=said.action,
        asked=tuple(asked),
        granted=tuple(granted),
        gpc=said.gpc,
        age=dt.timedelta(seconds=said.age),
    )


def _require_match(said: Said) -> None:
    """What a button says is what the categories say."""
    optional = {category: answer for category, answer in said.categories.items() if category != NECESSARY}
    if said.action == CookieAction.REFUSE_ALL and any(optional.values()):
        raise ConsentInvalid("action_mismatch")
    if said.gpc:
        # The button that is shown under the signal leaves marketing out.
        optional.pop(MARKETING, None)
    if said.action == CookieAction.ACCEPT_ALL and not all(optional.values()):
        raise ConsentInvalid("action_mismatch")


def _wordings(said: Said, *, content: Mapping[str, Any]) -> tuple[str, ...]:
    texts = content["languages"].get(said.language)
    if texts is None:
        raise ConsentInvalid("language_unknown")
    hashes: Mapping[str, str] = texts["wordings"]
    if not hashes.keys() >= set(said.shown):
        raise ConsentInvalid("shown_unknown")
    return tuple(hashes[block] for block in dict.fromkeys(said.shown))


def _said(fields: Mapping[str, Any]) -> Said:
    if not fields.keys() <= _TYPES.keys() | {"age"}:
        raise ConsentInvalid("field_unknown")
    for name, kind in _TYPES.items():
        # By the very type: true is an int to Python.
        if type(fields.get(name)) is not kind:
            raise ConsentInvalid("body_invalid")
    consent = consent_id(fields["consent"])
    if consent is None:
        raise ConsentInvalid("consent_invalid")
    action = _ACTIONS.get(fields["action"])
    categories, shown, age = fields["categories"], fields["shown"], fields.get("age", 0)
    if (
        action is None
        or type(age) is not int
        or not 0 <= age <= _OLDEST_SECONDS
        or any(type(answer) is not bool for answer in categories.values())
        or any(type(block) is not str for block in shown)
    ):
        raise ConsentInvalid("body_invalid")
    return Said(
        consent=consent,
        banner=fields["banner"],
        language=fields["language"],
        action=action,
        categories=categories,
        gpc=fields["gpc"],
        shown=shown,
        age=age,
    )


def _fields(body: bytes) -> dict[str, Any]:
    try:
        # Decoded here: the library would take other encodings too.
        fields = _decode(body.decode())
    except (ValueError, RecursionError) as error:
        raise ConsentInvalid("body_invalid") from error
    if type(fields) is not dict:
        raise ConsentInvalid("body_invalid")
    return fields


def _bytes(request: HttpRequest) -> bytes:
    """The body, within the limit and complete; of a longer one no more is read than shows that it is."""
    length = request.META.get("CONTENT_LENGTH") or ""
    try:
        if length.isascii() and length.isdigit():
            # Python reads no number of thousands of digits.
            if len(length) > 9 or int(length) > LARGEST_BODY:
                raise ConsentInvalid("too_large")
            body = request.read(int(length))
            if len(body) < int(length):
                raise ConsentInvalid("body_invalid")
        else:
            body = _chunks(request)
    except UnreadablePostError as error:
        raise ConsentInvalid("body_invalid") from error
    return body


def _chunks(request: Any) -> bytes:
    """A body without its length, of which Django hands on nothing, and the server does where it can tell its end."""
    if not request.environ.get("wsgi.input_terminated"):
        raise ConsentInvalid("body_invalid")
    body = b""
    while block := request.environ["wsgi.input"].read(LARGEST_BODY + 1 - len(body)):
        body += block
        if len(body) > LARGEST_BODY:
            raise ConsentInvalid("too_large")
    return body


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        # Whoever reads the first and whoever reads the last would be told different things.
        raise ValueError("a name comes twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


# json.loads with arguments would make a decoder for every body.
_decode = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant).decode
