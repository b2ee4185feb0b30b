"""Put a mail of ours into words: once as it is kept, without its tokens, and once as it is sent.

What is kept is written by itself, and no token is made for it: a token is only ever in the mail.
"""

from __future__ import annotations

import contextlib
import email.policy
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.headerregistry import Address, BaseHeader, HeaderRegistry
from email.message import EmailMessage
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from preferences.enums import ContactKind, MailKind
from preferences.identity import normalize_address, normalize_domain
from preferences.models import Brand, ContactPoint

# Hands on what a link is made by: `link(lambda: manage_url(...))`.
type LinkWriter = Callable[[Callable[[], str]], str]

_EMPTY_LINES = re.compile(r"\n{3,}")
# Stands for every link in what is kept.
_LEFT_OUT = "…"

# RFC 3834: what answers somebody, and what we write of our own accord.
_AUTO_SUBMITTED = {
    MailKind.LINK: "auto-replied",
    MailKind.CONFIRMATION: "auto-replied",
    MailKind.CHANGE: "auto-generated",
    MailKind.ANSWER: "auto-replied",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A mail before it is put into words.

    It goes to `address`, in the first of `languages` that we speak, from the sender address of `brand` or from ours.
    `context` returns what the templates in templates/mail/<kind>/ name; every link in it that bears a token has to be
    made through the function it is called with. `in_reply_to` is the Message-ID of the mail this one answers.
    """

    kind: MailKind
    address: str
    languages: tuple[str, ...]
    context: Callable[[LinkWriter], Mapping[str, Any]]
    recipient: int | None = None
    contact_point: int | None = None
    brand: Brand | None = None
    in_reply_to: str = ""

    @property
    def language(self) -> str:
        return first_spoken(*self.languages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept of a mail: its words, with … for every link."""

    subject: str
    text: str


class _ForeignId(BaseHeader):
    """The Message-ID of another mail, sent as it came: Python would cut off what no Message-ID should hold, and encode
    one that is longer than a line, and then no mail program knows it any more."""

    max_count = 1

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        kwds["parse_tree"] = kwds["decoded"] = value

    def fold(self, *, policy: Any) -> str:
        return f"{self.name}: {self}{policy.linesep}"


class _Message(EmailMultiAlternatives):
    """Names the mail it answers by that mail's own Message-ID."""

    def message(self, *, policy: Any = email.policy.default) -> EmailMessage:
        headers = HeaderRegistry()
        for name in ("in-reply-to", "references"):
            headers.map_to_type(name, _ForeignId)
        return super().message(policy=policy.clone(header_factory=headers))


def keep(draft: Draft) -> Kept:
    """A mail as it is kept. Its links are not even made."""
    with translation.override(draft.language):
        context = _context(draft, link=lambda make: _LEFT_OUT)
        return Kept(subject=_subject(draft, context=context)[:500], text=_text(draft, context=context))


def compose(draft: Draft, *, message_id: str) -> EmailMultiAlternatives:
    """A mail as it is sent, with the links in it."""
    with translation.override(draft.language):
        context = _context(draft, link=lambda make: make())
        message = _Message(
            subject=_subject(draft, context=context),
            body=_text(draft, context=context),
            from_email=_sender(draft.brand) if draft.brand else None,
            to=[draft.address],
            headers={
                "Message-ID": message_id,
                "Auto-Submitted": _AUTO_SUBMITTED[draft.kind],
                "X-Auto-Response-Suppress": "All",
                **(
                    {"In-Reply-To": draft.in_reply_to, "References": draft.in_reply_to}
                    if draft.in_reply_to
                    else {}
                ),
            },
        )
        message.attach_alternative(_part(draft, "body.html", context=context), "text/html")
    return message


def new_message_id() -> str:
    """`<f3a1…@preferences.example.com>`, of our own making: a bounce names it, and we find the mail by it."""
    domain = settings.MAIL_DOMAIN
    return f"<{secrets.token_hex(16)}@{domain if domain.isascii() else normalize_domain(domain)}>"


def address_of(point: ContactPoint) -> str:
    """An address as it goes to the mail server.

    A domain beyond ASCII would be translated by the rules of 2003 on the way, to a domain of somebody else.
    """
    return point.value if point.value.isascii() else point.normalized


def first_spoken(*languages: str) -> str:
    """The first of these languages that we have translations for, or the site's own."""
    for language in languages:
        with contextlib.suppress(LookupError):
            return translation.get_supported_language_variant(language)
    return settings.LANGUAGE_CODE


def _context(draft: Draft, *, link: LinkWriter) -> dict[str, Any]:
    return {"brand": draft.brand, **draft.context(link)}


def _subject(draft: Draft, *, context: dict[str, Any]) -> str:
    return " ".join(_part(draft, "subject.txt", context=context).split())


def _text(draft: Draft, *, context: dict[str, Any]) -> str:
    """The text part. What is left out of a template leaves its empty lines behind."""
    return _EMPTY_LINES.sub("\n\n", _part(draft, "body.txt", context=context)).strip() + "\n"


def _part(draft: Draft, part: str, *, context: dict[str, Any]) -> str:
    return render_to_string(f"mail/{draft.kind}/{part}", context)


def _sender(brand: Brand) -> str:
    """`"Acme News" <news@acme.example.com>`."""
    address = normalize_address(kind=ContactKind.EMAIL, value=brand.sender_email)
    return str(Address(display_name=" ".join(brand.sender_name.split()), addr_spec=address))
