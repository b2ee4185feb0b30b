"""What is changed through a manage link or by staff is told by mail, with the way back."""

import datetime as dt
import re

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from tests.journeys.conftest import ANONYMOUS, KARI, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def mails(worker, clock_forward, settings):
    """The mails that have gone out once the time of a notice has come."""

    def mails():
        worker()
        clock_forward(dt.timedelta(minutes=settings.NOTICE_DELAY_MINUTES))
        worker()
        return mail.outbox

    return mails


def links_in(message, page):
    """The links to such pages in both parts of a mail, in order."""
    found = re.findall(rf"^ *(https?://\S+/{page}/\S+)$", message.body, re.MULTILINE)
    assert found == re.findall(rf'href="(https?://[^"]+/{page}/[^"]+)"', message.alternatives[0][0])
    return found


def test_a_change_by_link_is_told_and_can_be_taken_back(visitor, manage_link, person, mails, worker):
    page = visitor.open(manage_link).tick("Product news", "E-mail").press("Save my choices")
    page.tick("Events", "E-mail").press("Save my choices")
    worker()
    assert mail.outbox == []
    (message,) = mails()
    assert message.to == [ANONYMOUS]
    assert "* Product news, Acme – E-mail: Switched on\n" in message.body
    assert "* Events, Acme – E-mail: Switched on\n" in message.body
    assert "You, through a link in a message" in message.body

    news, _events = links_in(message, "undo")
    before = person(ANONYMOUS)
    undo = visitor.open(news)
    assert "Product news, Acme – E-mail Now Yes" in undo.text
    assert person(ANONYMOUS) == before
    assert undo.press("Undo this change").heading == "Undone"
    assert said(person(ANONYMOUS))[-1] == ("acme/acme-news/email", "unstated", "undo")
    # That the person took it back themselves is no news to them.
    assert len(mails()) == 1

    (manage,) = links_in(message, "p")
    assert visitor.open(manage).is_on("Events", "E-mail")


def test_a_change_taken_back_at_once_is_not_told(visitor, manage_link, mails):
    page = visitor.open(manage_link).press("Stop all marketing")
    visitor.open(page.link("Undo")).press("Undo this change")
    assert mails() == []


def test_a_yes_that_is_taken_back_to_is_told(visitor, manage_link, mails, clock_forward):
    """Whoever has an old mail can take a stop back by its links: the person learns of it, however it was done."""
    page = visitor.open(manage_link).tick("Product news", "E-mail").press("Save my choices")
    page.untick("Product news", "E-mail").press("Save my choices")
    (message,) = mails()
    assert "* Product news, Acme – E-mail: Switched off\n" in message.body
    visitor.open(links_in(message, "undo")[0]).press("Undo this change")
    _first, second = mails()
    assert "* Product news, Acme – E-mail: Switched on\n" in second.body
    # What took something back is not taken back by a link; their page is.
    assert (links_in(second, "undo"), len(links_in(second, "p"))) == ([], 1)
    assert len(mails()) == 2


def test_a_stop_that_is_taken_back_is_told(visitor, manage_link, stop_link, mails):
    visitor.post(stop_link, {"List-Unsubscribe": "One-Click"})
    visitor.open(visitor.open(manage_link).link("Undo")).press("Undo this change")
    (message,) = mails()
    assert "Acme – E-mail: As if nothing had been said\n" in message.body


def test_a_change_by_staff_is_told_with_their_undo(client, support, kari, news, mails):
    type(kari).objects.update(language="en")
    client.force_login(support)
    received_at = timezone.now() - dt.timedelta(hours=3)
    evidence = {"route": "phone", "reason": "Called and asked for it."}
    client.post(
        reverse("admin:preferences_recipient_on_behalf", args=[kari.pk]),
        {
            "subjects": ["all"],
            "answer": "opted_out",
            "received_at": received_at.strftime("%Y-%m-%dT%H:%M"),
            **evidence,
        },
    )
    (message,) = mails()
    assert message.to == [KARI]
    assert "* All marketing: Switched off\n" in message.body
    assert "Our staff, at your request" in message.body
    assert len(links_in(message, "undo")) == 1

    client.post(reverse("admin:preferences_recipient_undo", args=[kari.pk, kari.events.get().pk]), evidence)
    _first, second = mails()
    assert "* All marketing: As if nothing had been said\n" in second.body
    assert "Our staff took an earlier change back" in second.body


def test_a_stop_of_one_press_sends_nothing(visitor, stop_link, mails):
    visitor.post(stop_link, {"List-Unsubscribe": "One-Click"})
    assert mails() == []


def test_the_page_of_a_stop_link_sends_nothing(visitor, stop_link, person, mails):
    visitor.open(stop_link).press("Stop this")
    assert said(person(ANONYMOUS))
    assert mails() == []


def test_a_person_who_is_signed_in_is_told_on_the_page(visitor, kari, news, events, activity, person, mails):
    type(kari).objects.update(language="en")
    visitor.client.force_login(kari.account)
    visitor.open("/preferences/").press("Stop all marketing")
    assert said(person(KARI))
    assert mails() == []


def test_a_brand_that_does_not_tell(visitor, manage_link, acme, mails):
    type(acme).objects.update(tells_changes=False)
    visitor.open(manage_link).press("Stop all marketing")
    assert mails() == []
