"""Change something on a person's behalf: through the ledger, with route, time and reason, in sight of the person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from preferences import ledger
from preferences.admin.subjects import Subject, grouped, subjects_of
from preferences.decisions.page import PreferencePage, page_for
from preferences.enums import Actor, Outcome, Route, Source, State
from preferences.ledger import Change, ChangeResult, Evidence
from preferences.models import Recipient
from preferences.models.wording import WordingText
from preferences.personal_data import names_personal_data

# On these, staff read the words out or send them; by letter or e-mail the person was shown nothing of ours.
_TOLD_IN_PERSON = {Route.PHONE, Route.CHAT, Route.IN_PERSON}


class ReasonForm(forms.Form):
    """Why and how staff act: asked on every form by which they change something for somebody."""

    route = forms.ChoiceField(
        label=_("How the request came in"),
        choices=[("", "—"), *Route.choices],
        widget=UnfoldAdminSelectWidget,
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_(
            "The person can read this in their history. It is kept for good, so write no names, addresses or numbers."
        ),
    )

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"]
        if names_personal_data(reason):
            raise ValidationError(
                _(
                    "This seems to hold an address or a number. The history is kept for good: leave personal data out."
                ),
                code="personal_data",
            )
        return reason


class OnBehalfForm(ReasonForm):
    subjects = forms.MultipleChoiceField(
        label=_("What to change"), error_messages={"required": _("Choose at least one thing to change.")}
    )
    answer = forms.ChoiceField(
        label=_("What the person said"),
        choices=[(State.OPTED_OUT, _("No, stop this")), (State.OPTED_IN, _("Yes, start this"))],
        widget=UnfoldAdminRadioSelectWidget,
    )
    received_at = forms.DateTimeField(
        label=_("When the request was received"),
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local", "class": "native-input"}, format="%Y-%m-%dT%H:%M"
        ),
        help_text=_("Universal time (UTC)."),
    )
    route = forms.ChoiceField(
        label=_("How the request came in"),
        choices=[("", "—"), *Route.choices],
        widget=UnfoldAdminSelectWidget,
        help_text=_(
            "By phone, in a chat or in person, the words above are kept as the text the person was told."
        ),
    )
    field_order = ("subjects", "answer", "route", "received_at", "reason")

    def __init__(self, *args: Any, values: Sequence[str], now: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._now = now
        self.fields["subjects"].choices = [(value, value) for value in values]  # type: ignore[attr-defined]
        self.fields["received_at"].widget.attrs["max"] = now.strftime("%Y-%m-%dT%H:%M")

    def clean_received_at(self) -> dt.datetime:
        received_at: dt.datetime = self.cleaned_data["received_at"]
        if received_at > self._now:
            raise ValidationError(_("This time has not come yet."), code="in_the_future")
        return received_at


def on_behalf_view(request: HttpRequest, recipient_id: int, model_admin: ModelAdmin) -> HttpResponseBase:
    """The form; on POST, what became of each change. Nothing is sent twice by a reload: a repeat changes nothing."""
    if not request.user.has_perms(["preferences.view_recipient", "preferences.act_on_behalf"]):
        raise PermissionDenied
    recipient = get_object_or_404(Recipient, pk=recipient_id)
    if recipient.erased_at or recipient.merged_into_id:
        return HttpResponseRedirect(reverse("admin:preferences_recipient_change", args=[recipient.pk]))
    now = timezone.now()
    chosen = request.POST.getlist("subjects") if request.method == "POST" else request.GET.getlist("what")
    subjects = _subjects(recipient=recipient, chosen=chosen)
    values = [subject.value for subject in subjects]
    form = OnBehalfForm(
        request.POST if request.method == "POST" else None,
        initial={"received_at": now},
        values=values,
        now=now,
    )
    results: list[dict[str, Any]] = []
    if request.method == "POST" and form.is_valid():
        recorded = _record(
            recipient=recipient, data=form.cleaned_data, subjects=subjects, staff=request.user.pk, now=now
        )
        results = _in_words(recorded, subjects=subjects)
    return TemplateResponse(
        request,
        "admin/preferences/on_behalf.html",
        {
            **model_admin.admin_site.each_context(request),
            "model_admin": model_admin,
            "title": gettext("Change something for #%(number)s") % {"number": recipient.pk},
            "recipient": recipient,
            "contact_points": recipient.contact_points.order_by("pk"),
            "form": form,
            "groups": grouped(subjects),
            "results": results,
        },
        status=400 if form.errors else 200,
    )


def _record(
    *,
    recipient: Recipient,
    data: dict[str, Any],
    subjects: Sequence[Subject],
    staff: int | None,
    now: dt.datetime,
) -> Sequence[ChangeResult]:
    route = Route(data["route"])
    return ledger.record(
        recipient=recipient.pk,
        changes=[
            Change(
                scope=subject.scope,
                state=State(data["answer"]),
                wording=subject.wording if route in _TOLD_IN_PERSON else None,
            )
            for subject in subjects
            if subject.value in data["subjects"]
        ],
        evidence=Evidence(
            source=Source.STAFF,
            actor=Actor.STAFF,
            staff=staff,
            route=route,
            reason=data["reason"],
            notice=True,
            # The form has whole minutes; a request of this minute has not been made before what was said in it.
            occurred_at=now if now - data["received_at"] < dt.timedelta(minutes=1) else data["received_at"],
        ),
        now=now,
    ).results


def _subjects(*, recipient: Recipient, chosen: Sequence[str]) -> list[Subject]:
    """Everything on the person's page, labelled in the language of staff, worded in that of the person."""
    page = page_for(recipient=recipient, now=timezone.now())
    spoken = (
        recipient.language if recipient.language in dict(settings.LANGUAGES) else translation.get_language()
    )
    with translation.override(spoken):
        wordings = _wordings(page_for(recipient=recipient, now=timezone.now()))
    return subjects_of(page=page, chosen=chosen, wordings=wordings)


def _wordings(page: PreferencePage) -> dict[str, WordingText]:
    return {switch.field: switch.wording for switch in page.switches} | {
        stop.value: stop.wording for stop in page.stops
    }


def _in_words(results: Sequence[ChangeResult], *, subjects: Sequence[Subject]) -> list[dict[str, Any]]:
    labels = {subject.scope: subject.label for subject in subjects}
    return [
        {
            "label": labels[result.change.scope],
            "outcome": result.outcome.label,
            "detail": _detail(result),
            "is_good": result.outcome in {Outcome.CHANGED, Outcome.ALREADY_SO},
            "event": result.event,
        }
        for result in results
    ]


def _detail(result: ChangeResult) -> str:
    """What staff have to know besides the outcome."""
    if result.refusal:
        return str(result.refusal.label)
    if result.state is not State.PENDING:
        return ""
    if result.lacks_address:
        return gettext(
            "The law asks the person to confirm this by e-mail, and there is no address we can send the link to."
        )
    if result.mail_due_at is None:
        return gettext(
            "The law asks the person to confirm this, and the request is too old for that. Ask anew."
        )
    return gettext("It starts once the person has confirmed it by e-mail. Nobody else can.")
