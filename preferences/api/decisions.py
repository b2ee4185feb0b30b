"""May we send this? For one person, and for ten thousand."""

from __future__ import annotations

from typing import Annotated, Any, Self

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema
from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from preferences.api.answer import answer
from preferences.api.caller import ApiScope, Bearer, Caller, caller
from preferences.api.fields import Body, Key, Moment, optional
from preferences.api.people import Person, ref_of, refs_of
from preferences.api.problems import Fault, Problem
from preferences.decisions.decide import AskInvalid, Decided, PurposeUnknown, ask_about, decide_many
from preferences.decisions.in_words import why
from preferences.decisions.verdict import Ask
from preferences.enums import Channel, LegalBasis, MessageClass, Reason

router = Router(tags=["Decisions"])

MOST_PEOPLE = 10_000


def _topic_or_profiling(schema: dict[str, Any]) -> None:
    schema["oneOf"] = [
        {"required": ["topic", "channel"], "not": {"required": ["profiling"]}},
        {"required": ["profiling"], "not": {"anyOf": [{"required": ["topic"]}, {"required": ["channel"]}]}},
    ]


class Question(Body):
    """What is asked about: a topic on a channel, or a profiling purpose."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_topic_or_profiling)

    topic: Key = optional("The key of a topic; needs a channel.")
    channel: Channel = optional("How it is to be sent.")
    profiling: Key = optional("The key of a profiling purpose; has no channel.")
    message_class: MessageClass = Field(
        MessageClass.MARKETING, description="A service message always passes; one that advertises is none."
    )
    as_of: Moment = optional(
        "Answer as would have been answered then, by what had been recorded. Country, relationship and"
        " date of birth keep no history and are those of now."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if {"topic", "channel", "profiling"} & self.model_fields_set not in (
            {"topic", "channel"},
            {"profiling"},
        ):
            raise PydanticCustomError(
                "not_one", "Ask about a topic and a channel, or about a profiling purpose."
            )
        if self.profiling is not None and self.message_class is MessageClass.SERVICE:
            raise PydanticCustomError("service_not_for_profiling", "Profiling is no message.")
        return self


class OneQuestion(Question):
    """A question about one person."""

    person: Person


class ManyQuestion(Question):
    """One question about many people."""

    people: Annotated[list[Person], Field(max_length=MOST_PEOPLE)]


class VerdictOut(Schema):
    """The answer, and what it rests on."""

    recipient: Annotated[int | None, Field(description="The id of the recipient; null for somebody unknown.")]
    allowed: bool
    reason: Reason
    sentence: Annotated[str, Field(description="The reason in words, in the language of Accept-Language.")]
    legal_basis: LegalBasis | None
    rule: Annotated[
        str, Field(description="The id of the national rule that applies; empty where none was asked.")
    ]
    rules_version: Annotated[str, Field(description="The content hash of the rules in force.")]
    event: Annotated[
        int | None, Field(description="The id of the event it rests on; null where nothing was said.")
    ]
    tracking: Annotated[bool, Field(description="Whether opens and clicks of an e-mail may be measured.")]


class VerdictsOut(Schema):
    """The answers in the order of the people."""

    results: list[VerdictOut]


@router.post("/decisions", auth=Bearer(ApiScope.DECISIONS_READ), response=VerdictOut, operation_id="decide")
def decide(request: HttpRequest, question: OneQuestion) -> HttpResponse:
    """Whether one person may be sent something, or profiled for something, and why."""
    ask = ask_of(question, by=caller(request))
    decided = decide_many(
        people=[ref_of(question.person)],
        ask=ask,
        message_class=question.message_class,
        now=timezone.now(),
        as_of=question.as_of,
    )
    return answer(verdict_out(decided[0], brand=ask.brand, sentences={}), in_words=True)


@router.post(
    "/decisions/batch", auth=Bearer(ApiScope.DECISIONS_READ), response=VerdictsOut, operation_id="decideBatch"
)
def decide_batch(request: HttpRequest, question: ManyQuestion) -> HttpResponse:
    """The same question about up to 10,000 people. Whoever is named twice is answered twice."""
    ask = ask_of(question, by=caller(request))
    decided = decide_many(
        people=refs_of(question.people),
        ask=ask,
        message_class=question.message_class,
        now=timezone.now(),
        as_of=question.as_of,
    )
    sentences: dict[Reason, str] = {}
    results = [verdict_out(one, brand=ask.brand, sentences=sentences) for one in decided]
    return answer({"results": results}, in_words=True)


def ask_of(question: Question, *, by: Caller) -> Ask:
    """The question as decisions take it. Raises Problem `purpose_unknown`, `invalid`, `brand_forbidden`."""
    key = question.topic if question.topic is not None else question.profiling
    return offered_or_not(key=key, channel=question.channel, by=by)


def offered_or_not(*, key: str, channel: Channel | None, by: Caller) -> Ask:
    """The question about a purpose by its key, whether it is offered or not. Raises as `ask_of` does.

    Profiling belongs to no brand, and any client may ask about it.
    """
    try:
        ask = ask_about(key=key, channel=channel)
    except PurposeUnknown as error:
        raise Problem("purpose_unknown") from error
    except AskInvalid as error:
        fault = Fault(
            location="body", code=error.code, message="A topic has a channel, a profiling purpose none."
        )
        raise Problem("invalid", faults=[fault]) from error
    if ask.scope.brand is not None:
        by.require_brand(ask.scope.brand)
    return ask


def verdict_out(decided: Decided, *, brand: str, sentences: dict[Reason, str]) -> dict[str, Any]:
    """The fields of VerdictOut. `brand` is the name of the topic's brand, "" for profiling; `sentences` holds what the
    reasons of other verdicts on the same thing are in words, and gets this one's.
    """
    verdict = decided.verdict
    reason = verdict.reason
    sentence = sentences.get(reason)
    if sentence is None:
        sentence = sentences[reason] = why(reason=reason, brand=brand)
    basis = verdict.legal_basis
    return {
        "recipient": decided.person.recipient if decided.person else None,
        "allowed": verdict.allowed,
        "reason": reason.value,
        "sentence": sentence,
        "legal_basis": basis.value if basis else None,
        "rule": verdict.rule,
        "rules_version": verdict.version,
        "event": verdict.event,
        "tracking": verdict.tracking,
    }
