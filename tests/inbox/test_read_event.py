"""Events of e-mail services, in the words of anymail."""

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.inbox.read_event import read_event
from preferences.inbox.reported import Complaint, Failure, Reports, Unsubscription


def event(event_type: str, **said: object) -> bytes:
    return json.dumps(
        {"event_type": event_type, "recipient": "Kari@example.org", "message_id": "<m-1>", **said}
    ).encode()


ABOUT = {"addresses": ("kari@example.org",), "message_id": "m-1"}


@pytest.mark.parametrize(
    ("raw", "permanent", "status"),
    [
        (event("bounced"), True, "5.1.0"),
        (event("bounced", reject_reason="bounced", permanent=True), True, "5.1.0"),
        (event("bounced", reject_reason="bounced", permanent=True, mta_response="550 spam"), False, "5.7.0"),
        (event("bounced", reject_reason="bounced", permanent=False), False, "4.0.0"),
        (event("bounced", permanent=False, mta_response="550 5.1.1 no such user"), False, "4.1.1"),
        (event("bounced", reject_reason="bounced", mta_response="smtp; 550 5.1.1 no"), True, "5.1.1"),
        (event("bounced", reject_reason="bounced", mta_response="552 5.2.2 full"), False, "5.2.2"),
        (event("bounced", reject_reason="bounced", description="Who knows"), False, "5.0.0"),
        (event("bounced", reject_reason="other", permanent=True, mta_response="554 no"), False, "5.0.0"),
        (event("bounced", reject_reason="invalid"), True, "5.1.3"),
        (event("bounced", reject_reason="spam"), False, "5.7.0"),
        (event("bounced", reject_reason="blocked"), False, "5.7.0"),
        (event("bounced", reject_reason="timed_out"), False, "4.4.7"),
        (event("rejected", reject_reason="bounced"), True, "5.1.0"),
        (event("rejected", reject_reason="invalid"), True, "5.1.3"),
        (event("rejected", reject_reason="blocked"), False, "5.7.0"),
        (event("failed", reject_reason="invalid"), True, "5.1.3"),
    ],
)
def test_what_came_back(raw: bytes, permanent: bool, status: str) -> None:
    failure = Failure(permanent=permanent, status=status, **ABOUT)
    assert read_event(raw) == Reports(failures=(failure,))


@pytest.mark.parametrize("raw", [event("complained"), event("rejected", reject_reason="spam")])
def test_complaints(raw: bytes) -> None:
    assert read_event(raw) == Reports(complaints=(Complaint(**ABOUT),))


@pytest.mark.parametrize("raw", [event("unsubscribed"), event("rejected", reject_reason="unsubscribed")])
def test_the_unsubscribe_link_of_the_service(raw: bytes) -> None:
    assert read_event(raw) == Reports(unsubscriptions=(Unsubscription(**ABOUT),))


@pytest.mark.parametrize("raw", [event("deferred"), event("failed"), event("rejected"), event("opened")])
def test_what_says_nothing_of_the_address(raw: bytes) -> None:
    assert read_event(raw) == Reports()


def test_when_it_happened() -> None:
    reports = read_event(event("complained", timestamp="2026-05-03T14:00:00Z"))
    assert reports is not None
    assert reports.occurred_at == dt.datetime(2026, 5, 3, 14, tzinfo=dt.UTC)
    assert read_event(event("opened", timestamp="yesterday")) == Reports()


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"null", b"{}", b"\xff", b"[" * 100_000, b'{"event_type": 1}']
)
def test_what_cannot_be_read(raw: bytes) -> None:
    assert read_event(raw) is None


def test_control_characters_cannot_be_stored() -> None:
    told = {"recipient": "kari@example.org", "message_id": "<m\0-\x1b1>", "mta_response": "550 5.1.1\0 gone"}
    reports = read_event(json.dumps({"event_type": "bounced", **told}).encode())
    assert reports == Reports(failures=(Failure(permanent=True, status="5.1.1", **ABOUT),))


@given(
    st.dictionaries(
        st.sampled_from(["event_type", "recipient", "message_id", "timestamp", "permanent"]), st.text()
    )
)
def test_nothing_raises(said: dict[str, str]) -> None:
    read_event(json.dumps(said).encode())
