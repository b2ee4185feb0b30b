"""What staff may change for somebody, as forms offer it: everything on the person's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.utils.translation import gettext

from preferences.admin.words import REASONS
from preferences.decisions.page import PreferencePage
from preferences.models.wording import WordingText
from preferences.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One thing that can be changed. `value` names it in the form; `is_single` says that a yes is possible.

    `wording` is the text to read out to the person, where one was asked for.
    """

    value: str
    label: str
    scope: Scope
    state_now: str
    is_on: bool
    wording: WordingText | None = None
    group: str = ""
    is_chosen: bool = False

    @property
    def is_single(self) -> bool:
        return self.scope.is_single


def subjects_of(
    *,
    page: PreferencePage,
    chosen: Sequence[str] = (),
    wordings: Mapping[str, WordingText] | None = None,
) -> list[Subject]:
    """Every switch and every stop of a person's page, labelled in the language the page was made in."""
    brands = {section.brand.pk: section.brand.name for section in page.brands}
    worded = wordings or {}
    subjects = [
        Subject(
            value=switch.field,
            label=switch.name,
            scope=switch.scope,
            state_now=str(REASONS[switch.verdict.reason]),
            is_on=switch.on,
            wording=worded.get(switch.field),
            group=brands.get(switch.scope.brand or 0, ""),
            is_chosen=switch.field in chosen,
        )
        for switch in page.switches
    ]
    subjects += [
        Subject(
            value=stop.value,
            label=stop.reach,
            scope=stop.scope,
            state_now=gettext("Stopped") if stop.stopped else "",
            is_on=not stop.stopped,
            wording=worded.get(stop.value),
            is_chosen=stop.value in chosen,
        )
        for stop in page.stops
    ]
    return subjects


def grouped(subjects: Sequence[Subject]) -> list[dict[str, Any]]:
    """Broad stops first, as most requests are about them; then each brand's topics; then profiling."""
    single = [subject for subject in subjects if subject.is_single]
    return [
        {
            "title": gettext("Many things at once"),
            "note": gettext("Can only be stopped. Topics added later are covered too."),
            "subjects": [subject for subject in subjects if not subject.is_single],
        },
        *(
            {"title": title, "note": gettext("One topic on one channel"), "subjects": list(of_brand)}
            for title, of_brand in groupby(
                (subject for subject in single if subject.scope.channel), key=lambda subject: subject.group
            )
        ),
        {
            "title": gettext("Profiling"),
            "note": gettext("One purpose"),
            "subjects": [subject for subject in single if not subject.scope.channel],
        },
    ]
