"""Who wrote a message, which brand it was written to, and which tokens it holds."""

import time

import pytest
from django.utils import timezone

from preferences import ledger
from preferences.enums import Channel, Hold
from preferences.inbox.find_tokens import TokenFound, find_tokens
from preferences.inbox.match import (
    Sender,
    WrittenTo,
    find_brands,
    find_sender,
)
from preferences.models import Brand, ContactPoint, Recipient, Topic
from preferences.tokens import StopToken, make_stop_token
from tests.factories import BrandFactory, ContactPointFactory, RecipientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def brands(settings) -> dict[str, Brand]:
    settings.MAIL_DOMAIN = "preferences.example.com"
    settings.DEFAULT_FROM_EMAIL = "preferences@preferences.example.com"
    return {
        key: BrandFactory(key=key, sender_email=address)
        for key, address in {
            "acme": "news@acme.example.com",
            "nordlys": "nytt@nordlys.example.com",
            "one": "one@shared.example.com",
            "two": "two@shared.example.com",
            "own": "own@preferences.example.com",
        }.items()
    }


@pytest.mark.parametrize(
    ("addresses", "keys", "group"),
    [
        (["news@acme.example.com"], ["acme"], False),
        (["News@ACME.example.com"], ["acme"], False),
        (["support@acme.example.com"], ["acme"], False),
        (["news@sub.acme.example.com"], [], False),
        (["one@shared.example.com"], ["one"], False),
        (["somebody@shared.example.com"], [], False),
        (["news@acme.example.com", "kari@example.com"], ["acme"], False),
        (["news@acme.example.com", "news@nordlys.example.com"], ["acme", "nordlys"], False),
        (["news@acme.example.com", "support@acme.example.com"], ["acme"], False),
        (["preferences@preferences.example.com"], [], True),
        (["own@preferences.example.com"], ["own"], False),
        (["news@acme.example.com", "preferences@preferences.example.com"], ["acme"], False),
        (["kari@example.com"], [], False),
        (["no address"], [], False),
        ([], [], False),
    ],
)
def test_brands(brands, addresses: list[str], keys: list[str], group: bool) -> None:
    assert find_brands(addresses) == WrittenTo(brands=tuple(brands[key] for key in keys), group=group)


def point_of(recipient: Recipient) -> ContactPoint:
    return recipient.contact_points.get()


def test_the_sender_is_known_by_from_then_by_reply_to(kari: Recipient, anonymous: Recipient) -> None:
    from_kari = Sender(point=point_of(kari))
    assert find_sender(sender="kari@example.com", reply_to="") == from_kari
    assert find_sender(sender="kari@example.com", reply_to="kari@example.com") == from_kari
    assert find_sender(sender="kari@example.com", reply_to="nobody@example.com") == from_kari
    assert find_sender(sender="nobody@example.com", reply_to="kari@example.com") == from_kari


def test_nobody_is_found(kari: Recipient, anonymous: Recipient) -> None:
    assert find_sender(sender="nobody@example.com", reply_to="") == Sender(hold=Hold.SENDER_UNKNOWN)
    assert find_sender(sender="", reply_to="") == Sender(hold=Hold.SENDER_UNKNOWN)
    both = find_sender(sender="kari@example.com", reply_to="anonymous@example.com")
    assert both == Sender(hold=Hold.SENDER_AMBIGUOUS)


def test_two_addresses_of_one_person_are_one_person(kari: Recipient) -> None:
    ContactPointFactory(recipient=kari, value="kari@work.example.com")
    found = find_sender(sender="kari@work.example.com", reply_to="kari@example.com")
    assert found.point
    assert (found.point.normalized, found.hold) == ("kari@work.example.com", None)


def test_an_erased_address_is_told_apart(anonymous: Recipient) -> None:
    ledger.erase(recipient=anonymous.pk, now=timezone.now())
    assert find_sender(sender="anonymous@example.com", reply_to="") == Sender(hold=Hold.SENDER_ERASED)


@pytest.fixture
def token(kari: Recipient, news: Topic) -> StopToken:
    assert news.brand_id
    return StopToken(
        recipient=kari.pk,
        contact_point=point_of(kari).pk,
        brand=news.brand_id,
        topic=news.pk,
        channel=Channel.EMAIL,
    )


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        ("stop+{}@preferences.example.com", ""),
        ("stop@preferences.example.com", "stop {}"),
        ("stop@preferences.example.com", "{}"),
        ("stop@preferences.example.com", "unsubscribe {} please"),
        ("stop+{}@preferences.example.com", "Re: stop {}"),
        ("stop@preferences.example.com", "stop: {}"),
        ("stop@preferences.example.com", "stop+{}"),
        ("stop@preferences.example.com", "unsubscribe:<{}>"),
        ("stop+{}@preferences.example.com", "stop {}"),
    ],
)
def test_tokens(token: StopToken, address: str, subject: str) -> None:
    text = make_stop_token(token)
    found = find_tokens(addresses=[address.format(text)], subject=subject.format(text))
    assert found == TokenFound(tokens=(token,))


@pytest.mark.parametrize(
    "subject",
    ["Re: stop {}", "Fwd: stop {}", "WG: {}", "VS: stop {}", "[EXT] FW: {}", "Re[2]: {}", "SV : {}"],
)
def test_a_subject_that_is_passed_on_is_somebody_elses(token: StopToken, subject: str) -> None:
    assert find_tokens(addresses=[], subject=subject.format(make_stop_token(token))) is None


@pytest.mark.parametrize("piece", ["a-", "a+", "a.", "a b.", "[a", ": ", "a" * 100])
def test_no_subject_or_address_takes_long(piece: str) -> None:
    began = time.monotonic()
    find_tokens(addresses=[piece * 1_000] * 20, subject=piece * 500)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("words", ["{}", "stop {}", "Please unsubscribe me: {} Thanks"])
def test_a_token_that_was_broken_over_lines(token: StopToken, words: str) -> None:
    text = make_stop_token(token)
    subject = words.format(f"{text[:30]}\n {text[30:50]} {text[50:]}")
    assert find_tokens(addresses=[], subject=subject) == TokenFound(tokens=(token,))


def test_two_tokens_are_both_found(token: StopToken, events: Topic) -> None:
    other = StopToken(
        recipient=token.recipient,
        contact_point=token.contact_point,
        brand=token.brand,
        topic=events.pk,
        channel=Channel.EMAIL,
    )
    texts = [make_stop_token(one) for one in (token, other)]
    found = find_tokens(addresses=[f"stop+{text}@x.example.com" for text in texts], subject="")
    assert found == TokenFound(tokens=(token, other))


def test_what_cannot_be_read(token: StopToken) -> None:
    unknown = TokenFound(tokens=())
    lowered = make_stop_token(token).lower()
    assert find_tokens(addresses=[f"stop+{lowered}@preferences.example.com"], subject="") == unknown
    assert find_tokens(addresses=[], subject=f"stop {lowered}") == unknown
    for subject in ("", "stop", "Version 1.2 of the newsletter", "see acme.example.com"):
        assert find_tokens(addresses=["news+tag@acme.example.com"], subject=subject) is None


def test_queries(django_assert_num_queries, brands) -> None:
    RecipientFactory(email="somebody@example.com")
    with django_assert_num_queries(1):
        find_sender(sender="somebody@example.com", reply_to="nobody@example.com")
    with django_assert_num_queries(1):
        find_brands(["news@acme.example.com"])
