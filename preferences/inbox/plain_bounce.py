"""Read the bounces without a part for programs whose shape is fixed: qmail's, and those of Exim and Gmail."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from preferences.inbox.report_fields import (
    Fields,
    find_addresses,
    find_message_id,
    find_stop_token,
    first,
    read_fields,
)
from preferences.inbox.reported import Failure, Reports
from preferences.inbox.statuses import assess

_MOST_RECIPIENTS = 100
_FAILED = "x-failed-recipients"

# https://cr.yp.to/proto/qsbmf.txt; the second is what Yahoo made of it.
_QMAIL_OPENINGS = ("Hi. This is the", "Sorry, we were unable to deliver your message")
_QMAIL_PARAGRAPH = re.compile(r"^<([^<>\s]{1,320})>:[ \t]*\r?\n((?:[^\r\n]+\r?\n?)*)", re.MULTILINE)
_RULE = re.compile(r"^---[^\n]*\n", re.MULTILINE)
_COPY_FOLLOWS = ("copy of", "original message")


def read_plain_bounce(text: str, *, fields: Fields) -> Reports | None:
    """The failures in a bounce in words, which the caller knows to be from a mail server; None for another shape.

    `fields` are those of the message. A mail that the words do not say why it failed counts as failed for now.
    """
    notice, returned = _split(text)
    if failed := find_addresses(fields.get(_FAILED, ())):
        told = _told_of(failed, notice=notice)
    elif notice.lstrip().startswith(_QMAIL_OPENINGS):
        told = [(find_addresses([match[1]]), match[2]) for match in _QMAIL_PARAGRAPH.finditer(notice)]
    else:
        return None
    failures = []
    for addresses, words in told[:_MOST_RECIPIENTS]:
        assessment = assess(diagnostic=words)
        failures.append(
            Failure(
                addresses=addresses,
                message_id=find_message_id(first(returned, "message-id")),
                stop_token=find_stop_token(returned),
                permanent=assessment.permanent,
                status=assessment.status,
            )
        )
    return Reports(failures=tuple(failures)) if failures else None


def _split(text: str) -> tuple[str, Fields]:
    """What the mail server wrote, and the fields of the mail that follows."""
    for line in _RULE.finditer(text):
        if any(words in line[0].lower() for words in _COPY_FOLLOWS):
            return text[: line.start()], read_fields(text[line.end() :])
    return text, {}


def _told_of(failed: Sequence[str], *, notice: str) -> list[tuple[tuple[str, ...], str]]:
    """Each address that failed, with the words that follow it, up to the next one."""
    lowered = notice.lower()
    found = sorted((place, address) for address in failed if (place := lowered.find(address)) >= 0)
    words = {
        address: notice[place + len(address) : end]
        for (place, address), (end, _next) in pairwise([*found, (len(notice), "")])
    }
    return [((address,), words.get(address, "")) for address in failed]
