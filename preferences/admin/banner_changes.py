"""What differs between two published banners. Pure.

The shape of a banner's content stands in preferences/cookies/publish.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from preferences.enums import CookieCategory

# The texts of a banner in the order in which they are read, with what staff call each.
LABELS: dict[str, Promise] = {
    "title": _("Title"),
    "text": _("Text"),
    "accept": _("Button to accept all"),
    "accept_gpc": _("The same under the privacy signal"),
    "refuse": _("Button to refuse all"),
    "details": _("Button for the details"),
    "save": _("Button to save"),
    "close": _("Button to close"),
    "reopen": _("Link to open it again"),
    "always_on": _("Said of the necessary ones"),
    "on": _("Said of a switch that is on"),
    "off": _("Said of a switch that is off"),
    "gpc": _("Sentence about the privacy signal"),
    "gpc_kept": _("Sentence about marketing allowed in spite of it"),
    "changed": _("Sentence about the change"),
    "notice": _("Link to the cookie notice"),
    "notice_url": _("Where it leads"),
    "record": _("Link to the record"),
}
_OF_CATEGORY = {"name": _("Name"), "description": _("Description")}
_OF_COOKIE = {"purpose": _("Purpose"), "lifetime": _("Lifetime")}

# What a text is of: a category and a cookie in it (name, provider), empty where it is of neither; and which it is.
_Path = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    category: str
    name: str
    provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChange:
    """One text in one language; `of` is the category or the cookie it belongs to, empty for the banner itself."""

    language: str
    of: str
    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BannerChanges:
    """What a banner brought. Texts of a cookie, a category or a language that came or went are not listed again."""

    categories_added: tuple[str, ...]
    categories_removed: tuple[str, ...]
    cookies_added: tuple[Cookie, ...]
    cookies_removed: tuple[Cookie, ...]
    cookies_changed: tuple[Cookie, ...]
    languages_added: tuple[str, ...]
    languages_removed: tuple[str, ...]
    texts: tuple[TextChange, ...]


def banner_changes(*, before: Mapping[str, Any], after: Mapping[str, Any]) -> BannerChanges:
    """What differs from one content to the other; categories by their names."""
    old, new = _cookies(before), _cookies(after)
    languages = [language for language in after["language_order"] if language in before["languages"]]
    changed: dict[Cookie, None] = {}
    texts: list[TextChange] = []
    for language in languages:
        was, became = (dict(_texts(content["languages"][language])) for content in (before, after))
        for path, text in became.items():
            if path not in was or was[path] == text:
                continue
            category, name, provider, _what = path
            if name:
                changed[Cookie(category=_name(category), name=name, provider=provider)] = None
            texts.append(
                TextChange(
                    language=language,
                    of=f"{name} ({provider})" if name else _name(category) if category else "",
                    what=_label(path),
                    before=was[path],
                    after=text,
                )
            )
    return BannerChanges(
        categories_added=tuple(_name(one) for one in after["categories"] if one not in before["categories"]),
        categories_removed=tuple(
            _name(one) for one in before["categories"] if one not in after["categories"]
        ),
        cookies_added=tuple(cookie for cookie in new if cookie not in old),
        cookies_removed=tuple(cookie for cookie in old if cookie not in new),
        cookies_changed=tuple(changed),
        languages_added=tuple(one for one in after["language_order"] if one not in before["languages"]),
        languages_removed=tuple(one for one in before["language_order"] if one not in after["languages"]),
        texts=tuple(texts),
    )


def _cookies(content: Mapping[str, Any]) -> list[Cookie]:
    first = content["languages"][content["language_order"][0]]
    return [
        Cookie(category=_name(category), name=cookie["name"], provider=cookie["provider"])
        for category in content["categories"]
        for cookie in first["categories"][category]["cookies"]
    ]


def _texts(texts: Mapping[str, Any]) -> Iterator[tuple[_Path, str]]:
    for what in LABELS:
        yield ("", "", "", what), texts.get(what) or ""
    for category, said in texts["categories"].items():
        for what in _OF_CATEGORY:
            yield (category, "", "", what), said[what]
        for cookie in said["cookies"]:
            for what in _OF_COOKIE:
                yield (category, cookie["name"], cookie["provider"], what), cookie[what]


def _label(path: _Path) -> str:
    category, name, _provider, what = path
    return str((_OF_COOKIE if name else _OF_CATEGORY if category else LABELS)[what])


def _name(category: str) -> str:
    return str(CookieCategory(category).label)
