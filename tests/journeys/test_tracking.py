"""A sender's links, from the mailing to the person who no longer wants to be counted, and back."""

import pytest
from django.test import Client
from django.utils import timezone
from i18nfield.strings import LazyI18nString

from preferences.api.allowance import forget_shares
from preferences.api.caller import ApiScope, forget_callers
from preferences.api.clients import make_client
from preferences.enums import ProfilingUse, Requirement
from tests.api.conftest import Program, get_token
from tests.factories import ProfilingPurposeFactory
from tests.journeys.conftest import ANONYMOUS, said

pytestmark = pytest.mark.django_db

HERE = "http://testserver"
OPENED = "https://count.example.net/o/7"
LINK = {"target": "https://shop.example.com/spring", "counter": "https://count.example.net/c/7"}


@pytest.fixture
def tracking(db):
    return ProfilingPurposeFactory(
        key="email-tracking",
        name=LazyI18nString({"en": "Opens and clicks"}),
        use=ProfilingUse.EMAIL_TRACKING,
        requirement=Requirement.OPT_OUT,
    )


@pytest.fixture
def sender(db) -> Program:
    # What the process remembers of clients belongs to the database of another test.
    forget_callers()
    forget_shares()
    made = make_client(
        name="Newsletter system",
        scopes=[ApiScope.LINKS_CREATE, ApiScope.DECISIONS_READ],
        brand=None,
        now=timezone.now(),
    )
    return Program(made, get_token(made).json()["access_token"])


def make(sender):
    message = {"person": {"email": ANONYMOUS}, "pixel": OPENED, "links": [LINK]}
    (made,) = sender.post("/tracking-links", {"messages": [message]}).json["results"]
    return made


def leads_to(url):
    """Where a link or picture of a mail leads; None where it leads nowhere."""
    return Client().get(url.removeprefix(HERE)).headers.get("Location")


def test_old_mails_count_no_more_once_the_person_refuses(sender, visitor, person, tracking, manage_link):
    mailed = make(sender)
    (link,) = mailed["links"]
    assert (leads_to(mailed["pixel"]), leads_to(link)) == (OPENED, LINK["counter"])

    saved = visitor.open(manage_link).untick("Opens and clicks").press("Save my choices")

    assert (leads_to(mailed["pixel"]), leads_to(link)) == (None, LINK["target"])
    assert make(sender) == {**mailed, "tracking": False, "pixel": None, "links": [LINK["target"]]}
    (found,) = sender.post("/profiling", {"people": [{"email": ANONYMOUS}]}).json["results"]
    assert {one["purpose"]: one["segments"]["allowed"] for one in found["purposes"]} == {
        "activity": True,
        "email-tracking": False,
    }

    visitor.open(saved.link("Undo")).press("Undo this change")

    assert (leads_to(mailed["pixel"]), leads_to(link)) == (OPENED, LINK["counter"])
    assert [event[0] for event in said(person(ANONYMOUS))] == ["*/email-tracking/*"] * 2
