"""A manage link past its freshness: it stops, it starts nothing, and it has a fresh one mailed."""

import datetime as dt

import pytest
from django.core import mail
from django.utils import timezone

from preferences.enums import ContactKind
from preferences.links import manage_url
from tests.factories import ContactPointFactory, RecipientFactory
from tests.journeys.conftest import ANONYMOUS, KARI, link_in, said

pytestmark = pytest.mark.django_db

TOO_OLD = "This link may still stop things, but it is too old to start them."


def link_made(point, *, days_ago: float) -> str:
    return manage_url(contact_point=point, brand=None, now=timezone.now() - dt.timedelta(days=days_ago))


@pytest.fixture
def old_link(anonymous, news, events, activity) -> str:
    return link_made(anonymous.contact_points.get(), days_ago=400)


def test_old_link_stops(visitor, person, manage_link, old_link):
    visitor.open(manage_link).tick("Product news", "E-mail").press("Save my choices")
    saved = visitor.open(old_link).untick("Product news", "E-mail").press("Save my choices")
    assert "Product news, Acme – E-mail Stopped." in saved.outcome
    saved = saved.press("Stop all marketing")
    assert "All marketing Stopped." in saved.outcome
    assert [event[1:] for event in said(person(ANONYMOUS))] == [
        ("opted_in", "link"),
        ("opted_out", "link"),
        ("opted_out", "link"),
    ]


def test_old_link_starts_nothing_and_says_why(visitor, person, old_link):
    page = visitor.open(old_link)
    assert "This link is too old to turn anything on." in page.text
    box = page.switch("Product news", "E-mail")
    assert "disabled" in box.attributes

    # As if somebody had enabled the box.
    saved = visitor.post(old_link, {**page.choices, "on": [*page.choices["on"], box.attributes["value"]]})

    assert saved.status == 200
    assert saved.outcome == f"Not everything was saved Product news, Acme – E-mail {TOO_OLD}"
    assert not saved.is_on("Product news", "E-mail")
    assert person(ANONYMOUS)["events"] == []


def test_old_link_saves_the_stops_of_a_form_whose_starts_it_refuses(visitor, person, old_link):
    page = visitor.open(old_link).untick("Your activity")
    field = page.switch("Product news", "E-mail").attributes["value"]
    saved = visitor.post(old_link, {**page.choices, "on": [*page.choices["on"], field]})
    assert "Your activity Stopped." in saved.outcome
    assert TOO_OLD in saved.outcome
    assert said(person(ANONYMOUS)) == [("*/activity/*", "opted_out", "link")]


def test_old_link_undoes_nothing(visitor, manage_link, old_link):
    visitor.open(manage_link).press("Stop all marketing")
    assert visitor.open(manage_link).has_link("Undo")
    page = visitor.open(old_link)
    assert len(page.history) == 1
    assert not page.has_link("Undo")


@pytest.mark.parametrize(("days", "fresh"), [(29.99, True), (30.01, False)])
def test_link_is_fresh_for_the_days_of_the_setting(visitor, settings, anonymous, news, days, fresh):
    assert settings.MANAGE_LINK_DAYS == 30
    page = visitor.open(link_made(anonymous.contact_points.get(), days_ago=days))
    assert ("disabled" not in page.switch("Product news", "E-mail").attributes) is fresh


def test_fresh_link_arrives_and_works(visitor, person, old_link, worker):
    answer = visitor.open(old_link).press("Send me a fresh link")
    assert answer.heading == "Look in your mailbox"
    assert mail.outbox == []
    worker()
    (message,) = mail.outbox
    assert message.to == [ANONYMOUS]
    assert message.subject == "Your link to all your choices"
    fresh = link_in(message)
    assert fresh != old_link
    saved = visitor.open(fresh).tick("Product news", "E-mail").press("Save my choices")
    assert "Product news, Acme – E-mail Started." in saved.outcome
    assert said(person(ANONYMOUS)) == [("acme/acme-news/email", "opted_in", "link")]


def test_fresh_link_goes_to_the_address_of_the_old_one_however_it_was_spelled(
    visitor, settings, worker, news
):
    """One mailbox is one mailbox to the cap, whichever page the link was asked for on."""
    settings.LINK_CAP_PER_MAILBOX = 1
    olga = RecipientFactory(email="Olga@Example.COM")
    visitor.open("/link/").press("Send me the link", address="olga@example.com")
    visitor.open(link_made(olga.contact_points.get(), days_ago=99)).press("Send me a fresh link")
    worker()
    (message,) = mail.outbox
    assert message.to == ["Olga@Example.COM"]


def test_fresh_link_for_one_sent_to_a_phone_goes_to_the_persons_mailbox(visitor, anonymous, news, worker):
    phone = ContactPointFactory(recipient=anonymous, kind=ContactKind.PHONE, value="+47 400 00 000")
    page = visitor.open(link_made(phone, days_ago=99))
    assert "+47 ••• 00" in page.text
    assert page.press("Send me a fresh link").heading == "Look in your mailbox"
    worker()
    (message,) = mail.outbox
    assert message.to == [ANONYMOUS]
    assert visitor.open(link_in(message)).status == 200


def test_fresh_link_for_somebody_without_a_mailbox_sends_nothing(visitor, news, worker):
    phone = ContactPointFactory(kind=ContactKind.PHONE, value="+47 400 00 000")
    assert visitor.open(link_made(phone, days_ago=99)).press("Send me a fresh link").status == 200
    worker()
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("spoken", "browser", "language"),
    [("nb", "en", "nb"), ("en", "nb", "en"), ("", "nb", "nb"), ("tlh", "nb", "nb"), ("tlh", "tlh", "en")],
)
def test_mail_is_written_in_the_recipients_language(client, worker, spoken, browser, language):
    RecipientFactory(email=KARI, language=spoken)
    client.post("/link/", {"address": KARI}, headers={"accept-language": browser})
    worker()
    (message,) = mail.outbox
    ((html, _kind),) = message.alternatives
    assert f'<html lang="{language}" dir="ltr">' in html


def test_mail_answers_no_machine_and_names_nobody_else(visitor, anonymous, worker, settings):
    visitor.open("/link/").press("Send me the link", address=ANONYMOUS)
    worker()
    (message,) = mail.outbox
    sent = message.message()
    assert sent["Auto-Submitted"] == "auto-replied"
    assert message.from_email == settings.DEFAULT_FROM_EMAIL
    assert (message.cc, message.bcc) == ([], [])
    assert ANONYMOUS not in link_in(message)
