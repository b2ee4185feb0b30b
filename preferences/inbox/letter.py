"""Read an e-mail: who wrote it to whom, what they wrote themselves, and whether a machine did. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import getaddresses

from preferences.enums import ContactKind
from preferences.identity import AddressInvalid, normalize_address
from preferences.inbox.automatic import Automatic, find_automatic
from preferences.inbox.decode_text import decode_header, decode_words
from preferences.inbox.read_evidence import read_evidence
from preferences.inbox.read_texts import Text, file_name, is_body_text, read_texts
from preferences.inbox.redact import redact
from preferences.inbox.split_mime import Part, Split, split_mime
from preferences.inbox.strip_quotes import strip_quotes

LONGEST_TEXT = 20_000
_LONGEST_SUBJECT = 500
_LONGEST_NAME = 200
_MOST_ADDRESSES = 100
_SEALED = {
    "multipart/encrypted",
    "application/pkcs7-mime",
    "application/x-pkcs7-mime",
    "application/ms-tnef",
    "application/vnd.ms-tnef",
}
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@]{1,64}@[^\s<>()\[\],;:\"@]{1,255}")
_RECIPIENT_HEADERS = ("to", "delivered-to", "x-original-to", "envelope-to")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file in a message. `size` is in bytes, as near as can be told without decoding it."""

    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is understood of an e-mail. Addresses are spelled as `normalize_address` does, `recipients` as written.

    `sender` is the From, "" where there is none or more than one; `copied` are those in Cc. `written` is what the
    person wrote, `text` all there is to read, without the tokens of our links. `readable` is False where its words are
    out of reach: encrypted, or beyond every limit. `evidence` is what our mail server found out about the sender.
    """

    subject: str = ""
    sender: str = ""
    sender_name: str = ""
    reply_to: str = ""
    recipients: tuple[str, ...] = ()
    copied: tuple[str, ...] = ()
    written: str = ""
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    automatic: Automatic | None = None
    readable: bool = True
    evidence: dict[str, str] = field(default_factory=dict)

    @property
    def doubtful(self) -> bool:
        """True where our mail server found that somebody else may have sent it.

        SPF fails for genuine mail too, when it was forwarded: a signature of the sender makes up for it.
        """
        failed = {
            name for name, result in self.evidence.items() if result in {"fail", "hardfail", "permerror"}
        }
        return "dmarc" in failed or ("spf" in failed and self.evidence.get("dkim") != "pass")


def read_letter(raw: bytes, *, authserv_id: str = "") -> Letter:
    """The letter in the bytes of an e-mail, whatever the bytes: never raises, and takes no longer for attachments.

    `authserv_id` is the name by which our own mail server signs its Authentication-Results (RFC 8601); nobody else's
    are believed, and none where it is "".
    """
    split = split_mime(raw)
    message = split.parts[0]
    senders = _addresses(message.all("from"))
    replies = _addresses(message.all("reply-to"))
    sender = senders[0] if len(senders) == 1 else None
    subject = decode_words(decode_header(message.first("subject")))[:_LONGEST_SUBJECT]
    texts = read_texts(raw, split)
    return Letter(
        subject=subject,
        sender=sender.address if sender else "",
        sender_name=sender.name if sender else "",
        reply_to=replies[0].address if len(replies) == 1 else "",
        recipients=_as_written(message, *_RECIPIENT_HEADERS),
        copied=_as_written(message, "cc"),
        written=_written(texts),
        text=redact("\n\n".join(text.text for text in texts if text.text)[:LONGEST_TEXT]).strip(),
        attachments=_attachments(raw, split),
        automatic=find_automatic(message, subject=subject, senders=[mailbox.address for mailbox in senders]),
        readable=bool(message.headers) and _is_readable(split, texts),
        evidence=read_evidence(message, authserv_id=authserv_id, sender=sender.address if sender else ""),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mailbox:
    name: str
    address: str
    as_written: str


def _addresses(values: Sequence[bytes]) -> list[_Mailbox]:
    """The different addresses in headers, each once. What is no address is left out."""
    found: dict[str, _Mailbox] = {}
    for value in values[:_MOST_ADDRESSES]:
        text = decode_header(value[:20_000])
        for name, address in _pairs(text) or _pairs(decode_words(text)):
            try:
                spelled = normalize_address(kind=ContactKind.EMAIL, value=address)
            except AddressInvalid:
                continue
            found.setdefault(
                spelled,
                _Mailbox(
                    name=decode_words(name)[:_LONGEST_NAME], address=spelled, as_written=address.strip()
                ),
            )
            if len(found) >= _MOST_ADDRESSES:
                return list(found.values())
    return list(found.values())


def _pairs(text: str) -> list[tuple[str, str]]:
    """(name, address) of a header. One that breaks the grammar is still read where only one address is in it."""
    try:
        pairs = [(name, address) for name, address in getaddresses([text]) if "@" in address]
    except (ValueError, IndexError, RecursionError):
        pairs = []
    if not pairs and "@" in text:
        only = set(_ADDRESS.findall(text))
        pairs = [("", only.pop())] if len(only) == 1 else []
    return pairs


def _as_written(message: Part, *headers: str) -> tuple[str, ...]:
    values = [value for name in headers for value in message.all(name)]
    # The token of an unsubscribe address has capital letters.
    return tuple(mailbox.as_written for mailbox in _addresses(values))


def _written(texts: Sequence[Text]) -> str:
    """What the person wrote. Where their first text is nothing but quotes, a later one is hardly theirs."""
    own = [strip_quotes(text.text) for text in texts if not text.attached]
    return "\n\n".join(filter(None, own))[:LONGEST_TEXT] if own and own[0] else ""


def _is_readable(split: Split, texts: Sequence[Text]) -> bool:
    sealed = any(part.media_type in _SEALED or part.is_hollow for part in split.parts)
    return split.whole and (not sealed or any(not text.attached for text in texts))


def _attachments(raw: bytes, split: Split) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(name=file_name(part)[:_LONGEST_NAME], media_type=part.media_type, size=_size(part))
        for part in split.parts
        if not part.is_multipart and not is_body_text(part)
    )


def _size(part: Part) -> int:
    size = part.end - part.start
    return size * 3 // 4 if part.encoding == "base64" else size
