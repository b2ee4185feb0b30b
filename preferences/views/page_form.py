"""Read what a person sent from the preference page."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.http import QueryDict
from django.utils.translation import gettext as _

from preferences.decisions.page import PreferencePage, Stop, Switch
from preferences.enums import State
from preferences.ledger import Change

# The id of an event is a 64-bit integer; longer digits are none.
_LONGEST_EVENT = 19
_NEWER_THAN_ANY = 2**63 - 1


class PageFormInvalid(ValueError):
    """What was sent does not fit the page. `code` and the message say how; nothing was saved."""

    def __init__(self, *, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageForm:
    """What was asked for. `seen_version` is the newest event the page showed, or one from the future."""

    changes: tuple[Change, ...]
    seen_version: int


def version_of(*, page: PreferencePage, shown: Iterable[Switch | Stop]) -> str:
    """What a form sends back to say what it showed: the newest event the page rests on, and a fingerprint of the words
    of its switches or stops."""
    return f"{page.version}.{_fingerprint(shown)}"


def read_page_form(*, data: QueryDict, page: PreferencePage) -> PageForm:
    """The changes in a posted preference page: only switches that differ from what the page showed.

    `shown` lists the fields the form had and `was_on` those it showed as on (white space between); `on` comes once
    for each box that is ticked now. A field that was not shown, or cannot be changed by the person, is thus never
    read as "off". A button that stops many things sends `stop` instead, and `shown` lists the buttons.

    `page` is the one of everything there is (`page_for(offered_only=False)`): what was retired since the person opened
    theirs can be stopped all the same, and keeps nobody from saving the rest. That it cannot be started any more is
    for the ledger to say.

    A wording goes into the history as what the person was shown. Where the words have changed since the page was
    opened (staff edited them, or another language was chosen in another tab), the version is none the ledger takes
    a yes from, and a stop comes without wording.

    Raises PageFormInvalid for a field, a stop or a version that cannot be.
    """
    seen_version, fingerprint = _version(data.get("version", ""))
    changes = _changes(data=data, page=page)
    shown = set(data.get("shown", "").split())
    named = {switch.field: switch for switch in page.switches} | {stop.value: stop for stop in page.stops}
    if fingerprint == _fingerprint(thing for name, thing in named.items() if name in shown):
        return PageForm(changes=changes, seen_version=seen_version)
    return PageForm(
        changes=tuple(replace(change, wording=None) for change in changes), seen_version=_NEWER_THAN_ANY
    )


def _changes(*, data: QueryDict, page: PreferencePage) -> tuple[Change, ...]:
    if "stop" in data:
        stops = {stop.value: stop for stop in page.stops}
        stop = stops.get(str(data["stop"]))
        if stop is None:
            raise _unknown()
        return (Change(scope=stop.scope, state=State.OPTED_OUT, wording=stop.wording),)

    shown, was_on, on = (
        set(data.get("shown", "").split()),
        set(data.get("was_on", "").split()),
        set(data.getlist("on")),
    )
    switches = {switch.field: switch for switch in page.switches}
    changed = on ^ was_on
    if not (was_on | on) <= shown or not changed <= switches.keys():
        raise _unknown()
    return tuple(
        Change(
            scope=switch.scope,
            state=State.OPTED_IN if field in on else State.OPTED_OUT,
            wording=switch.wording,
        )
        for field, switch in switches.items()
        if field in changed
    )


def _version(text: str) -> tuple[int, str]:
    """The two halves of what `version_of` made."""
    event, _dot, fingerprint = text.partition(".")
    if not (event.isascii() and event.isdigit() and len(event) <= _LONGEST_EVENT):
        raise PageFormInvalid(
            code="version_unknown",
            message=_("The page you sent cannot be recognised. Nothing was saved. Please try again below."),
        )
    return int(event), fingerprint


def _fingerprint(shown: Iterable[Switch | Stop]) -> str:
    """16 hexadecimal digits that change when any of the wordings, or their language, does."""
    hashes = sorted(thing.wording.content_hash for thing in shown)
    return hashlib.sha256("".join(hashes).encode()).hexdigest()[:16]


def _unknown() -> PageFormInvalid:
    return PageFormInvalid(
        code="field_unknown",
        message=_(
            "The page you sent names something that is not offered. Nothing was saved. Please try again below."
        ),
    )
