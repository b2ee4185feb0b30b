"""Decide what is to become of an e-mail, from what it says and who wrote it to whom. Reads, and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from preferences.enums import Hold, Kind, MessageKind, MessageState
from preferences.inbox.automatic import Automatic
from preferences.inbox.find_tokens import TokenFound, find_tokens
from preferences.inbox.letter import Letter
from preferences.inbox.match import (
    Sender,
    WrittenTo,
    find_brands,
    find_sender,
)
from preferences.inbox.recognise import Recognised, recognise
from preferences.mail.own_addresses import is_own
from preferences.models import Brand, ContactPoint, Message
from preferences.scope import Scope

_ASKS_TO_STOP = {MessageKind.STOP, MessageKind.PROFILING}
_KINDS = {
    Automatic.AUTO_REPLY: MessageKind.AUTO_REPLY,
    Automatic.MACHINE: MessageKind.AUTO_REPLY,
    Automatic.MAILING_LIST: MessageKind.MAILING_LIST,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One thing to stop for one person (primary key of the recipient)."""

    recipient: int
    scope: Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a message is, what it becomes, and what is to be stopped by it.

    `hold` says why it waits, where it does; then `suggestion` says what staff might stop. `recipient` (primary key) is
    who it is about, `point` the contact point they are known by. `answer` says that the sender is to be told what was
    stopped.
    """

    kind: MessageKind
    state: MessageState
    hold: Hold | None = None
    stops: tuple[Stop, ...] = ()
    suggestion: tuple[Scope, ...] = ()
    recipient: int | None = None
    point: ContactPoint | None = None
    brand: Brand | None = None
    answer: bool = False


def plan_for(letter: Letter, *, message: Message) -> Plan:
    """What to do with an e-mail that is no report about mail of ours.

    A stop token is acted on whoever sent it, since whoever has it may stop; words are acted on only where they are
    plain, where a person sent them, and where the mail server has not found that somebody else may have.
    """
    addresses = [*message.recipients, *letter.recipients]
    tokens = find_tokens(addresses=addresses, subject=letter.subject)
    if tokens and tokens.tokens and letter.automatic is not Automatic.AUTO_REPLY:
        return _stop_by_token(tokens)
    own = is_own(letter.sender)
    if letter.automatic is Automatic.AUTO_REPLY or (own and letter.automatic):
        return Plan(kind=MessageKind.AUTO_REPLY, state=MessageState.IGNORED)
    sender = (
        Sender(hold=Hold.SENDER_UNKNOWN)
        if own
        else find_sender(sender=letter.sender, reply_to=letter.reply_to)
    )
    written_to = find_brands([*addresses, *letter.copied])
    recognised = _recognise(letter, written_to=written_to)
    scopes = _scopes(recognised, written_to=written_to)
    kind, hold = recognised.kind, None
    if tokens:
        # It was sent to the address of a stop token, so that is what it wants.
        kind, hold, scopes = MessageKind.STOP, Hold.TOKEN_UNKNOWN, scopes or _marketing(written_to)
    elif letter.automatic and kind is MessageKind.UNCLEAR and sender.hold is Hold.SENDER_UNKNOWN:
        return Plan(kind=_KINDS[letter.automatic], state=MessageState.IGNORED)
    hold = hold or _hold(letter, recognised=recognised, sender=sender, scopes=scopes)
    known = Plan(
        kind=kind,
        state=MessageState.WAITING,
        point=sender.point,
        recipient=sender.point.recipient_id if sender.point else None,
        brand=written_to.brands[0] if len(written_to.brands) == 1 else None,
    )
    if hold or sender.point is None:
        return replace(known, hold=hold or Hold.SENDER_UNKNOWN, suggestion=scopes)
    return replace(
        known,
        state=MessageState.ACTED,
        stops=tuple(Stop(recipient=sender.point.recipient_id, scope=scope) for scope in scopes),
        answer=True,
    )


def _stop_by_token(found: TokenFound) -> Plan:
    """What the tokens name is stopped. They say who is meant, unless they are of several people."""
    people = {token.recipient for token in found.tokens}
    token = found.tokens[0]
    point = ContactPoint.objects.filter(pk=token.contact_point, recipient=token.recipient).first()
    alone = len(people) == 1
    return Plan(
        kind=MessageKind.STOP_LINK,
        state=MessageState.ACTED,
        stops=tuple(Stop(recipient=token.recipient, scope=token.scope) for token in found.tokens),
        recipient=token.recipient if alone else None,
        point=point if alone else None,
        brand=Brand.objects.filter(pk=token.brand).first(),
    )


def _recognise(letter: Letter, *, written_to: WrittenTo) -> Recognised:
    # What may be named without saying anything new.
    known = [letter.sender, letter.reply_to, letter.sender_name, *(brand.name for brand in written_to.brands)]
    return recognise(subject=letter.subject, text=letter.written, known=[name for name in known if name])


def _hold(
    letter: Letter, *, recognised: Recognised, sender: Sender, scopes: tuple[Scope, ...]
) -> Hold | None:
    """Why a message has to wait for staff; None where it may be acted on."""
    if not letter.readable:
        return Hold.UNREADABLE
    if letter.automatic:
        return Hold.MACHINE
    if sender.hold:
        return sender.hold
    if recognised.kind not in _ASKS_TO_STOP:
        return Hold.NEEDS_ANSWER
    if letter.doubtful:
        return Hold.SENDER_DOUBTFUL
    if not recognised.sure:
        return Hold.NOT_SURE
    return None if scopes else Hold.BRAND_UNKNOWN


def _scopes(recognised: Recognised, *, written_to: WrittenTo) -> tuple[Scope, ...]:
    """What the words ask to stop; empty where they ask for nothing of that kind, or it is not clear of which brand."""
    match recognised.kind:
        case MessageKind.STOP:
            marketing = (Scope.all_marketing(),) if recognised.everything else _marketing(written_to)
            profiling = (Scope.all_profiling(),) if recognised.profiling else ()
            return (*marketing, *profiling) if marketing else ()
        case MessageKind.PROFILING:
            return (Scope.all_profiling(),)
        case MessageKind.ERASURE:
            return (Scope.all_marketing(), Scope.all_profiling())
        case _:
            return ()


def _marketing(written_to: WrittenTo) -> tuple[Scope, ...]:
    """All marketing of the brands written to, or of the group where it was written to as a whole."""
    if written_to.group:
        return (Scope.all_marketing(),)
    return tuple(Scope(kind=Kind.MARKETING, brand=brand.pk) for brand in written_to.brands)
