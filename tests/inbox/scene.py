"""The scene of the corpus: who is on record, and what each message leads to."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any

from django.core import mail
from django.utils import timezone
from i18nfield.strings import LazyI18nString

from preferences import ledger
from preferences.enums import Channel
from preferences.mail.request_link import request_link
from preferences.models import Bounce, Brand, ContactPoint, Event, Message, MessageCopy, Topic
from preferences.tokens import StopToken, make_stop_token
from tests.factories import BrandFactory, ProfilingPurposeFactory, RecipientFactory, TopicFactory
from tests.inbox.cases import Case, fill, read_people

BRANDS = {
    "acme": "news@acme.example.com",
    "nordlys": "news@nordlys.example.com",
    # Two that share a domain.
    "fjell": "fjell@group.example.com",
    "hav": "hav@group.example.com",
}
ERASED = "erased.person@epost.example"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one message led to. `message` is None where it was on record already; `copy` where it was no copy."""

    raw: bytes
    message: Message | None
    copy: MessageCopy | None
    events: list[Event]
    bounces: list[Bounce]
    mails: list[mail.EmailMessage]


@dataclass(kw_only=True)
class Scene:
    """Everybody in people.csv is on record with one address, and so was one whose data was erased."""

    listener: Any
    run_worker: Callable[[], None]
    tokens: dict[str, str] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)
    mails: dict[str, bytes] = field(default_factory=dict)
    last_event: int = 0

    def __post_init__(self) -> None:
        for key, sender in BRANDS.items():
            BrandFactory(key=key, name=key.title(), sender_email=sender)
        acme = Brand.objects.get(key="acme")
        name = LazyI18nString({"en": "Product news", "nb": "Produktnytt"})
        topic = TopicFactory(key="acme-news", brand=acme, name=name)
        ProfilingPurposeFactory(key="activity")
        for person in read_people():
            RecipientFactory(email=person["address"], language=person["language"], country=person["country"])
        RecipientFactory(email=ERASED)
        for point in ContactPoint.objects.all():
            self.tokens[point.normalized] = _stop_token(point, topic=topic)
        erased = ContactPoint.objects.get(normalized=ERASED)
        ledger.erase(recipient=erased.recipient_id, now=timezone.now() - dt.timedelta(days=3))
        self._new_events()

    def send(self, case: Case) -> Outcome:
        """Send a message over SMTP, let the worker do what there is to do, and see what is new."""
        raw = self.filled(case.template)
        recipients = [self.filled(address.encode()).decode() for address in case.envelope_recipients.split()]
        before = {
            model: set(model.objects.values_list("pk", flat=True)) for model in (Message, MessageCopy, Bounce)
        }
        mailed = len(mail.outbox)
        self.listener.send(raw, sender=case.envelope_sender, recipients=recipients)
        self.run_worker()
        new = {model: list(model.objects.exclude(pk__in=known)) for model, known in before.items()}
        assert len(new[Message]) <= 1
        assert len(new[MessageCopy]) <= 1
        outcome = Outcome(
            raw=raw,
            message=new[Message][0] if new[Message] else None,
            copy=new[MessageCopy][0] if new[MessageCopy] else None,
            events=self._new_events(),
            bounces=new[Bounce],
            mails=mail.outbox[mailed:],
        )
        if outcome.mails:
            self.answers[case.file] = outcome.mails[0].message().as_bytes()
        return outcome

    def filled(self, template: bytes) -> bytes:
        return fill(template, known=self._known)

    def _known(self, name: str, argument: str) -> bytes:
        match name:
            case "stop_token":
                return self.tokens[argument].encode()
            case "stop_token_lower":
                return self.tokens[argument].lower().encode()
            case "stop_token_folded":
                token = self.tokens[argument].encode()
                return token[:40] + b"\n " + token[40:]
            case "our_mail":
                return self._mail_to(argument).rstrip()
            case "our_mail_headers":
                return self._mail_to(argument).replace(b"\r\n", b"\n").partition(b"\n\n")[0]
            case "our_mail_id":
                return _message_id(self._mail_to(argument))
            case "our_answer":
                return self.answers[argument]
            case "our_answer_id":
                return _message_id(self.answers[argument])
        raise KeyError(name)

    def _mail_to(self, address: str) -> bytes:
        """A mail of ours to somebody, as it was handed to the mail server: the same one for each who asks."""
        if address not in self.mails:
            request_link(address=address, client=address, language="en", now=timezone.now())
            self.run_worker()
            self.mails[address] = mail.outbox[-1].message().as_bytes()
        return self.mails[address]

    def _new_events(self) -> list[Event]:
        events = list(
            Event.objects.filter(pk__gt=self.last_event).order_by("pk").select_related("brand", "purpose")
        )
        self.last_event = max([event.pk for event in events], default=self.last_event)
        return events


def scope_in_words(event: Event) -> str:
    """`marketing:acme/*/*`"""
    brand = event.brand.key if event.brand else "*"
    purpose = event.purpose.key if event.purpose else "*"
    return f"{event.kind}:{brand}/{purpose}/{event.channel or '*'}"


def _stop_token(point: ContactPoint, *, topic: Topic) -> str:
    return make_stop_token(
        StopToken(
            recipient=point.recipient_id,
            contact_point=point.pk,
            brand=topic.brand_id or 0,
            topic=topic.pk,
            channel=Channel.EMAIL,
        )
    )


def _message_id(raw: bytes) -> bytes:
    return str(message_from_bytes(raw)["Message-ID"]).strip().encode()
