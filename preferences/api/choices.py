"""Record what people said to another system: the ledger's door for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Discriminator, Field, Tag

from preferences import ledger
from preferences.api.answer import answer, iso
from preferences.api.caller import ApiScope, Bearer, Caller, caller
from preferences.api.fields import Body, Key, Line, Moment, Text, optional
from preferences.api.idempotency import once
from preferences.api.people import Person, ref_of
from preferences.api.problems import Problem
from preferences.api.recipients import recipient_named
from preferences.enums import Channel, Kind, Outcome, Refusal, Source, State
from preferences.ledger import Change, ChangeResult, Evidence, RecipientGone
from preferences.models import Brand, Purpose
from preferences.models.wording import WordingText
from preferences.scope import Scope

router = Router(tags=["Choices"])


class TopicChange(Body):
    """One topic on one channel."""

    topic: Key
    channel: Channel
    state: Literal["opted_in", "opted_out"]


class ProfilingChange(Body):
    """One profiling purpose."""

    profiling: Key
    state: Literal["opted_in", "opted_out"]


class BrandChange(Body):
    """Everything from one brand, topics added later included; on one channel, or on all."""

    brand: Key
    channel: Channel = optional()
    state: Literal["opted_out"]


class AllChange(Body):
    """All marketing from every brand, on one channel or on all; or all profiling, which has no channel."""

    all: Literal["marketing", "profiling"]
    channel: Channel = optional()
    state: Literal["opted_out"]


_ABOUT = ("topic", "profiling", "brand", "all")


def _about(value: Any) -> str | None:
    """Which of the four a change is; None for none, or for more than one."""
    names = [name for name in _ABOUT if isinstance(value, dict) and name in value]
    return names[0] if len(names) == 1 else None


ChangeIn = Annotated[
    Annotated[TopicChange, Tag("topic")]
    | Annotated[ProfilingChange, Tag("profiling")]
    | Annotated[BrandChange, Tag("brand")]
    | Annotated[AllChange, Tag("all")],
    Discriminator(
        _about,
        custom_error_type="not_one",
        custom_error_message="A change is about a topic, a profiling purpose, a brand or all: one of them.",
    ),
]


class WordingIn(Body):
    """The exact words the person was shown."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[a-z0-9]{2,8})*$", max_length=12)]
    text: Annotated[Text, Field(min_length=1, max_length=20_000)]


class EvidenceIn(Body):
    """How it was said. The reason names no address and no number: the history must not."""

    occurred_at: Moment = optional("When the person said it; now, if it is left out.")
    reason: Annotated[Line, Field(max_length=500)] = ""
    wording: WordingIn = optional()


class ChoicesIn(Body):
    """What one person said."""

    person: Person
    changes: Annotated[list[ChangeIn], Field(min_length=1, max_length=100)]
    evidence: EvidenceIn = EvidenceIn()


class ChangeOut(Schema):
    """What became of one change."""

    outcome: Outcome
    refusal: Annotated[Refusal | None, Field(description="Why it was refused; null where it was not.")]
    sentence: Annotated[str, Field(description="Outcome or refusal in words.")]
    previous_state: State | None
    state: Annotated[
        State | None,
        Field(description="What holds now by it: pending where the law asks the person to confirm a yes."),
    ]
    event: Annotated[int | None, Field(description="The id of the event written, or of the one it rests on.")]
    mail_due_at: Annotated[
        str | None,
        Field(description="When the mail to confirm a yes by may go out; null where none is sent."),
    ]


class RecordedOut(Schema):
    """What became of each change, in order. `recipient` is the surviving one after a merge."""

    recipient: int
    results: list[ChangeOut]


@router.post(
    "/choices", auth=Bearer(ApiScope.CHOICES_WRITE), response=RecordedOut, operation_id="recordChoices"
)
def record_choices(request: HttpRequest, said: ChoicesIn) -> HttpResponse:
    """Record what one person said. A yes fills a gap only: it never turns over what the person has decided."""
    now = timezone.now()
    by = caller(request)
    scopes = _Scopes(said.changes, by=by)

    def act() -> HttpResponse:
        recipient = recipient_named(ref_of(said.person))
        evidence = Evidence(
            source=Source.API, occurred_at=said.evidence.occurred_at, reason=said.evidence.reason
        )
        shown: WordingIn | None = said.evidence.wording
        wording = WordingText(language=shown.language, text=shown.text) if shown else None
        changes = [
            Change(scope=scope, state=State(change.state), wording=wording)
            for change, scope in zip(said.changes, scopes.found, strict=True)
            if scope is not None
        ]
        try:
            recorded = ledger.record(recipient=recipient, changes=changes, evidence=evidence, now=now)
        except RecipientGone as error:
            raise Problem(error.code) from error
        results = iter(recorded.results)
        return answer(
            {
                "recipient": recorded.recipient,
                "results": [
                    _result(next(results)) if scope is not None else _unknown() for scope in scopes.found
                ],
            },
            in_words=True,
        )

    return once(request, act, client=by.client, now=now)


@dataclass(frozen=True, slots=True)
class _Keys:
    brands: Mapping[str, int]
    purposes: Mapping[tuple[str, str], Purpose]


class _Scopes:
    """The scopes of changes in order, None for a purpose or brand there is not. At most two queries.

    Raises Problem `brand_forbidden` for a yes to what is not of the client's own brand. A stop is taken from anybody.
    """

    def __init__(self, changes: list[Any], *, by: Caller) -> None:
        keys = _keys_of(changes)
        self.found = [_scope(change, keys=keys) for change in changes]
        for change, scope in zip(changes, self.found, strict=True):
            if scope is not None and change.state == State.OPTED_IN:
                by.require_brand(scope.brand)


def _keys_of(changes: list[Any]) -> _Keys:
    topics = {change.topic for change in changes if isinstance(change, TopicChange)}
    profiling = {change.profiling for change in changes if isinstance(change, ProfilingChange)}
    brands = {change.brand for change in changes if isinstance(change, BrandChange)}
    purposes = (
        Purpose.objects.filter(
            Q(kind=Kind.MARKETING, key__in=topics) | Q(kind=Kind.PROFILING, key__in=profiling)
        )
        if topics or profiling
        else []
    )
    return _Keys(
        brands=dict(Brand.objects.filter(key__in=brands).values_list("key", "pk")) if brands else {},
        purposes={(purpose.kind, purpose.key): purpose for purpose in purposes},
    )


def _scope(change: Any, *, keys: _Keys) -> Scope | None:
    match change:
        case TopicChange():
            topic = keys.purposes.get((Kind.MARKETING, change.topic))
            if topic is None:
                return None
            return Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=change.channel)
        case ProfilingChange():
            purpose = keys.purposes.get((Kind.PROFILING, change.profiling))
            return Scope(kind=Kind.PROFILING, purpose=purpose.pk) if purpose else None
        case BrandChange():
            brand = keys.brands.get(change.brand)
            return Scope(kind=Kind.MARKETING, brand=brand, channel=change.channel) if brand else None
        case AllChange(all="marketing"):
            return Scope(kind=Kind.MARKETING, channel=change.channel)
        case _:
            return Scope.all_profiling()


def _result(result: ChangeResult) -> dict[str, Any]:
    return {
        "outcome": result.outcome.value,
        "refusal": result.refusal.value if result.refusal else None,
        "sentence": str((result.refusal or result.outcome).label),
        "previous_state": result.previous_state.value,
        "state": result.state.value if result.state else None,
        "event": result.event,
        "mail_due_at": iso(result.mail_due_at),
    }


def _unknown() -> dict[str, Any]:
    """A change about something there is not: the ledger cannot be asked about it."""
    return {
        "outcome": Outcome.REFUSED.value,
        "refusal": Refusal.PURPOSE_UNKNOWN.value,
        "sentence": str(Refusal.PURPOSE_UNKNOWN.label),
        "previous_state": None,
        "state": None,
        "event": None,
        "mail_due_at": None,
    }
