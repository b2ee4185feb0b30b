"""The headers by which a mail program shows its own unsubscribe button."""

from __future__ import annotations

from django.conf import settings

from preferences.models import Purpose


def list_headers(*, topic: Purpose, stop_url: str) -> dict[str, str]:
    """The headers to put on every marketing mail about `topic`, for the recipient `stop_url` was made for.

        {
            "List-Unsubscribe": "<https://preferences.example.com/u/WzEs…/>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Id": "<product-news.preferences.example.com>",
        }

    RFC 8058 asks two things besides: the link has to be https, and the DKIM signature has to cover the first
    two headers. List-Id (RFC 2919) is the topic's key below MAIL_DOMAIN; it is one for all recipients and
    never changes, so that filters built on it go on working.
    """
    return {
        "List-Unsubscribe": f"<{stop_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": f"<{topic.key}.{settings.MAIL_DOMAIN}>",
    }
