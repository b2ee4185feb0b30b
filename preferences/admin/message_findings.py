"""What there is to know about a message: what it says, who wrote it, and what it led to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models.functions import Length
from django.utils.translation import gettext as _

from preferences.admin.words import FINDINGS, SOURCES
from preferences.decisions.choices import load_choices
from preferences.decisions.history import what_it_covers
from preferences.decisions.restorable import is_undoable
from preferences.enums import ContactKind, MessageKind, Source, State
from preferences.identity import address_hash, mask_address
from preferences.inbox.letter import LONGEST_TEXT, Letter, read_letter
from preferences.models import (
    Bounce,
    ContactPoint,
    Event,
    Mail,
    Message,
    MessageAct,
    MessageCopy,
    Suppression,
)

# There may be many copies, and a large one takes a while to read.
_COPIES_READ = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """The same message with another text. `text` is None where it was not read."""

    row: MessageCopy
    size: int
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a message says. `letter` is None for reports of the e-mail service, and where its content was deleted."""

    letter: Letter | None
    subject: str
    text: str
    copies: Sequence[Copy]

    @property
    def copies_read(self) -> list[Copy]:
        return [copy for copy in self.copies if copy.text is not None]

    @property
    def copies_left(self) -> list[Copy]:
        return [copy for copy in self.copies if copy.text is None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who wrote, as far as is known.

    `evidence` is what the mail server found out about the domain of From, `domain`. `matched` says by what the person
    was found, `masked` under which address; `candidates` are those it may be where nobody was.
    """

    evidence: Sequence[dict[str, Any]]
    domain: str
    matched: str
    masked: str
    by_reply_to: bool
    suppression: Suppression | None
    candidates: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedTo:
    """What a message led to: Events, marks on addresses, answers."""

    acts: Sequence[dict[str, Any]]
    bounces: Sequence[Bounce]
    answers: Sequence[Mail]

    def __bool__(self) -> bool:
        return bool(self.acts or self.bounces or self.answers)


def contents_of(row: Message, *, copy: int | None) -> Contents:
    """What a message says. Of its copies the newest few are read, or the one asked for (primary key)."""
    letter = None if row.raw is None or row.is_report else read_letter(bytes(row.raw))
    return Contents(
        letter=letter,
        subject=row.subject or (letter.subject if letter else ""),
        text=_text(row, letter),
        copies=() if row.content_deleted_at else _copies(row, asked=copy),
    )


def sender_of(row: Message, *, letter: Letter | None) -> Sender:
    """Who wrote a message with its contact point loaded."""
    point = row.contact_point
    by_reply_to = bool(point and letter and point.normalized == letter.reply_to != row.sender)
    return Sender(
        evidence=_evidence(row),
        domain=str(row.evidence.get("from_domain") or row.sender.rpartition("@")[2]),
        matched=_how_matched(row, by_reply_to=by_reply_to),
        masked=mask_address(kind=ContactKind(point.kind), value=point.value) if point else "",
        by_reply_to=by_reply_to,
        suppression=_suppression(row),
        candidates=[] if row.recipient_id else _candidates(row, letter),
    )


def led_to(row: Message) -> LedTo:
    """What a message led to, in the order it happened."""
    return LedTo(
        acts=_acts(row),
        bounces=list(row.bounces.select_related("contact_point").order_by("pk")),
        answers=list(row.answers.prefetch_related("attempts").order_by("pk")),
    )


def _text(row: Message, letter: Letter | None) -> str:
    """What there is to read: of reports, which nobody wrote, whatever stands in them."""
    if row.text or row.raw is None:
        return row.text
    return letter.text if letter else bytes(row.raw).decode(errors="replace")[:LONGEST_TEXT]


def _copies(row: Message, *, asked: int | None) -> list[Copy]:
    listed = list(row.copies.defer("raw").annotate(size=Length("raw")).order_by("-pk"))
    pks = [copy.pk for copy in listed]
    to_read = [asked] if asked in pks else pks[:_COPIES_READ]
    texts = {
        copy.pk: read_letter(bytes(copy.raw)).text
        for copy in row.copies.filter(pk__in=to_read)
        if copy.raw is not None
    }
    return [Copy(row=copy, size=copy.size or 0, text=texts.get(copy.pk)) for copy in listed]


def _evidence(row: Message) -> list[dict[str, Any]]:
    """What the mail server found out about the sender, in plain words; `sign` is `yes`, `no`, or empty for neither."""
    found = []
    for check, results in FINDINGS.items():
        result = str(row.evidence.get(check, "")).lower()
        if result:
            sign, words = results.get(result, ("", _("No clear result")))
            found.append({"check": check.upper(), "sign": sign, "words": words})
    return found


def _how_matched(row: Message, *, by_reply_to: bool) -> str:
    """By what the person was found."""
    if row.kind == MessageKind.STOP_LINK:
        return _("By the unsubscribe token in it, whoever sent it")
    if row.kind in {MessageKind.BOUNCE, MessageKind.COMPLAINT}:
        return _("By the mail of ours it is about")
    if by_reply_to:
        return _("By the address to answer to")
    if row.contact_point and row.contact_point.normalized == row.sender:
        return _("By the sender's address")
    return ""


def _candidates(row: Message, letter: Letter | None) -> list[dict[str, Any]]:
    """The people the addresses in it belong to, where they are several."""
    addresses = {address for address in (row.sender, letter.reply_to if letter else "") if address}
    points = ContactPoint.objects.filter(
        kind=ContactKind.EMAIL, normalized__in=addresses, recipient__erased_at=None
    ).order_by("recipient")
    return [
        {"person": point.recipient_id, "masked": mask_address(kind=ContactKind.EMAIL, value=point.value)}
        for point in points
    ]


def _suppression(row: Message) -> Suppression | None:
    """The suppression in force for the sender's address, where there is one."""
    if not row.sender:
        return None
    hashed = address_hash(kind=ContactKind.EMAIL, normalized=row.sender)
    return Suppression.objects.in_force().filter(address_hash=hashed).first()


def _acts(row: Message) -> list[dict[str, Any]]:
    """Every Event the message led to, and whether it can be undone."""
    events = [
        act.event
        for act in MessageAct.objects.filter(message=row)
        .select_related(
            *("event__brand", "event__purpose", "event__staff", "event__undone_by", "event__recipient")
        )
        .order_by("event")
    ]
    choices = {person: load_choices(person) for person in {event.recipient_id for event in events}}
    return [
        {
            "event": event,
            "what": what_it_covers(event),
            "state": str(State(event.state).label),
            "source": SOURCES[Source(event.source)],
            "is_undone": hasattr(event, "undone_by"),
            "undoable": not _is_gone(event)
            and is_undoable(
                event=event, choices=choices[event.recipient_id], undone=hasattr(event, "undone_by")
            ),
            # What was said as somebody else before a merge is changed, not undone.
            "now_person": None if event.recipient.erased_at else event.recipient.merged_into_id,
        }
        for event in events
    ]


def _is_gone(event: Event) -> bool:
    return bool(event.recipient.merged_into_id or event.recipient.erased_at)
