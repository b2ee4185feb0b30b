"""Publish the banner of a site: put what the tables say now into a row that never changes.

Its `content`, as JSON:

    categories      those asked about, in the order of the enum, the necessary ones among them
    cookies         the names of the cookies of each optional category
    language_order  the languages; the first stands in for all others
    languages       for each what is shown in it: a word for each key of read_words.py, the categories with their
                    cookies, and the hashes of the wordings under which these blocks of text are stored
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from i18nfield.strings import LazyI18nString

from preferences import consent_cookie
from preferences.cookies.read_words import LABELS, TABLE, shipped_words, words_in
from preferences.enums import CookieCategory
from preferences.ledger.store_wordings import store_wordings
from preferences.models import Banner, Site, SiteCookie
from preferences.models.cookies import MOST_DAYS
from preferences.models.wording import WordingText

NECESSARY = CookieCategory.NECESSARY


class BannerInvalid(ValueError):
    """What the tables say cannot be published. `code` names the reason, `message` says it to staff."""

    def __init__(self, *, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


def publish(site: Site, *, now: dt.datetime) -> Banner:
    """Publish what the tables say about a site, and return it; the newest banner where nothing differs.

    `version` counts up where a category was added or taken away, or what it does has changed: its cookies or, in the
    first language, what is said about it and them. That goes for the necessary ones too, but for the two cookies of
    our own, which change with the days and the name of the site. Call inside a transaction, after the tables were
    written; two publishers come one after the other. Raises BannerInvalid.
    """
    # The kind of lock that does not keep consents, whose rows refer to this one, from being added. The brand is read
    # after it: whoever held the lock before may have changed its notice.
    site = Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    content, wordings = _compose(site)
    newest = site.banners.order_by("-pk").first()
    if newest and newest.content == content:
        return newest
    with connection.cursor() as cursor:
        store_wordings(wordings=wordings, cursor=cursor, now=now)
    version = newest.version + _asks_again(newest.content, content, site=site) if newest else 1
    return site.banners.create(version=version, content=content, published_at=now)


def choice_cookie(site: str) -> str:
    """The name of the cookie in which a site, by its key, keeps what was chosen."""
    return f"consent_{site}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Category:
    """A category of one site, with its cookies."""

    name: CookieCategory
    description: LazyI18nString
    cookies: Sequence[SiteCookie]


def _compose(site: Site) -> tuple[dict[str, Any], dict[str, WordingText]]:
    """The content of the banner, and its wordings by their hashes."""
    categories = _categories(site)
    languages = {language: _texts(site, categories, language=language) for language in _languages(site)}
    wordings: dict[str, WordingText] = {}
    for texts in languages.values():
        blocks = _blocks(texts)
        texts["wordings"] = {block: wording.content_hash for block, wording in blocks.items()}
        wordings |= {wording.content_hash: wording for wording in blocks.values()}
    content = {
        "categories": [category.name.value for category in categories],
        "cookies": {
            # Two providers may have cookies of the same name.
            category.name.value: list(dict.fromkeys(cookie.name for cookie in category.cookies))
            for category in categories
            if category.name != NECESSARY
        },
        "language_order": list(languages),
        "languages": languages,
    }
    return content, wordings


def _categories(site: Site) -> list[_Category]:
    descriptions = dict(site.categories.values_list("category", "description"))
    cookies = site.cookies.order_by("pk")
    if NECESSARY not in descriptions:
        raise BannerInvalid(
            code="necessary_missing", message=_("Every site has necessary cookies: the choice itself is one.")
        )
    ours = choice_cookie(site.key)
    for cookie in cookies:
        if cookie.category != NECESSARY and _matches(cookie.name, ours):
            raise BannerInvalid(
                code="cookie_too_wide",
                message=_(
                    "%(name)s stands for %(ours)s too, in which the choice is kept. Who says no would be asked again."
                )
                % {"name": cookie.name, "ours": ours},
            )
    return [
        _Category(
            name=category,
            description=descriptions[category],
            cookies=[cookie for cookie in cookies if cookie.category == category],
        )
        for category in CookieCategory
        if category in descriptions
    ]


def _matches(pattern: str, name: str) -> bool:
    return bool(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name))


def _languages(site: Site) -> list[str]:
    for language in site.languages:
        if words_in(language) is None:
            raise BannerInvalid(
                code="language_unknown",
                message=_("There are no words in the language %(language)s; there are for %(languages)s.")
                % {"language": language, "languages": ", ".join(shipped_words())},
            )
    # One that is named twice is not shown twice.
    return list(dict.fromkeys(site.languages))


def _texts(site: Site, categories: Sequence[_Category], *, language: str) -> dict[str, Any]:
    """Everything the banner says in one language."""
    words = words_in(language) or {}
    return {
        "language": language,
        "direction": words["direction"],
        "title": _own(site.title, language) or words["title"],
        "text": _own(site.text, language) or words["text"],
        **{key: words[key] for key in LABELS},
        "notice_url": site.notice_url or site.brand.privacy_notice_url,
        "table": {column: words[f"table_{column}"] for column in TABLE},
        "categories": {
            category.name.value: {
                "name": words[f"category_{category.name}_name"],
                "description": _own(category.description, language)
                or words[f"category_{category.name}_description"],
                "cookies": [
                    *(_our_cookies(site, words) if category.name == NECESSARY else ()),
                    *(
                        _cookie(cookie, language=language, first=site.languages[0])
                        for cookie in category.cookies
                    ),
                ],
            }
            for category in categories
        },
    }


def _our_cookies(site: Site, words: Mapping[str, str]) -> list[dict[str, str]]:
    """The two that the banner itself sets, on the site and on our own host."""
    return [
        {
            "name": choice_cookie(site.key),
            "provider": site.name,
            "purpose": words["cookie_choice_purpose"],
            "lifetime": _days(site.days, words),
        },
        {
            "name": consent_cookie.NAME,
            "provider": urlsplit(settings.BASE_URL).hostname or "",
            "purpose": words["cookie_choices_here_purpose"],
            # One for all sites, so it is kept for as long as a choice may hold on any.
            "lifetime": _days(MOST_DAYS, words),
        },
    ]


def _days(days: int, words: Mapping[str, str]) -> str:
    return words["day"] if days == 1 else words["days"].replace("{days}", str(days))


def _cookie(cookie: SiteCookie, *, language: str, first: str) -> dict[str, str]:
    """A cookie in one language; what nobody wrote in it stands in the first language, else in any."""
    return {
        "name": cookie.name,
        "provider": cookie.provider,
        "purpose": _own(cookie.purpose, language) or _own(cookie.purpose, first) or _any(cookie.purpose),
        "lifetime": _own(cookie.lifetime, language) or _own(cookie.lifetime, first) or _any(cookie.lifetime),
    }


def _own(text: LazyI18nString | str, language: str) -> str:
    """What was written in a language, or in pt for pt-br; "" for nothing.

    LazyI18nString.localize answers in some other language then, which a reader of the banner may not know.
    """
    written = text.data if isinstance(text, LazyI18nString) else text
    if isinstance(written, dict):
        return (written.get(language) or written.get(language.partition("-")[0]) or "").strip()
    # Without a language it is meant for all of them.
    return str(written or "").strip()


def _any(text: LazyI18nString | str) -> str:
    written = text.data if isinstance(text, LazyI18nString) else text
    texts = written.values() if isinstance(written, dict) else ()
    return next((text.strip() for text in texts if text and text.strip()), "")


def _blocks(texts: Mapping[str, Any]) -> dict[str, WordingText]:
    """The blocks of text that are shown together: the words in the order of the screen, a line for each."""
    notice = f"{texts['notice']}: {texts['notice_url']}"
    equals = [texts["accept"], texts["refuse"]]
    blocks = {
        "banner": [texts["title"], texts["text"], notice, *equals, texts["details"]],
        "gpc": [texts["gpc"], texts["accept_gpc"]],
        "changed": [texts["changed"]],
        "details": [
            texts["details"],
            texts["close"],
            *(line for key, category in texts["categories"].items() for line in _part(key, category, texts)),
            "",
            notice,
            *equals,
            texts["save"],
        ],
    }
    return {
        block: WordingText(language=texts["language"], text="\n".join(lines))
        for block, lines in blocks.items()
    }


def _part(key: str, category: Mapping[str, Any], texts: Mapping[str, Any]) -> list[str]:
    """One category in the details, set off by empty lines, as are its cookies.

    Not whether its switch is on or off: that is the person's, and in the record.
    """
    always = f" ({texts['always_on']})" if key == NECESSARY else ""
    lines = ["", f"{category['name']}{always}", category["description"]]
    for cookie in category["cookies"]:
        lines += ["", *(f"{texts['table'][column]}: {cookie[column]}" for column in TABLE)]
    return lines


def _asks_again(before: Mapping[str, Any], after: Mapping[str, Any], *, site: Site) -> bool:
    """Whether what a category does has changed, as far as both banners say it in the same language.

    Where languages are put in another order, the first before and the first now are both looked at.
    """
    ours = {choice_cookie(site.key), consent_cookie.NAME}
    shared = [
        language
        for language in (before["language_order"][0], after["language_order"][0])
        if language in before["languages"] and language in after["languages"]
    ]
    return not shared or any(
        _does(before, language, ours=ours) != _does(after, language, ours=ours) for language in shared
    )


def _does(content: Mapping[str, Any], language: str, *, ours: Set[str]) -> dict[str, Any]:
    """What each category does, said in one language. The order of cookies says nothing, nor do our own."""
    return {
        key: (
            category["description"],
            {
                tuple(cookie[column] for column in TABLE)
                for cookie in category["cookies"]
                if cookie["name"] not in ours
            },
        )
        for key, category in content["languages"][language]["categories"].items()
    }
