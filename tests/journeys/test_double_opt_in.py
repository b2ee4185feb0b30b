"""Double opt-in over HTTP and mail: nothing starts before the reader of the mailbox has said so."""

import datetime as dt

import pytest
from django.core import mail
from django.utils import timezone

from preferences import ledger
from preferences.enums import Relationship
from preferences.models import ConfirmationRequest, ContactPoint, Event
from tests.factories import RecipientFactory
from tests.journeys.conftest import _printed, link_in, said

pytestmark = pytest.mark.django_db

GRETA = "greta@example.com"
TOPIC = "acme/acme-news/email"


@pytest.fixture
def greta(db, news, events, activity):
    """A German prospect: her law wants a yes to e-mail confirmed."""
    return RecipientFactory(
        email=GRETA, country="DE", relationship=Relationship.CONSUMER_PROSPECT, language="en"
    )


@pytest.fixture
def page_of_greta(greta, links):
    return links(GRETA)["manage_url"]


def may_we(email=GRETA, topic="acme-news"):
    verdict = _printed("decide", email, topic=topic, channel="email")
    return verdict["allowed"], verdict["reason"]


def switch_on(visitor, url, *names):
    page = visitor.open(url)
    for name in names or ("Product news",):
        page.tick(name, "E-mail")
    return page.press("Save my choices")


def test_yes_waits_until_the_reader_of_the_mailbox_confirms(visitor, page_of_greta, worker, person):
    page = switch_on(visitor, page_of_greta)
    assert "It starts once you have confirmed it" in page.outcome
    assert not page.is_on("Product news", "E-mail")
    assert "You have yet to confirm this" in page.says("Product news", "E-mail")
    assert "on its way to g•••@e•••.com" in page.text
    assert may_we() == (False, "choice_pending")

    worker()
    (message,) = mail.outbox
    assert message.to == [GRETA]
    assert "Product news, Acme – E-mail" in message.body
    assert message.extra_headers["Auto-Submitted"] == "auto-replied"
    assert "We sent the link to g•••@e•••.com" in visitor.open(page_of_greta).text

    link = link_in(message)
    asked = visitor.open(link)
    assert asked.heading == "Do you want this?"
    assert "Product news, Acme – E-mail" in asked.text
    assert may_we() == (False, "choice_pending")

    assert asked.press("Yes, start this").heading == "Confirmed"
    assert may_we() == (True, "choice_opted_in")
    assert visitor.open(page_of_greta).is_on("Product news", "E-mail")
    assert said(person(GRETA)) == [(TOPIC, "pending", "link"), (TOPIC, "opted_in", "link")]

    again = visitor.post(link, {})
    assert (again.heading, "This was on already." in again.text) == ("Nothing was changed", True)
    assert visitor.open(link).heading == "There is nothing to confirm here"
    assert len(person(GRETA)["events"]) == 2


def test_two_yeses_in_one_save_are_one_mail_and_one_press(visitor, page_of_greta, worker):
    switch_on(visitor, page_of_greta, "Product news", "Events")
    worker()
    (message,) = mail.outbox
    visitor.open(link_in(message)).press("Yes, start this")
    assert (may_we(), may_we(topic="acme-events")) == ((True, "choice_opted_in"),) * 2


def test_the_next_mail_waits_for_the_cool_down(visitor, page_of_greta, worker, clock_forward, settings):
    switch_on(visitor, page_of_greta)
    worker()
    page = switch_on(visitor, page_of_greta, "Events")
    assert "Send the link again" not in page.buttons
    assert "You can have it sent again from" in page.text
    worker()
    assert len(mail.outbox) == 1
    clock_forward(dt.timedelta(minutes=settings.CONFIRM_COOLDOWN_MINUTES))
    worker()
    assert [("Events" in message.body, "Product news" in message.body) for message in mail.outbox] == [
        (False, True),
        (True, True),
    ]
    visitor.open(link_in(mail.outbox[0])).press("Yes, start this")
    assert may_we(topic="acme-events") == (False, "choice_pending")
    visitor.open(link_in(mail.outbox[1])).press("Yes, start this")
    assert may_we(topic="acme-events") == (True, "choice_opted_in")


def test_it_can_be_sent_again(visitor, page_of_greta, worker, settings):
    switch_on(visitor, page_of_greta)
    worker()
    past = dt.timedelta(minutes=settings.CONFIRM_COOLDOWN_MINUTES)
    ConfirmationRequest.objects.update(due_at=timezone.now() - past)
    page = visitor.open(page_of_greta).press("Send the link again")
    assert "on its way" in page.text
    worker()
    assert len(mail.outbox) == 2
    # Forging the button within the cool-down sends nothing.
    visitor.post(page_of_greta, {"confirm_again": "1"})
    worker()
    assert len(mail.outbox) == 2


def test_a_yes_that_nobody_confirmed_in_time_is_none(visitor, page_of_greta, worker, settings):
    switch_on(visitor, page_of_greta)
    worker()
    settings.CONFIRM_DAYS = 0
    assert may_we() == (False, "choice_pending_expired")
    link = link_in(mail.outbox[0])
    assert visitor.open(link).heading == "There is nothing to confirm here"
    visitor.post(link, {})
    assert may_we() == (False, "choice_pending_expired")
    page = visitor.open(page_of_greta)
    assert "did not confirm it in time" in page.says("Product news", "E-mail")
    settings.CONFIRM_DAYS = 14
    # Saying it anew asks anew, and the old mail is no longer the newest word.
    assert may_we() == (False, "choice_pending")


def test_an_expired_yes_is_asked_for_anew(visitor, page_of_greta, worker, settings, person, clock_forward):
    switch_on(visitor, page_of_greta)
    worker()
    settings.CONFIRM_DAYS = 0
    page = visitor.open(page_of_greta)
    page.tick("Product news", "E-mail")
    assert "It starts once you have confirmed it" in page.press("Save my choices").outcome
    assert said(person(GRETA)) == [(TOPIC, "pending", "link")] * 2


def test_what_was_stopped_since_does_not_start(visitor, page_of_greta, worker, links, person):
    switch_on(visitor, page_of_greta)
    worker()
    visitor.post(links(GRETA)["stop_url"], {"List-Unsubscribe": "One-Click"})
    link = link_in(mail.outbox[0])
    assert visitor.open(link).heading == "There is nothing to confirm here"
    assert visitor.post(link, {}).heading == "There is nothing to confirm here"
    assert may_we() == (False, "choice_opted_out")


def test_a_broader_stop_counts_too(visitor, page_of_greta, worker):
    switch_on(visitor, page_of_greta)
    worker()
    visitor.open(page_of_greta).press("Stop all marketing")
    visitor.post(link_in(mail.outbox[0]), {})
    assert may_we() == (False, "choice_opted_out_broadly")


def test_an_address_that_went_to_somebody_else_confirms_nothing(visitor, page_of_greta, worker, greta):
    switch_on(visitor, page_of_greta)
    worker()
    ContactPoint.objects.filter(recipient=greta).update(recipient=RecipientFactory(email=None))
    assert visitor.post(link_in(mail.outbox[0]), {}).heading == visitor.open("/confirm/nonsense/").heading
    assert [event.state for event in Event.objects.all()] == ["pending"]


def test_the_link_confirms_after_a_merge_into_another_record(visitor, page_of_greta, worker, greta):
    """The yes moves along unconfirmed; the old mail is about what was said before, so a new one is offered."""
    switch_on(visitor, page_of_greta)
    worker()
    other = RecipientFactory(email="g@example.com", country="DE", relationship="consumer_prospect")
    ledger.merge(surviving=other.pk, absorbed=greta.pk, reason="same person", now=timezone.now())
    page = visitor.open(link_in(mail.outbox[0]))
    assert page.heading == "There is nothing to confirm here"
    assert page.buttons == ["Send me a new link"]
    assert may_we() == (False, "choice_pending")


def test_opening_the_link_changes_nothing(visitor, page_of_greta, worker, client):
    switch_on(visitor, page_of_greta)
    worker()
    link = link_in(mail.outbox[0])
    for method in (client.get, client.head):
        assert method(link.removeprefix("http://testserver"), follow=False).status_code in {200, 404}
        assert may_we() == (False, "choice_pending")


def test_without_an_address_there_is_no_mail_and_the_page_says_so(visitor, links, greta, worker):
    url = links(GRETA)["manage_url"]
    ContactPoint.objects.filter(recipient=greta).update(unreachable_at=timezone.now())
    page = switch_on(visitor, url)
    assert "no e-mail address of yours that works" in page.text
    worker()
    assert mail.outbox == []


def test_a_mail_server_that_refuses_for_now_is_asked_again(
    visitor, page_of_greta, worker, mail_server, clock_forward
):
    server = mail_server("451 later")
    switch_on(visitor, page_of_greta)
    worker()
    assert server.received == []
    clock_forward(dt.timedelta(minutes=1))
    worker()
    assert len(server.received) == 1
