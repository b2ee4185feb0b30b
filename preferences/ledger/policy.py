"""Which source may widen, and on what evidence. Every source has an entry: a system check insists."""

from __future__ import annotations

from enum import Enum

from preferences.enums import Source


class Widening(Enum):
    """The evidence a source must bring to turn something on."""

    ALWAYS = "the person is signed in"
    FRESH_LINK = "the manage link is within its freshness"
    STAFF_EVIDENCE = "route, time and reason are given"
    FILL_GAP = "only where nothing has been said yet"
    NEVER = "this source may only narrow"


# These bring many people at once, or nobody's own act: a yes of theirs waits for confirmation without a mail, until the
# person asks for it.
SENDS_NO_CONFIRMATION = frozenset({Source.IMPORT, Source.COOKIE_BANNER})

WIDENING: dict[Source, Widening] = {
    Source.LINK: Widening.FRESH_LINK,
    Source.ONE_CLICK: Widening.NEVER,
    Source.ACCOUNT: Widening.ALWAYS,
    Source.EMAIL_REQUEST: Widening.NEVER,
    Source.STAFF: Widening.STAFF_EVIDENCE,
    Source.API: Widening.FILL_GAP,
    Source.IMPORT: Widening.FILL_GAP,
    Source.COOKIE_BANNER: Widening.FILL_GAP,
    Source.GPC: Widening.NEVER,
    Source.COMPLAINT: Widening.NEVER,
    Source.BOUNCE: Widening.NEVER,
    # The three below are written by their own acts (undo, merge, erase), which bring their own rule.
    Source.UNDO: Widening.NEVER,
    Source.MERGE: Widening.NEVER,
    Source.ERASURE: Widening.NEVER,
}
