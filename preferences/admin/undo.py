"""Take one change back on a person's behalf."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from preferences import ledger
from preferences.admin.on_behalf import ReasonForm
from preferences.decisions.choices import load_choices
from preferences.decisions.history import what_it_covers
from preferences.decisions.restorable import restorable
from preferences.enums import Actor, Outcome, Route, Source
from preferences.ledger import Evidence, RecipientGone
from preferences.models import Event


def undo_view(
    request: HttpRequest, recipient_id: int, event_id: int, model_admin: ModelAdmin
) -> HttpResponseBase:
    """GET says what would be restored, POST restores it. `?message` leads back to the message the event came of."""
    if not request.user.has_perms(["preferences.view_recipient", "preferences.act_on_behalf"]):
        raise PermissionDenied
    event = get_object_or_404(
        Event.objects.select_related("brand", "purpose", "message_act"),
        pk=event_id,
        recipient=recipient_id,
    )
    screen = reverse("admin:preferences_recipient_change", args=[recipient_id])
    initial: dict[str, str] = {}
    if "message" in request.GET and hasattr(event, "message_act"):
        message = event.message_act.message_id
        screen = reverse("admin:preferences_message_change", args=[message])
        initial = {"route": Route.EMAIL, "reason": _("Message #%(number)s") % {"number": message}}
    form = ReasonForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            result = ledger.undo(
                event=event.pk,
                evidence=Evidence(
                    source=Source.UNDO,
                    actor=Actor.STAFF,
                    staff=request.user.pk,
                    route=Route(form.cleaned_data["route"]),
                    reason=form.cleaned_data["reason"],
                    notice=True,
                ),
                now=timezone.now(),
            )
        except RecipientGone:
            messages.error(
                request, _("This person's record was merged or erased: the change can no longer be undone.")
            )
            return HttpResponseRedirect(screen)
        if result.outcome is Outcome.CHANGED:
            messages.success(request, _("Undone. The change and its undo both stay in the history."))
        else:
            messages.error(request, str(result.refusal.label if result.refusal else result.outcome.label))
        return HttpResponseRedirect(screen)
    found = restorable(event=event, choices=load_choices(recipient_id))
    return TemplateResponse(
        request,
        "admin/preferences/undo.html",
        {
            **model_admin.admin_site.each_context(request),
            "model_admin": model_admin,
            "title": _("Undo event %(number)s") % {"number": event.pk},
            "event": event,
            "what": what_it_covers(event),
            "restored": found.state_after.label,
            "refusal": found.refusal.label if found.refusal else "",
            "form": form,
            "screen": screen,
        },
        status=400 if form.errors else 200,
    )
