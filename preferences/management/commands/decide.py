from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from preferences.decisions.decide import AskInvalid, Decided, PurposeUnknown, ask_about, decide_many
from preferences.decisions.in_words import why
from preferences.decisions.situation import PersonRef
from preferences.decisions.verdict import Ask
from preferences.enums import Channel, ContactKind, MessageClass
from preferences.identity import AddressInvalid, normalize_address
from preferences.management.program import ProgramCommand

_INVALID = {
    "channel_missing": "A topic is asked about on a channel: add --channel.",
    "channel_not_for_profiling": "A profiling purpose has no channel: name it with --profiling.",
}


class Command(ProgramCommand):
    """Say whether one person may be sent something about a topic, or profiled for a purpose, and why.

    With --json:

        {
          "allowed": true, "reason": "choice_opted_in", "sentence": "You said yes.", "legal_basis": "consent",
          "rule": "NO/email/business_customer", "rules_version": "<64 hexadecimal digits>", "event": 12,
          "tracking": false, "recipient": 7
        }

    `recipient` is null for an address nobody has, which is denied. `event` is null where nothing was said, and
    `legal_basis` where there is none. `tracking` says whether opens and clicks of an e-mail may be measured.
    --as-of answers by what had been recorded at that moment.
    """

    help = "Print the verdict about one person and one topic or profiling purpose."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        about = parser.add_mutually_exclusive_group(required=True)
        about.add_argument("--topic", metavar="KEY", help="a topic's key (see `catalogue`)")
        about.add_argument("--profiling", metavar="KEY", help="a profiling purpose's key")
        parser.add_argument("--channel", help=f"with --topic: {', '.join(Channel.values)}")
        parser.add_argument("--message-class", default="marketing", help=", ".join(MessageClass.values))
        parser.add_argument("--as-of", metavar="ISO", help="a moment, such as 2026-05-03T14:00:00Z")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(
        self,
        *args: Any,
        email: str,
        topic: str | None,
        profiling: str | None,
        channel: str | None,
        message_class: str,
        as_of: str | None,
        json: bool,
        **options: Any,
    ) -> None:
        if profiling and channel:
            raise CommandError(_INVALID["channel_not_for_profiling"])
        ask = ask_in_words(key=topic or profiling or "", channel=channel)
        try:
            address = normalize_address(kind=ContactKind.EMAIL, value=email)
        except AddressInvalid as error:
            raise CommandError(str(error)) from error
        (decided,) = decide_many(
            people=[PersonRef(kind=ContactKind.EMAIL, address=address)],
            ask=ask,
            message_class=_message_class(message_class),
            now=timezone.now(),
            as_of=_moment(as_of) if as_of is not None else None,
        )
        if json:
            self.write_json(_as_json(decided, ask=ask))
        else:
            self.write_row(
                *("-" if value is None else value for value in _as_json(decided, ask=ask).values())
            )


def ask_in_words(*, key: str, channel: str | None) -> Ask:
    """The question about the purpose with this key on a channel named in words. Raises CommandError."""
    if channel is not None and channel not in Channel.values:
        raise CommandError(f"There is no channel {channel!r}; known are {', '.join(Channel.values)}.")
    try:
        return ask_about(key=key, channel=Channel(channel) if channel else None)
    except PurposeUnknown as error:
        raise CommandError(
            f"There is no topic or profiling purpose {key!r}; `catalogue` lists them."
        ) from error
    except AskInvalid as error:
        raise CommandError(_INVALID[error.code]) from error


def _message_class(word: str) -> MessageClass:
    if word not in MessageClass.values:
        raise CommandError(f"There is no message class {word!r}; known are {', '.join(MessageClass.values)}.")
    return MessageClass(word)


def _moment(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{text!r} is no time; write it as 2026-05-03T14:00:00Z.") from error
    if moment.tzinfo is not None and moment > timezone.now():
        raise CommandError(f"{text!r} has not come yet.")
    if moment.tzinfo is None:
        raise CommandError(f"{text!r} has no time zone; write it as 2026-05-03T14:00:00Z.")
    return moment


def _as_json(decided: Decided, *, ask: Ask) -> dict[str, Any]:
    verdict = decided.verdict
    return {
        "allowed": verdict.allowed,
        "reason": verdict.reason.value,
        "sentence": why(reason=verdict.reason, brand=ask.brand),
        "legal_basis": verdict.legal_basis.value if verdict.legal_basis else None,
        "rule": verdict.rule,
        "rules_version": verdict.version,
        "event": verdict.event,
        "tracking": verdict.tracking,
        "recipient": decided.person.recipient if decided.person else None,
    }
