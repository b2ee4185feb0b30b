"""The one form on a message: stop something and answer, or set it aside."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from preferences.admin.answer_templates import BRAND, placeholders_in
from preferences.admin.message_desk import Desk
from preferences.enums import MessageKind
from preferences.inbox.settle import CHANGES
from preferences.personal_data import names_personal_data

SETTLE, DISMISS = "settle", "dismiss"
# These two fill something in and save nothing.
FIND, FILL = "find", "fill"

_LONGEST_ANSWER = 20_000
# A template leaves the items of a list to staff.
_GAP = re.compile(r"^\s*[-–•]\s*$", re.MULTILINE)
_LARGEST = 2**63 - 1


class MessageForm(forms.Form):
    """The button pressed is `way`: SETTLE asks for a stop, a suppression or an answer, DISMISS for a reason.

    What it offers depends on whom it is about, which it says itself: see `offer`.
    """

    way = forms.CharField(required=False)
    choose = forms.IntegerField(required=False, min_value=1, max_value=_LARGEST)
    seen = forms.IntegerField(widget=forms.HiddenInput)
    person = forms.IntegerField(required=False, min_value=1, max_value=_LARGEST, widget=forms.HiddenInput)
    other = forms.CharField(
        label=_("Somebody else"),
        required=False,
        max_length=320,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Whole address or number, #id, external id"),
    )
    subjects = forms.MultipleChoiceField(label=_("What to stop"), required=False)
    suppress = forms.BooleanField(
        label=_("Put the sender's address on the suppression list: no marketing goes there."),
        required=False,
        widget=UnfoldBooleanWidget,
    )
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
        help_text=_(
            "The person can read this in their history. It is kept for good, so write no names, addresses or numbers."
        ),
    )
    send = forms.BooleanField(
        label=_("Send this answer to the sender"), required=False, widget=UnfoldBooleanWidget
    )
    needless = forms.BooleanField(label=_("No answer is needed"), required=False, widget=UnfoldBooleanWidget)
    not_erased = forms.BooleanField(
        label=_("Send it although their data is not erased yet."),
        required=False,
        widget=UnfoldBooleanWidget,
    )
    template = forms.ChoiceField(label=_("Template"), required=False, widget=UnfoldAdminSelectWidget)
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=settings.LANGUAGES, widget=UnfoldAdminSelectWidget
    )
    subject = forms.CharField(
        label=_("Subject"),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"dir": "auto"}),
    )
    text = forms.CharField(
        label=_("Text"),
        required=False,
        max_length=_LONGEST_ANSWER,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12, "dir": "auto"}),
        help_text=_("{changes} becomes a list of what was stopped, with the way back."),
    )
    note = forms.CharField(
        label=_("Why it is not a request"),
        required=False,
        max_length=300,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Kept for good: no names, addresses or numbers."),
    )

    desk: Desk

    def offer(self, desk: Desk) -> None:
        """Offer what is on a desk; before the form is validated or shown."""
        self.desk = desk
        self.fields["subjects"].choices = [(one.value, one.value) for one in desk.subjects]  # type: ignore[attr-defined]
        self.fields["template"].choices = [("", "—"), *desk.template_choices]  # type: ignore[attr-defined]
        if desk.person is None:
            self.fields["other"].label = _("Who it is from")

    @property
    def pressed(self) -> str:
        """The button that sent the form; empty for none that is known."""
        return FIND if self["choose"].data else str(self["way"].data or "")

    @property
    def asks_about_erasure(self) -> bool:
        """Whether staff may be about to say that data is gone which is there."""
        desk = self.desk
        return desk.person is not None and (
            desk.message.kind == MessageKind.ERASURE
            or desk.says_erased_too_early(str(self["template"].value() or ""))
        )

    def entered(self) -> dict[str, Any]:
        """Everything as it was sent, valid or not, to be shown again."""
        return {name: self[name].data for name in self.fields}

    def number(self, name: str) -> int | None:
        """A field that is a number, before the rest is validated; None where it is none."""
        try:
            found: int | None = self.fields[name].clean(self[name].data)
        except ValidationError:
            return None
        return found

    def clean_suppress(self) -> bool:
        return self.cleaned_data["suppress"] and self.desk.may_suppress

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.pressed == DISMISS:
            self._clean_note(data.get("note", ""))
            self._keep_what_was_written(data)
        else:
            self._clean_act(data)
            self._clean_whether_answered(data)
        return data

    def _clean_note(self, note: str) -> None:
        if not note.strip():
            self.add_error("note", ValidationError(_("Say why."), code="missing"))
        elif names_personal_data(note):
            self._names_personal_data("note")

    def _clean_act(self, data: dict[str, Any]) -> None:
        stops = data.get("subjects")
        done = ("suppress", "send", "needless")
        if not (stops or any(data.get(name) for name in done) or self.errors):
            self.add_error(
                None,
                ValidationError(
                    _("Choose what to stop, or write an answer and tick that it is to be sent."),
                    code="nothing_chosen",
                ),
            )
        if data.get("other", "").strip():
            self.add_error(
                "other",
                ValidationError(_("Press “Find” first, to see whom this is about."), code="not_looked_up"),
            )
        if not stops:
            return
        if data.get("person") is None:
            self.add_error("other", ValidationError(_("Find the person first."), code="nobody"))
        if not data.get("reason", "").strip():
            self.add_error("reason", ValidationError(_("Say why."), code="missing"))
        elif names_personal_data(data["reason"]):
            self._names_personal_data("reason")

    def _clean_whether_answered(self, data: dict[str, Any]) -> None:
        if data.get("send"):
            self._clean_answer(data)
        elif self._keep_what_was_written(data) and self.desk.needs_answer and not data.get("needless"):
            self.add_error(
                "send",
                ValidationError(
                    _("This asks for an answer: send one, or tick that none is needed."), code="no_answer"
                ),
            )

    def _keep_what_was_written(self, data: dict[str, Any]) -> bool:
        """Whether nothing is lost by sending no answer: what staff wrote is only dropped where they say so."""
        if not self.desk.may_answer or data.get("needless") or self.desk.is_prepared(data.get("text", "")):
            return True
        self.add_error(
            "send",
            ValidationError(
                _("What you wrote would be lost: send it, or tick that no answer is needed."), code="unsent"
            ),
        )
        return False

    def _clean_answer(self, data: dict[str, Any]) -> None:
        if data.get("needless"):
            self.add_error(
                "needless",
                ValidationError(_("Either this answer is sent, or none is needed."), code="contradiction"),
            )
        if self.desk.says_erased_too_early(data.get("template", "")) and not data.get("not_erased"):
            self.add_error(
                "not_erased",
                ValidationError(
                    _(
                        "The answer says that the data is erased, and it is not: erase it first, or tick this."
                    ),
                    code="not_erased",
                ),
            )
        allowed = {"subject": {BRAND}, "text": {BRAND, CHANGES}}
        for name in allowed:
            words = data.get(name, "")
            if not words.strip():
                self.add_error(name, ValidationError(_("This is needed for an answer."), code="missing"))
            elif unknown := sorted(placeholders_in(words) - allowed[name]):
                self.add_error(
                    name,
                    ValidationError(
                        _("Nothing is filled in for %(unknown)s here."),
                        code="placeholder",
                        params={"unknown": ", ".join(unknown)},
                    ),
                )
        if _GAP.search(data.get("text", "")):
            self.add_error(
                "text",
                ValidationError(_("Something is still to be written behind a dash."), code="gap"),
            )
        if CHANGES in data.get("text", "") and not data.get("subjects"):
            self.add_error(
                "text",
                ValidationError(_("Nothing is stopped that {changes} could stand for."), code="no_changes"),
            )

    def _names_personal_data(self, field: str) -> None:
        self.add_error(
            field,
            ValidationError(
                _(
                    "This seems to hold an address or a number. The history is kept for good: leave personal data out."
                ),
                code="personal_data",
            ),
        )
