"""The headers by which a mail program shows its own unsubscribe button."""

from __future__ import annotations

from urllib.parse import quote

from django.conf import settings

from preferences.models import Purpose


def list_headers(*, topic: Purpose, stop_url: str) -> dict[str, str]:
    """The headers to put on every marketing mail about `topic`, for the recipient `stop_url` was made for.

        {
            "List-Unsubscribe": "<https://preferences.example.com/u/WzEs…/>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Id": "<product-news.preferences.example.com>",
        }

    Where STOP_ADDRESS is set, an address to write to follows the link, for programs that know no other way (RFC 2369):

        "<https://preferences.example.com/u/WzEs…/>, <mailto:stop@example.com?subject=stop%20WzEs…>"

    RFC 8058 asks two things besides: the link has to be https, and the DKIM signature has to cover the first
    two headers. List-Id (RFC 2919) is the topic's key below MAIL_DOMAIN; it is one for all recipients and
    never changes, so that filters built on it go on working.
    """
    ways = [stop_url]
    if settings.STOP_ADDRESS:
        # In the subject: what stands before the @ may be no longer than 64 octets (RFC 5321), and may be lower-cased.
        token = stop_url.rstrip("/").rpartition("/")[2]
        ways.append(f"mailto:{quote(settings.STOP_ADDRESS, safe='@+')}?subject=stop%20{token}")
    return {
        "List-Unsubscribe": ", ".join(f"<{way}>" for way in ways),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": f"<{topic.key}.{settings.MAIL_DOMAIN}>",
    }
