"""What the form on a message works with: whom it is about, what can be stopped, and the texts to answer with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from preferences.admin.answer_templates import filled
from preferences.admin.subjects import Subject, grouped, subjects_of
from preferences.decisions.in_words import in_words
from preferences.decisions.page import page_for
from preferences.enums import MessageKind
from preferences.inbox.suggestion import from_json
from preferences.mail.compose import first_spoken
from preferences.mail.send_answer import may_be_answered
from preferences.models import AnswerTemplate, Brand, Message, Purpose, Recipient
from preferences.scope import Scope

# Says that somebody's data is gone.
ERASURE_TEMPLATE = "erasure"

_ASKS_TO_STOP = {MessageKind.STOP, MessageKind.PROFILING, MessageKind.COMPLAINT}
_ASKS_FOR_AN_ANSWER = {MessageKind.ACCESS, MessageKind.ERASURE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A message that waits, the person it is about as far as known, and what staff may do with it."""

    message: Message
    person: Recipient | None
    subjects: Sequence[Subject]
    templates: Sequence[AnswerTemplate]
    may_answer: bool
    may_suppress: bool

    @property
    def needs_answer(self) -> bool:
        """Whether it is not settled before somebody was answered, or staff say that nobody has to be."""
        return self.may_answer and self.message.kind in _ASKS_FOR_AN_ANSWER

    @property
    def language(self) -> str:
        """The one to answer in. Of whoever was erased since, the message keeps it."""
        return first_spoken(self.person.language if self.person else self.message.language)

    @property
    def answers_to(self) -> str:
        """Where an answer goes: to whom the message is from by now, who may be another than it was matched with."""
        point, person = self.message.contact_point, self.person
        is_somebody_elses = point is not None and person is not None and point.recipient_id != person.pk
        return self.message.sender if is_somebody_elses else self.message.answer_to

    @property
    def suggested(self) -> list[str]:
        """What the message asks to stop, as the form names it."""
        scopes = set(from_json(self.message.suggestion))
        return [subject.value for subject in self.subjects if subject.scope in scopes]

    @property
    def reason(self) -> str:
        """What the history says of where a stop came from: nothing that names anybody."""
        return _("Message #%(number)s") % {"number": self.message.pk}

    @property
    def template_choices(self) -> list[tuple[str, Any]]:
        """The templates to choose from, those made for this kind of message first."""
        kind = self.message.kind
        suggested = [(str(one.pk), one.name) for one in self.templates if kind in one.kinds]
        others = [(str(one.pk), one.name) for one in self.templates if kind not in one.kinds]
        return [(_("Suggested"), suggested), (_("Others"), others)] if suggested else others

    def blank(self) -> dict[str, Any]:
        """A new form: the suggestion chosen, and the first template for such messages filled in.

        It is ticked to be sent only where the message asks for an answer.
        """
        template = next((str(one.pk) for one in self.templates if self.message.kind in one.kinds), "")
        return {
            "seen": self.message.copies.count(),
            "person": self.person.pk if self.person else None,
            "subjects": self.suggested,
            "reason": self.reason,
            "send": bool(template) and self.needs_answer,
            **self.words(template=template, language=self.language),
        }

    def words(self, *, template: str, language: str) -> dict[str, str]:
        """Subject and text of a template (primary key, as the form has it) in a language; nothing for none."""
        chosen, language = self._template(template), first_spoken(language)
        if chosen is None:
            return {"template": "", "language": language, "subject": "", "text": ""}
        subject, text = filled(template=chosen, language=language, brand=self.message.brand)
        return {"template": template, "language": language, "subject": subject, "text": text}

    def is_prepared(self, text: str) -> bool:
        """Whether nobody wrote anything: a text is empty, or a template as it is filled in, in whatever language."""
        written = text.split()
        return not written or any(
            written == filled(template=one, language=language, brand=self.message.brand)[1].split()
            for one in self.templates
            for language, _name in settings.LANGUAGES
        )

    def says_erased_too_early(self, template: str) -> bool:
        """Whether a template says that the person's data is gone, while it is there."""
        chosen = self._template(template)
        return self.person is not None and chosen is not None and chosen.key == ERASURE_TEMPLATE

    def groups(self, *, chosen: Sequence[str]) -> list[dict[str, Any]]:
        """What can be stopped. A group stands open where something in it is chosen, and the first where nothing else
        is and the message asks to stop something."""
        groups = [
            {**group, "is_open": any(subject.value in chosen for subject in group["subjects"])}
            for group in grouped(self.subjects)
        ]
        if self.message.kind in _ASKS_TO_STOP and not chosen:
            groups[0]["is_open"] = True
        return groups

    def _template(self, value: str) -> AnswerTemplate | None:
        return next((one for one in self.templates if str(one.pk) == value), None)


def desk_for(
    message: Message, *, person: Recipient | None, may_add_suppressions: bool, now: dt.datetime
) -> Desk:
    """The desk for a message, with what is on the page of the person it is about."""
    subjects = subjects_of(page=page_for(recipient=person, now=now)) if person else []
    suggested = set(from_json(message.suggestion)) - {subject.scope for subject in subjects}
    return Desk(
        message=message,
        person=person,
        subjects=[*(_no_longer_offered(suggested) if person and suggested else []), *subjects],
        templates=list(AnswerTemplate.objects.filter(retired_at=None).order_by("position", "pk")),
        may_answer=may_be_answered(message),
        may_suppress=may_add_suppressions and bool(message.sender),
    )


def living(recipient: int | None) -> Recipient | None:
    """The recipient (primary key), or the one it was merged into; None where there is none, or its data was erased."""
    if recipient is None:
        return None
    found = Recipient.objects.select_related("merged_into").filter(pk=recipient).first()
    found = (found.merged_into or found) if found else None
    return None if found is None or found.erased_at else found


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
