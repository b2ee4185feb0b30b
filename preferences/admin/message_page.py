"""One message: who wrote, what it says, what it led to, and the form by which staff settle it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from preferences.admin.message_deadline import deadline_of
from preferences.admin.message_desk import Desk, desk_for, living
from preferences.admin.message_findings import contents_of, led_to, sender_of
from preferences.admin.message_form import DISMISS, FILL, FIND, SETTLE, MessageForm
from preferences.admin.message_steps import HandOverForm, staff_of
from preferences.admin.search import find_recipients
from preferences.admin.subjects import Subject
from preferences.enums import ContactKind, MessageState, SuppressionReason
from preferences.imports.suppress import suppress_address
from preferences.inbox.settle import AlreadyHandled, Answer, Settled, Stops, TextChanged, dismiss, settle
from preferences.ledger import RecipientGone
from preferences.mail.send_answer import AnswerRefused
from preferences.models import Message, Recipient

_CLOSED = {*MessageState} - {MessageState.WAITING, MessageState.RECEIVED}


def message_view(request: HttpRequest, message_id: int, model_admin: ModelAdmin) -> HttpResponseBase:
    """The message; POST acts by the button pressed: settle it, set it aside, or only fill in a person or a text.

    `?copy=` (primary key) shows that copy in place of the newest ones.
    """
    if not request.user.has_perm("preferences.view_message"):
        raise PermissionDenied
    row = get_object_or_404(
        Message.objects.select_related("brand", "recipient", "contact_point", "assigned_to", "handled_by"),
        pk=message_id,
    )
    may_handle = request.user.has_perm("preferences.handle_message")
    if request.method == "POST" and not may_handle:
        raise PermissionDenied
    if request.method == "POST" and row.state != MessageState.WAITING:
        return _already_handled(request, row)
    now = timezone.now()
    form = None
    if may_handle and row.state == MessageState.WAITING:
        form = _form(request, row, now=now)
        if form.is_bound and form.pressed in {SETTLE, DISMISS}:
            if form.is_valid():
                if done := _act(request, row, form, now=now):
                    return done
                form = _once_more(request, row, form, now=now)
        else:
            form = _filled_in(request, row, form, now=now)
    copy = request.GET.get("copy", "")
    contents = contents_of(row, copy=int(copy) if copy.isdecimal() and len(copy) < 19 else None)
    return TemplateResponse(
        request,
        "admin/preferences/message.html",
        {
            **model_admin.admin_site.each_context(request),
            "model_admin": model_admin,
            "title": _("Message #%(number)s") % {"number": row.pk},
            "message_row": row,
            "contents": contents,
            "sender": sender_of(row, letter=contents.letter),
            "deadline": deadline_of(row, now=now),
            "led_to": led_to(row),
            "form": form,
            "groups": form.desk.groups(chosen=form["subjects"].value() or []) if form else [],
            "hand_over": HandOverForm(row=row) if form else None,
            "may_handle": may_handle,
            "may_undo": request.user.has_perms(["preferences.view_recipient", "preferences.act_on_behalf"]),
            "may_reopen": may_handle and row.state in _CLOSED and not row.content_deleted_at,
        },
        status=400 if form and form.is_bound and form.errors else 200,
    )


def _form(request: HttpRequest, row: Message, *, now: dt.datetime) -> MessageForm:
    """The form as it was sent, or an empty one, about the person it came with, else about whom the message is from."""
    form = MessageForm(request.POST if request.method == "POST" else None)
    person = living(form.number("person") if form.is_bound else row.recipient_id)
    form.offer(_desk(request, row, person=person, now=now))
    return form


def _desk(request: HttpRequest, row: Message, *, person: Recipient | None, now: dt.datetime) -> Desk:
    may_add = request.user.has_perm("preferences.add_suppression")
    return desk_for(row, person=person, may_add_suppressions=may_add, now=now)


def _filled_in(request: HttpRequest, row: Message, form: MessageForm, *, now: dt.datetime) -> MessageForm:
    """The form as it was sent, or a new one, with the person or the text filled in that was asked for."""
    desk = form.desk
    values = form.entered() if form.is_bound else desk.blank()
    if form.pressed == FIND:
        person, problem = _find(form)
        if person:
            desk = _desk(request, row, person=person, now=now)
            values |= {"person": person.pk, "other": "", "subjects": desk.suggested}
            # Not asked for while nobody was found.
            values["reason"] = values["reason"] or desk.reason
            if desk.is_prepared(values["text"] or ""):
                values |= desk.words(template=values["template"] or "", language=desk.language)
        else:
            messages.error(request, problem)
    elif form.pressed == FILL:
        values |= desk.words(template=values["template"] or "", language=values["language"] or "")
        values |= {"send": True, "needless": False}
    filled = MessageForm(initial=values)
    filled.offer(desk)
    return filled


def _find(form: MessageForm) -> tuple[Recipient | None, str]:
    """The person asked for; or nobody, and why."""
    number = form.number("choose")
    text = f"#{number}" if number else str(form["other"].data or "").replace("\x00", "")
    found = {person.pk: person for pk in find_recipients(text=text) if (person := living(pk))}
    if len(found) == 1:
        return next(iter(found.values())), ""
    return None, (
        _("That belongs to several people: use the number of one, such as #12.")
        if found
        else _("Nobody on record has this address, number or id.")
    )


def _once_more(request: HttpRequest, row: Message, form: MessageForm, *, now: dt.datetime) -> MessageForm:
    """The form as it was sent, beside the message as it is by now, so that nothing anybody wrote is lost."""
    person = living(form.number("person"))
    again = MessageForm(
        initial=form.entered() | {"seen": row.copies.count(), "person": person.pk if person else None}
    )
    again.offer(_desk(request, row, person=person, now=now))
    return again


def _act(
    request: HttpRequest, row: Message, form: MessageForm, *, now: dt.datetime
) -> HttpResponseBase | None:
    """Do what the valid form says, and go back to the message, which says what became of it; None for nothing done."""
    data, by = form.cleaned_data, staff_of(request)
    try:
        if form.pressed == DISMISS:
            dismiss(message=row.pk, by=by, seen=data["seen"], note=data["note"], now=now)
            messages.success(request, _("Set aside as no request."))
        else:
            settled = _settle(row, data, desk=form.desk, by=by, now=now)
            _tell(request, settled, subjects=form.desk.subjects)
    except AlreadyHandled as error:
        return _already_handled(request, error.message)
    except TextChanged:
        said = _(
            "Nothing has been done: the message has come once more, with another text. Look at it first."
        )
    except AnswerRefused:
        said = _("Nothing has been done: this message cannot be answered.")
    except RecipientGone:
        said = _("Nothing has been done: this person's data was erased in the meantime.")
    else:
        return HttpResponseRedirect(_path(row))
    messages.error(request, said)
    return None


def _settle(row: Message, data: dict[str, Any], *, desk: Desk, by: int, now: dt.datetime) -> Settled:
    scopes = tuple(subject.scope for subject in desk.subjects if subject.value in data["subjects"])
    person = desk.person.pk if desk.person else None
    stops = Stops(scopes=scopes, reason=data["reason"]) if scopes and person else None
    answer = (
        Answer(subject=data["subject"], text=data["text"], language=data["language"])
        if data["send"]
        else None
    )
    with transaction.atomic():
        # Taken back with the rest, should somebody else have been quicker.
        if data["suppress"]:
            suppress_address(
                kind=ContactKind.EMAIL,
                value=row.sender,
                reason=SuppressionReason.REQUEST,
                note=desk.reason,
                by=by,
                now=now,
            )
        return settle(
            message=row.pk,
            by=by,
            seen=data["seen"],
            person=person,
            stops=stops,
            answer=answer,
            now=now,
        )


def _tell(request: HttpRequest, settled: Settled, *, subjects: Sequence[Subject]) -> None:
    labels = {subject.scope: subject.label for subject in subjects}
    for result in settled.results:
        messages.success(request, f"{result.outcome.label}: {labels[result.change.scope]}")
    if settled.mail:
        messages.success(request, _("The answer is on its way."))
    messages.success(request, _("The message is settled."))


def _already_handled(request: HttpRequest, row: Message) -> HttpResponseRedirect:
    messages.warning(
        request,
        _("Nothing has been done now: this message was already handled by %(who)s on %(time)s.")
        % {
            "who": row.handled_by or _("the system"),
            "time": date_format(timezone.localtime(row.handled_at), "j M Y, H:i") if row.handled_at else "–",
        },
    )
    return HttpResponseRedirect(_path(row))


def _path(row: Message) -> str:
    return reverse("admin:preferences_message_change", args=[row.pk])
