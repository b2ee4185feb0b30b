"""The script that a site embeds: banner.js with banner.css, called with what the site has published."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from rcssmin import cssmin
from rjsmin import jsmin

if TYPE_CHECKING:
    from preferences.cookies.served import Served

CODE_FILE = Path(__file__).with_name("banner.js")
STYLE_FILE = Path(__file__).with_name("banner.css")

# A choice with any yes in it is checked this often, in seconds, for what was withdrawn elsewhere.
RECHECK = 900

# As in Django's json_script: the script may be put into a page as it is.
_NOT_IN_A_PAGE = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A script as it is sent, plain and compressed, with its strong ETag."""

    body: bytes
    gzipped: bytes
    etag: str


def script_of(served: Served) -> Asset:
    """The script of a site; the same bytes for the same site. It fetches the texts when it shows any."""
    code = jsmin(CODE_FILE.read_text(encoding="utf-8"))
    style = cssmin(STYLE_FILE.read_text(encoding="utf-8"))
    body = f"{code}({_literal(_data(served))},{_literal(style)})\n".encode()
    digest = hashlib.sha256(body).hexdigest()[:16]
    return Asset(
        body=body,
        gzipped=gzip.compress(body, mtime=0),
        etag=f'"{served.banner}-{served.version}-{digest}"',
    )


def _data(served: Served) -> dict[str, Any]:
    colours = served.colours
    return {
        "key": served.key,
        "url": f"{settings.BASE_URL}/cookies/{served.key}/",
        "banner": served.banner,
        "version": served.version,
        "days": served.days,
        "domain": served.cookie_domain,
        "consentMode": served.consent_mode,
        "categories": served.content["categories"],
        "cookies": served.content["cookies"],
        "languages": served.content["language_order"],
        "look": {
            "light": [colours.on_light, colours.ink_on_light],
            "dark": [colours.on_dark, colours.ink_on_dark],
        },
        "recheck": RECHECK,
    }


def _literal(value: Any) -> str:
    """A value as JavaScript that means nothing else anywhere: JSON in ASCII, which is a subset of it."""
    return json.dumps(value, separators=(",", ":")).translate(_NOT_IN_A_PAGE)
