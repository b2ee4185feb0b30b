"""What the banner of the shop says to us, for tests of what becomes of it."""

import json
from typing import Any
from uuid import uuid4

from django.http import HttpResponse
from django.test import Client

from preferences.cookies.served import served_site
from preferences.models import Banner, CookieConsent, Site

ORIGIN = "https://shop.example"
URL = "/cookies/shop/consent"
ALL = ("necessary", "preferences", "statistics", "marketing")


def choice(*granted: str, **fields: Any) -> dict[str, Any]:
    """A body that allows some of the optional categories; by the buttons where it is all or none."""
    action = "save"
    if set(granted) == set(ALL[1:]):
        action = "accept_all"
    elif not granted:
        action = "refuse_all"
    return {
        "consent": str(uuid4()),
        "banner": newest().pk,
        "language": "en",
        "action": action,
        "categories": {category: category in ("necessary", *granted) for category in ALL},
        "gpc": False,
        "shown": ["banner", "details"] if action == "save" else ["banner"],
        **fields,
    }


def newest() -> Banner:
    return Banner.objects.filter(site__key="shop").latest("pk")


def post(body: Any, *, url: str = URL, origin: str | None = ORIGIN, **headers: str) -> HttpResponse:
    """The answer to a body, by a browser of its own; str and bytes go as they are."""
    sent = body if isinstance(body, str | bytes) else json.dumps(body)
    named = {**headers, **({"origin": origin} if origin else {})}
    return Client().post(url, sent, content_type="text/plain;charset=UTF-8", headers=named)


def records() -> list[dict[str, Any]]:
    """Everything on record, the oldest first."""
    return list(CookieConsent.objects.order_by("pk").values())


def remembered(site: Site) -> None:
    """Let the site be in memory, as it is in a process that has answered before."""
    assert served_site(site.key)
