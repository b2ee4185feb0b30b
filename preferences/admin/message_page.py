"""One message: who wrote, what it says, what it led to, and the form by which staff settle it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
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

from preferences.admin.answer_templates import filled
from preferences.admin.message_deadline import deadline_of
from preferences.admin.message_form import DISMISS, FILL, FIND, SETTLE, MessageForm
from preferences.admin.message_steps import staff_of
from preferences.admin.search import find_recipients
from preferences.admin.subjects import Subject, grouped, subjects_of
from preferences.admin.words import FINDINGS, SOURCES
from preferences.decisions.choices import load_choices
from preferences.decisions.history import what_it_covers
from preferences.decisions.in_words import in_words
from preferences.decisions.page import page_for
from preferences.decisions.restorable import is_undoable
from preferences.enums import (
    ContactKind,
    MessageKind,
    MessageState,
    Source,
    State,
    SuppressionReason,
)
from preferences.identity import address_hash, mask_address
from preferences.imports.suppress import suppress_address
from preferences.inbox.letter import LONGEST_TEXT, Letter, read_letter
from preferences.inbox.settle import AlreadyHandled, Answer, Settled, Stops, TextChanged, dismiss, settle
from preferences.inbox.suggestion import from_json
from preferences.ledger import RecipientGone
from preferences.mail.compose import first_spoken
from preferences.mail.send_answer import AnswerRefused, may_be_answered
from preferences.models import (
    AnswerTemplate,
    Brand,
    ContactPoint,
    Message,
    MessageAct,
    Purpose,
    Recipient,
    Suppression,
)
from preferences.scope import Scope

_ASKS_TO_STOP = {MessageKind.STOP, MessageKind.PROFILING, MessageKind.COMPLAINT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the form works with: whom it is about, what can be stopped for them, and the texts to answer with."""

    person: Recipient | None
    subjects: Sequence[Subject]
    templates: Sequence[AnswerTemplate]

    @property
    def values(self) -> list[str]:
        return [subject.value for subject in self.subjects]

    def choices(self, kind: str) -> list[tuple[str, Any]]:
        """The templates to choose from, those made for this kind of message first."""
        suggested = [(str(one.pk), one.name) for one in self.templates if kind in one.kinds]
        others = [(str(one.pk), one.name) for one in self.templates if kind not in one.kinds]
        return [(_("Suggested"), suggested), (_("Others"), others)] if suggested else others


def message_view(request: HttpRequest, message_id: int, model_admin: ModelAdmin) -> HttpResponseBase:
    """The message; POST acts by the button pressed: settle it, set it aside, or only fill in a person or a text."""
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
    letter = _letter(row)
    desk = form = None
    if may_handle and row.state == MessageState.WAITING:
        desk = _desk(row, person=_person(request, row), now=now)
        way = request.POST.get("way", "")
        if way in {SETTLE, DISMISS}:
            form = MessageForm(
                request.POST,
                way=way,
                values=desk.values,
                templates=desk.choices(row.kind),
                may_suppress=_may_suppress(request, row),
            )
            if form.is_valid():
                return _act(request, row, form, desk=desk, now=now)
        else:
            desk, form = _fill_in(request, row, desk=desk, now=now)
    chosen = form["subjects"].value() or [] if form else []
    return TemplateResponse(
        request,
        "admin/preferences/message.html",
        {
            **model_admin.admin_site.each_context(request),
            "model_admin": model_admin,
            "title": _("Message #%(number)s") % {"number": row.pk},
            "message_row": row,
            "letter": letter,
            "subject": row.subject or (letter.subject if letter else ""),
            "text": _text(row, letter),
            "findings": _findings(row),
            "deadline": deadline_of(row, now=now),
            "matched": _how_matched(row, letter),
            "masked": mask_address(kind=ContactKind(row.contact_point.kind), value=row.contact_point.value)
            if row.contact_point
            else "",
            "suppression": _suppression(row),
            "copies": [
                {"row": copy, "letter": read_letter(bytes(copy.raw)) if copy.raw else None}
                for copy in row.copies.order_by("pk")
            ],
            "acts": _acts(row),
            "bounces": row.bounces.select_related("contact_point").order_by("pk"),
            "answers": row.answers.prefetch_related("attempts").order_by("pk"),
            "desk": desk,
            "form": form,
            "groups": _groups(desk, chosen=chosen, kind=row.kind) if desk else [],
            "chosen": chosen,
            "candidates": _candidates(row, letter) if desk and desk.person is None else [],
            "may_handle": may_handle,
            "may_answer": desk is not None and may_be_answered(row),
            "may_undo": request.user.has_perms(["preferences.view_recipient", "preferences.act_on_behalf"]),
            "may_suppress": desk is not None and _may_suppress(request, row),
            "may_reopen": may_handle and row.state not in {MessageState.WAITING, MessageState.RECEIVED},
        },
        status=400 if form and form.is_bound and form.errors else 200,
    )


def _letter(row: Message) -> Letter | None:
    """The message taken apart; None where it is a report of the e-mail service, or its content was deleted."""
    return None if row.raw is None or row.is_report else read_letter(bytes(row.raw))


def _text(row: Message, letter: Letter | None) -> str:
    """What there is to read: of reports, which nobody wrote, whatever stands in them."""
    if row.text or row.raw is None:
        return row.text
    return letter.text if letter else bytes(row.raw).decode(errors="replace")[:LONGEST_TEXT]


def _person(request: HttpRequest, row: Message) -> Recipient | None:
    """Whom the form is about: the one it came with, else the one the message was matched with; the living ones."""
    posted = request.POST.get("person", "") if request.method == "POST" else None
    if posted is None:
        return _living(row.recipient_id)
    return _living(int(posted)) if posted.isdecimal() and len(posted) < 19 else None


def _living(recipient: int | None) -> Recipient | None:
    """The recipient, or the one it was merged into; None where there is none, or the data was erased."""
    found = (
        Recipient.objects.select_related("merged_into").filter(pk=recipient).first() if recipient else None
    )
    found = (found.merged_into or found) if found else None
    return None if found is None or found.erased_at else found


def _desk(row: Message, *, person: Recipient | None, now: dt.datetime) -> Desk:
    subjects = subjects_of(page=page_for(recipient=person, now=now)) if person else []
    suggested = set(from_json(row.suggestion)) - {subject.scope for subject in subjects} if person else set()
    return Desk(
        person=person,
        subjects=[*(_no_longer_offered(suggested) if suggested else []), *subjects],
        templates=list(AnswerTemplate.objects.filter(retired_at=None).order_by("position", "pk")),
    )


def _no_longer_offered(scopes: set[Scope]) -> list[Subject]:
    """What was suggested and stands on no page any more; it can be stopped all the same."""
    brands = Brand.objects.in_bulk([scope.brand for scope in scopes if scope.brand])
    purposes = Purpose.objects.select_related("brand").in_bulk(
        [scope.purpose for scope in scopes if scope.purpose]
    )
    return [
        Subject(
            value=f"suggested.{scope.kind}.{scope.brand or ''}.{scope.purpose or ''}.{scope.channel or ''}",
            label=in_words(
                kind=scope.kind,
                brand=brands.get(scope.brand or 0),
                purpose=purposes.get(scope.purpose or 0),
                channel=scope.channel,
            ),
            scope=scope,
            state_now="",
            is_on=True,
        )
        for scope in scopes
    ]


def _fill_in(request: HttpRequest, row: Message, *, desk: Desk, now: dt.datetime) -> tuple[Desk, MessageForm]:
    """The form as it was sent, or a new one, with the person or the text filled in that was asked for."""
    way, post = request.POST.get("way", ""), request.POST
    if request.method == "POST":
        initial: dict[str, Any] = {name: post.get(name, "") for name in MessageForm.base_fields}
        initial |= {
            "subjects": post.getlist("subjects"),
            "suppress": "suppress" in post,
            "send": "send" in post,
        }
    else:
        initial = _blank(row, desk)
    problem = ""
    if way == FIND or "choose" in post:
        untouched = _words(row, desk, template=initial["template"], language=initial["language"])
        desk, problem = _find(request, row, desk=desk, now=now)
        if not problem:
            if initial["text"].split() == untouched["text"].split():
                initial |= _words(row, desk, template=initial["template"], language=_spoken(desk))
            initial |= {
                "person": desk.person.pk if desk.person else None,
                "other": "",
                "subjects": _suggested(row, desk),
                # Not asked for while nobody was found.
                "reason": initial["reason"] or _reason(row),
            }
    elif way == FILL:
        initial |= _words(row, desk, template=initial["template"], language=initial["language"]) | {
            "send": True
        }
    form = MessageForm(initial=initial, values=desk.values, templates=desk.choices(row.kind))
    if problem:
        messages.error(request, problem)
    return desk, form


def _find(request: HttpRequest, row: Message, *, desk: Desk, now: dt.datetime) -> tuple[Desk, str]:
    """The desk with the person asked for; or as it is, and what went wrong."""
    number = request.POST.get("choose", "")
    text = f"#{number}" if number else request.POST.get("other", "").replace("\x00", "")
    found = {person.pk: person for pk in find_recipients(text=text) if (person := _living(pk))}
    if len(found) != 1:
        return desk, (
            _("That belongs to several people: use the number of one, such as #12.")
            if found
            else _("Nobody on record has this address, number or id.")
        )
    (person,) = found.values()
    return _desk(row, person=person, now=now), ""


def _blank(row: Message, desk: Desk) -> dict[str, Any]:
    """A new form: the suggestion chosen, and the first template for such messages filled in, not yet to be sent."""
    template = next((str(one.pk) for one in desk.templates if row.kind in one.kinds), "")
    return {
        "seen": row.copies.count(),
        "person": desk.person.pk if desk.person else None,
        "subjects": _suggested(row, desk),
        "reason": _reason(row),
        **_words(row, desk, template=template, language=_spoken(desk)),
    }


def _reason(row: Message) -> str:
    """What the history says of where a stop came from: nothing that names anybody."""
    return _("Message #%(number)s") % {"number": row.pk}


def _spoken(desk: Desk) -> str:
    return first_spoken(desk.person.language if desk.person else "")


def _words(row: Message, desk: Desk, *, template: str, language: str) -> dict[str, str]:
    """Subject and text of a template (primary key, as the form has it) in a language; nothing for none."""
    chosen = next((one for one in desk.templates if str(one.pk) == template), None)
    language = first_spoken(language)
    if chosen is None:
        return {"template": "", "language": language, "subject": "", "text": ""}
    subject, text = filled(template=chosen, language=language, brand=row.brand)
    return {"template": template, "language": language, "subject": subject, "text": text}


def _suggested(row: Message, desk: Desk) -> list[str]:
    scopes = set(from_json(row.suggestion))
    return [subject.value for subject in desk.subjects if subject.scope in scopes]


def _groups(desk: Desk, *, chosen: Sequence[str], kind: str) -> list[dict[str, Any]]:
    """What can be stopped. A group stands open where something in it is chosen, and the first where nothing else is
    and the message asks to stop something."""
    groups = [
        {**group, "is_open": any(subject.value in chosen for subject in group["subjects"])}
        for group in grouped(desk.subjects)
    ]
    if kind in _ASKS_TO_STOP and not chosen:
        groups[0]["is_open"] = True
    return groups


def _act(
    request: HttpRequest, row: Message, form: MessageForm, *, desk: Desk, now: dt.datetime
) -> HttpResponseBase:
    """Do what the valid form says, and go back to the message, which says what became of it."""
    data, by = form.cleaned_data, staff_of(request)
    try:
        if request.POST["way"] == DISMISS:
            dismiss(message=row.pk, by=by, seen=data["seen"], note=data["note"], now=now)
            messages.success(request, _("Set aside as no request."))
        else:
            settled = _settle(request, row, data, desk=desk, by=by, now=now)
            _tell(request, settled, subjects=desk.subjects)
    except AlreadyHandled as error:
        return _already_handled(request, error.message)
    except TextChanged:
        messages.error(
            request,
            _("Nothing has been done: the message has come once more, with another text. Look at it first."),
        )
    except AnswerRefused:
        messages.error(request, _("Nothing has been done: this message cannot be answered."))
    except RecipientGone:
        messages.error(request, _("Nothing has been done: this person's data was erased in the meantime."))
    return HttpResponseRedirect(_path(row))


def _settle(
    request: HttpRequest, row: Message, data: dict[str, Any], *, desk: Desk, by: int, now: dt.datetime
) -> Settled:
    scopes = tuple(subject.scope for subject in desk.subjects if subject.value in data["subjects"])
    stops = (
        Stops(recipient=desk.person.pk, scopes=scopes, reason=data["reason"])
        if scopes and desk.person
        else None
    )
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
                note=_reason(row),
                by=by,
                now=now,
            )
        return settle(message=row.pk, by=by, seen=data["seen"], stops=stops, answer=answer, now=now)


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


def _findings(row: Message) -> list[dict[str, Any]]:
    """What the mail server found out about the sender, in plain words; `sign` is `yes`, `no`, or empty for neither."""
    found = []
    for check, results in FINDINGS.items():
        result = str(row.evidence.get(check, "")).lower()
        if result:
            sign, words = results.get(result, ("", _("No clear result")))
            found.append({"check": check.upper(), "sign": sign, "words": words})
    return found


def _how_matched(row: Message, letter: Letter | None) -> str:
    """By what the person was found."""
    if row.kind == MessageKind.STOP_LINK:
        return _("By the unsubscribe token in it, whoever sent it")
    if row.kind in {MessageKind.BOUNCE, MessageKind.COMPLAINT}:
        return _("By the mail of ours it is about")
    point = row.contact_point
    if point is None:
        return ""
    if point.normalized == row.sender:
        return _("By the sender's address")
    if letter and point.normalized == letter.reply_to:
        return _("By the address for replies")
    return ""


def _candidates(row: Message, letter: Letter | None) -> list[dict[str, Any]]:
    """The people the addresses in it belong to, where they are several."""
    addresses = {address for address in (row.sender, letter.reply_to if letter else "") if address}
    points = ContactPoint.objects.filter(
        kind=ContactKind.EMAIL, normalized__in=addresses, recipient__erased_at=None
    ).order_by("recipient")
    return [
        {"person": point.recipient_id, "masked": mask_address(kind=ContactKind.EMAIL, value=point.value)}
        for point in points
    ]


def _may_suppress(request: HttpRequest, row: Message) -> bool:
    return bool(row.sender) and request.user.has_perm("preferences.add_suppression")


def _suppression(row: Message) -> Suppression | None:
    """The suppression in force for the sender's address, where there is one."""
    if not row.sender:
        return None
    hashed = address_hash(kind=ContactKind.EMAIL, normalized=row.sender)
    return Suppression.objects.in_force().filter(address_hash=hashed).first()


def _acts(row: Message) -> list[dict[str, Any]]:
    """Every Event the message led to, and whether it can be undone."""
    acts = list(
        MessageAct.objects.filter(message=row)
        .select_related("event__brand", "event__purpose", "event__staff", "event__undone_by")
        .order_by("event")
    )
    people = {act.event.recipient_id for act in acts}
    choices = {person: load_choices(person) for person in people}
    return [
        {
            "event": act.event,
            "what": what_it_covers(act.event),
            "state": str(State(act.event.state).label),
            "source": SOURCES[Source(act.event.source)],
            "is_undone": hasattr(act.event, "undone_by"),
            "undoable": is_undoable(
                event=act.event,
                choices=choices[act.event.recipient_id],
                undone=hasattr(act.event, "undone_by"),
            ),
        }
        for act in acts
    ]
