"""Read what a person sent from the preference page."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from preferences.decisions.page import PreferencePage
from preferences.enums import State
from preferences.ledger import Change

# The id of an event is a 64-bit integer; longer digits are no version.
_LONGEST_VERSION = 19


class PageFormInvalid(ValueError):
    """What was sent does not fit the page. `code` and the message say how; nothing was saved."""

    def __init__(self, *, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageForm:
    """What was asked for. `seen_version` is the newest event the page showed."""

    changes: tuple[Change, ...]
    seen_version: int


def read_page_form(*, data: QueryDict, page: PreferencePage) -> PageForm:
    """The changes in a posted preference page: only switches that differ from what the page showed.

    `shown` lists the fields the page had and `was_on` those it showed as on (white space between); `on` comes once
    for each box that is ticked now. A button that stops many things sends `stop` instead. A field that was not
    shown, or cannot be changed by the person, is thus never read as "off". One that is no longer offered, and was
    left as it was, keeps nobody from saving the others.

    Raises PageFormInvalid for a field, a stop or a version that cannot be.
    """
    version = _version(data.get("version", ""))
    if "stop" in data:
        stops = {stop.value: stop for stop in page.stops}
        stop = stops.get(str(data["stop"]))
        if stop is None:
            raise _unknown()
        change = Change(scope=stop.scope, state=State.OPTED_OUT, wording=stop.wording)
        return PageForm(changes=(change,), seen_version=version)

    shown, was_on, on = (
        set(data.get("shown", "").split()),
        set(data.get("was_on", "").split()),
        set(data.getlist("on")),
    )
    switches = {switch.field: switch for switch in page.switches}
    changed = on ^ was_on
    if not (was_on | on) <= shown or not changed <= switches.keys():
        raise _unknown()
    changes = tuple(
        Change(
            scope=switch.scope,
            state=State.OPTED_IN if field in on else State.OPTED_OUT,
            wording=switch.wording,
        )
        for field, switch in switches.items()
        if field in changed
    )
    return PageForm(changes=changes, seen_version=version)


def _version(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_VERSION):
        raise PageFormInvalid(
            code="version_unknown",
            message=_("The page you sent cannot be recognised. Nothing was saved. Please try again below."),
        )
    return int(text)


def _unknown() -> PageFormInvalid:
    return PageFormInvalid(
        code="field_unknown",
        message=_(
            "The page you sent names something that is not offered. Nothing was saved. Please try again below."
        ),
    )
