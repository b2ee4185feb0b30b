"""The one form on a message: stop something and answer, or set it aside."""

from __future__ import annotations

from collections.abc import Sequence
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
from preferences.inbox.settle import CHANGES
from preferences.personal_data import names_personal_data

SETTLE, DISMISS = "settle", "dismiss"
# These two fill something in and save nothing.
FIND, FILL = "find", "fill"

_LONGEST_ANSWER = 20_000


class MessageForm(forms.Form):
    """`way` is the button pressed: SETTLE asks for a stop, a suppression or an answer, DISMISS for a reason."""

    seen = forms.IntegerField(widget=forms.HiddenInput)
    person = forms.IntegerField(required=False, widget=forms.HiddenInput)
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

    def __init__(
        self,
        *args: Any,
        way: str = "",
        may_suppress: bool = False,
        values: Sequence[str] = (),
        templates: Sequence[tuple[str, Any]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._way = way
        self._may_suppress = may_suppress
        self.fields["subjects"].choices = [(value, value) for value in values]  # type: ignore[attr-defined]
        self.fields["template"].choices = [("", "—"), *templates]  # type: ignore[attr-defined]

    def clean_suppress(self) -> bool:
        return self.cleaned_data["suppress"] and self._may_suppress

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self._way == DISMISS:
            self._clean_note(data.get("note", ""))
        else:
            self._clean_act(data)
            if data.get("send"):
                self._clean_answer(data)
        return data

    def _clean_note(self, note: str) -> None:
        if not note.strip():
            self.add_error("note", ValidationError(_("Say why."), code="missing"))
        elif names_personal_data(note):
            self._names_personal_data("note")

    def _clean_act(self, data: dict[str, Any]) -> None:
        stops = data.get("subjects")
        if not (stops or data.get("suppress") or data.get("send") or self.errors):
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

    def _clean_answer(self, data: dict[str, Any]) -> None:
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
