"""The small steps on a message: take it, hand it over, give it back, open it again, let mail go to an address again.
POST only."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    QueryDict,
)
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget

from preferences.imports.facts import mark_reachable
from preferences.inbox.settle import release, reopen, take
from preferences.models import Bounce, Message


class HandOverForm(forms.Form):
    """Whom a message is given to, in place of nobody or of `instead_of`, whom the page named."""

    to = forms.ModelChoiceField(
        queryset=get_user_model().objects.none(),
        label=gettext_lazy("Colleague"),
        empty_label="—",
        widget=UnfoldAdminSelectWidget,
    )
    instead_of = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, row: Message) -> None:
        super().__init__(data, initial={"instead_of": row.assigned_to_id})
        may_handle = ModelBackend().with_perm("preferences.handle_message").filter(is_staff=True)
        others = may_handle.exclude(pk=row.assigned_to_id) if row.assigned_to_id else may_handle
        self.fields["to"].queryset = others.order_by("email")  # type: ignore[attr-defined]


def take_view(request: HttpRequest, message_id: int, model_admin: ModelAdmin) -> HttpResponseBase:
    """Assign it to whoever asks, in place of nobody or of `instead_of`, whom the page named."""
    if refused := _refused(request, "preferences.handle_message"):
        return refused
    row = _row(message_id)
    known = _number(request, "instead_of")
    if row.assigned_to_id != request.user.pk and not take(
        message=row.pk, by=staff_of(request), instead_of=known
    ):
        messages.error(request, _("Somebody else was quicker: look at the message again."))
    return _back(row)


def hand_over_view(request: HttpRequest, message_id: int, model_admin: ModelAdmin) -> HttpResponseBase:
    """Assign it to a colleague who may handle messages."""
    if refused := _refused(request, "preferences.handle_message"):
        return refused
    row = _row(message_id)
    form = HandOverForm(request.POST, row=row)
    if not form.is_valid():
        messages.error(request, _("Choose a colleague who may handle messages."))
    elif take(message=row.pk, by=form.cleaned_data["to"].pk, instead_of=form.cleaned_data["instead_of"]):
        messages.success(request, _("Handed over to %(who)s.") % {"who": form.cleaned_data["to"]})
    else:
        messages.error(request, _("Somebody else was quicker: look at the message again."))
    return _back(row)


def release_view(request: HttpRequest, message_id: int, model_admin: ModelAdmin) -> HttpResponseBase:
    """Give it back, so that it is assigned to nobody."""
    if refused := _refused(request, "preferences.handle_message"):
        return refused
    row = _row(message_id)
    if not release(message=row.pk, by=staff_of(request)):
        messages.info(request, _("You did not have this message any more."))
    return _back(row)


def reopen_view(request: HttpRequest, message_id: int, model_admin: ModelAdmin) -> HttpResponseBase:
    """Let a message that was closed wait again, assigned to whoever opens it."""
    if refused := _refused(request, "preferences.handle_message"):
        return refused
    row = _row(message_id)
    if row.content_deleted_at:
        messages.error(request, _("Its content was deleted: there is nothing left to decide about."))
    elif reopen(message=row.pk, by=staff_of(request), now=timezone.now()):
        messages.success(
            request, _("The message waits again. What it led to stays until it is undone: see below.")
        )
    else:
        messages.info(request, _("This message is open already."))
    return _back(row)


def reachable_view(request: HttpRequest, message_id: int, model_admin: ModelAdmin) -> HttpResponseBase:
    """Let mail go to the address of `bounce` again: it did not come back for good after all."""
    if refused := _refused(request, "preferences.change_contactpoint"):
        return refused
    row = _row(message_id)
    bounce = get_object_or_404(
        Bounce.objects.select_related("contact_point__recipient"),
        pk=_number(request, "bounce"),
        message=row.pk,
    )
    point = bounce.contact_point
    if mark_reachable(recipient=point.recipient_id, contact_point=point.pk):
        said = _("Messages go to the address again.")
        messages.success(request, said)
        model_admin.log_change(request, point.recipient, said)
    else:
        messages.info(request, _("It was already so."))
    return _back(row)


def _refused(request: HttpRequest, permission: str) -> HttpResponseBase | None:
    if not request.user.has_perms(["preferences.view_message", permission]):
        raise PermissionDenied
    return None if request.method == "POST" else HttpResponseNotAllowed(["POST"])


def _row(message_id: int) -> Message:
    return get_object_or_404(Message.objects.only("assigned_to", "content_deleted_at"), pk=message_id)


def _number(request: HttpRequest, name: str) -> int | None:
    number = request.POST.get(name, "")
    return int(number) if number.isdecimal() and len(number) < 19 else None


def staff_of(request: HttpRequest) -> int:
    """The primary key of whoever is signed in; the admin lets nobody else in."""
    if request.user.pk is None:
        raise PermissionDenied
    return request.user.pk


def _back(row: Message) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:preferences_message_change", args=[row.pk]))
