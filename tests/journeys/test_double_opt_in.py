"""Double opt-in over HTTP and mail: nothing starts before the reader of the mailbox has said so."""

import datetime as dt
import re
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from preferences import ledger
from preferences.enums import Channel, Kind, Relationship, Source, State
from preferences.ledger import Change, Evidence
from preferences.links import undo_path
from preferences.models import ContactPoint
from preferences.scope import Scope
from tests.factories import RecipientFactory, TopicFactory
from tests.journeys.conftest import _printed, link_in, said
from tests.journeys.screen import Visitor

pytestmark = pytest.mark.django_db

GRETA = "greta@example.com"
TOPIC = "acme/acme-news/email"
WAITS, STARTED = (TOPIC, "pending", "link"), (TOPIC, "opted_in", "link")


@pytest.fixture
def greta(db, news, events, activity):
    """A German prospect: her law wants a yes to e-mail confirmed."""
    return RecipientFactory(
        email=GRETA, country="DE", relationship=Relationship.CONSUMER_PROSPECT, language="en"
    )


@pytest.fixture
def page_of_greta(greta, links):
    return links(GRETA)["manage_url"]


@pytest.fixture
def later(monkeypatch):
    """Lets time pass for everybody: `later(days=14)`."""
    passed = dt.timedelta()
    now = timezone.now

    def later(**more):
        nonlocal passed
        passed += dt.timedelta(**more)
        monkeypatch.setattr(timezone, "now", lambda: now() + passed)

    return later


@pytest.fixture
def cool_down(later, settings):
    return lambda: later(minutes=settings.CONFIRM_COOLDOWN_MINUTES)


@pytest.fixture
def mailed(visitor, page_of_greta, worker):
    """Greta has said yes to product news, and the mail is in her mailbox: the link in it."""
    switch_on(visitor, page_of_greta)
    worker()
    return link_in(mail.outbox[0])


def may_we(email=GRETA, topic="acme-news"):
    verdict = _printed("decide", email, topic=topic, channel="email")
    return verdict["allowed"], verdict["reason"]


def switch_on(visitor, url, *names):
    page = visitor.open(url)
    for name in names or ("Product news",):
        page.tick(name, "E-mail")
    return page.press("Save my choices")


def waiting_note(page):
    """What the page says on top while something waits; "" where nothing does."""
    notes = [form.text for form in page.root.all("form") if form.attributes.get("id") == "confirmation"]
    return notes[0] if notes else ""


def test_yes_waits_until_the_reader_of_the_mailbox_confirms(visitor, page_of_greta, worker, person):
    page = switch_on(visitor, page_of_greta)
    assert "It starts once you have confirmed it by e-mail." in page.outcome
    assert not page.is_on("Product news", "E-mail")
    assert "You have yet to confirm this" in page.says("Product news", "E-mail")
    assert "Product news, Acme – E-mail" in waiting_note(page)
    assert "on its way to g•••@e•••.com" in waiting_note(page)
    assert may_we() == (False, "choice_pending")

    worker()
    (message,) = mail.outbox
    assert message.to == [GRETA]
    assert "Product news, Acme – E-mail" in message.body
    assert "We sent the link to g•••@e•••.com on" in waiting_note(visitor.open(page_of_greta))

    link = link_in(message)
    asked = visitor.open(link)
    assert asked.heading == "Do you want this?"
    assert "Product news, Acme – E-mail" in asked.text
    assert "For g•••@e•••.com" in asked.text
    assert may_we() == (False, "choice_pending")

    done = asked.press("Yes, start this")
    assert (done.heading, "Started." in done.text) == ("Confirmed", True)
    assert may_we() == (True, "choice_opted_in")
    page = visitor.open(page_of_greta)
    assert (page.is_on("Product news", "E-mail"), waiting_note(page)) == (True, "")
    assert said(person(GRETA)) == [WAITS, STARTED]

    again = visitor.post(link, {})
    assert (again.heading, "This was on already." in again.text) == ("Nothing was changed", True)
    assert visitor.open(link).heading == "There is nothing to confirm here"
    assert said(person(GRETA)) == [WAITS, STARTED]


def test_what_was_confirmed_can_be_undone_at_once(visitor, mailed):
    done = visitor.open(mailed).press("Yes, start this")
    visitor.open(done.link("Undo")).press("Undo this change")
    assert may_we() == (False, "choice_pending")
    # Whoever changes their mind has the mail still.
    visitor.open(mailed).press("Yes, start this")
    assert may_we() == (True, "choice_opted_in")


def test_two_yeses_in_one_save_are_one_mail_and_one_press(visitor, page_of_greta, worker):
    switch_on(visitor, page_of_greta, "Product news", "Events")
    worker()
    (message,) = mail.outbox
    visitor.open(link_in(message)).press("Yes, start this")
    assert (may_we(), may_we(topic="acme-events")) == ((True, "choice_opted_in"),) * 2


def test_the_next_mail_waits_for_the_cool_down(visitor, page_of_greta, mailed, worker, cool_down):
    page = switch_on(visitor, page_of_greta, "Events")
    assert "on its way" in waiting_note(page)
    worker()
    assert len(mail.outbox) == 1
    cool_down()
    worker()
    assert [("Events" in message.body, "Product news" in message.body) for message in mail.outbox] == [
        (False, True),
        (True, True),
    ]
    visitor.open(mailed).press("Yes, start this")
    assert may_we(topic="acme-events") == (False, "choice_pending")
    visitor.open(link_in(mail.outbox[1])).press("Yes, start this")
    assert may_we(topic="acme-events") == (True, "choice_opted_in")


def test_it_can_be_sent_again_after_the_cool_down(visitor, page_of_greta, mailed, worker, cool_down):
    page = visitor.open(page_of_greta)
    assert "You can have it sent again from" in waiting_note(page)
    assert "Send the link again" not in page.buttons
    # Forging the button has the mail sent when its time has come, once.
    for _ in range(3):
        page = visitor.post(page_of_greta, {"confirm_again": "1"})
    assert "on its way" in waiting_note(page)
    worker()
    assert len(mail.outbox) == 1
    cool_down()
    worker()
    assert len(mail.outbox) == 2
    cool_down()
    page = visitor.open(page_of_greta).press("Send the link again")
    assert "on its way" in waiting_note(page)
    worker()
    assert len(mail.outbox) == 3
    visitor.open(link_in(mail.outbox[2])).press("Yes, start this")
    assert may_we() == (True, "choice_opted_in")


def test_the_first_mail_confirms_as_well_as_the_second(visitor, page_of_greta, mailed, worker, cool_down):
    cool_down()
    visitor.open(page_of_greta).press("Send the link again")
    worker()
    visitor.open(mailed).press("Yes, start this")
    assert visitor.open(link_in(mail.outbox[1])).heading == "There is nothing to confirm here"
    assert may_we() == (True, "choice_opted_in")


def test_what_nobody_confirmed_in_time_does_not_start(visitor, page_of_greta, mailed, later, settings):
    later(days=settings.CONFIRM_DAYS)
    assert may_we() == (False, "choice_pending_expired")
    asked = visitor.open(mailed)
    assert asked.heading == "This link is too old"
    assert "Product news, Acme – E-mail" in asked.text
    assert visitor.post(mailed, {}).heading == "There is nothing to confirm here"
    assert may_we() == (False, "choice_pending_expired")
    page = visitor.open(page_of_greta)
    assert "did not confirm it in time" in page.says("Product news", "E-mail")
    assert waiting_note(page) == ""


def test_an_old_link_has_a_new_one_mailed(visitor, mailed, worker, later, settings, person):
    later(days=settings.CONFIRM_DAYS)
    answer = visitor.open(mailed).press("Send me a new link")
    assert answer.heading == "Look into your mailbox"
    assert may_we() == (False, "choice_pending")
    worker()
    assert [message.to for message in mail.outbox] == [[GRETA]] * 2
    visitor.open(link_in(mail.outbox[1])).press("Yes, start this")
    assert may_we() == (True, "choice_opted_in")
    assert said(person(GRETA)) == [WAITS, WAITS, STARTED]


def test_asking_for_a_new_link_gets_the_same_answer_whatever_comes_of_it(
    visitor, mailed, worker, later, cool_down
):
    while_it_waits = visitor.post(mailed, {"send_again": "1"})
    visitor.open(mailed).press("Yes, start this")
    once_confirmed = visitor.post(mailed, {"send_again": "1"})
    assert once_confirmed.text == while_it_waits.text
    assert once_confirmed.status == while_it_waits.status == 200
    cool_down()
    worker()
    assert len(mail.outbox) == 1, "nothing waits any more"


def test_an_expired_yes_can_be_switched_on_anew(visitor, page_of_greta, mailed, later, settings, person):
    later(days=settings.CONFIRM_DAYS)
    page = switch_on(visitor, page_of_greta)
    assert "It starts once you have confirmed it by e-mail." in page.outcome
    assert may_we() == (False, "choice_pending")
    assert said(person(GRETA)) == [WAITS] * 2


def test_what_was_stopped_since_does_not_start(visitor, mailed, links):
    visitor.post(links(GRETA)["stop_url"], {"List-Unsubscribe": "One-Click"})
    page = visitor.open(mailed)
    assert (page.heading, "Send me a new link" in page.buttons) == ("There is nothing to confirm here", False)
    assert visitor.post(mailed, {}).heading == "There is nothing to confirm here"
    visitor.post(mailed, {"send_again": "1"})
    assert may_we() == (False, "choice_opted_out")


def test_a_broader_stop_counts_too(visitor, page_of_greta, mailed):
    visitor.open(page_of_greta).press("Stop all marketing")
    visitor.post(mailed, {})
    assert may_we() == (False, "choice_opted_out_broadly")


def test_a_stop_after_the_page_was_opened_is_not_overridden(visitor, page_of_greta, mailed):
    opened = visitor.open(mailed)
    visitor.open(page_of_greta).press("Stop all marketing")
    assert opened.press("Yes, start this").heading == "There is nothing to confirm here"
    assert may_we() == (False, "choice_opted_out_broadly")


def test_what_is_no_longer_offered_does_not_start(visitor, mailed, news):
    type(news).objects.filter(pk=news.pk).update(retired_at=timezone.now())
    assert visitor.open(mailed).heading == "There is nothing to confirm here"
    assert visitor.post(mailed, {}).heading == "There is nothing to confirm here"
    assert may_we() == (False, "purpose_retired")


def test_an_address_that_went_to_somebody_else_confirms_nothing(visitor, mailed, greta, person):
    other = RecipientFactory(email="other@example.com")
    ContactPoint.objects.filter(recipient=greta).update(recipient=other)
    nonsense = visitor.open("/confirm/nonsense/")
    for answer in (visitor.open(mailed), visitor.post(mailed, {}), visitor.post(mailed, {"send_again": "1"})):
        assert (answer.status, answer.text) == (404, nonsense.text)
    assert person("other@example.com")["events"] == []


def test_an_erased_persons_link_looks_like_any_other_that_leads_nowhere(visitor, mailed, greta):
    ledger.erase(recipient=greta.pk, now=timezone.now())
    assert visitor.post(mailed, {}).text == visitor.open("/confirm/nonsense/").text


def test_after_a_merge_a_new_link_is_offered(visitor, mailed, greta, worker, cool_down):
    """The yes moves along unconfirmed; the old mail is about what was said before."""
    other = RecipientFactory(email="g@example.com", country="DE", relationship="consumer_prospect")
    ledger.merge(surviving=other.pk, absorbed=greta.pk, reason="same person", now=timezone.now())
    page = visitor.open(mailed)
    assert page.heading == "There is nothing to confirm here"
    assert visitor.post(mailed, {}).heading == "There is nothing to confirm here"
    assert may_we() == (False, "choice_pending")
    page.press("Send me a new link")
    cool_down()
    worker()
    visitor.open(link_in(mail.outbox[1])).press("Yes, start this")
    assert may_we() == (True, "choice_opted_in")


def test_a_link_confirms_nothing_of_the_record_it_was_merged_into(visitor, mailed, greta, worker, links):
    """The mail to one address never named what was asked of the other."""
    other = RecipientFactory(email="g@example.com", country="DE", relationship="consumer_prospect")
    switch_on(visitor, links("g@example.com")["manage_url"], "Events")
    worker()
    newer = link_in(mail.outbox[1])
    ledger.merge(surviving=greta.pk, absorbed=other.pk, reason="same person", now=timezone.now())
    assert visitor.open(newer).heading == "There is nothing to confirm here"
    visitor.post(newer, {})
    assert may_we() == (False, "choice_pending")
    visitor.open(mailed).press("Yes, start this")
    assert may_we() == (True, "choice_opted_in")
    assert may_we(topic="acme-events") == (False, "choice_pending")


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_link_changes_nothing(mailed, client, method, person):
    before = person(GRETA)
    response = getattr(client, method)(urlsplit(mailed).path)
    assert response.status_code == 200
    assert response.cookies == {}
    assert (response["Cache-Control"], response["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert person(GRETA) == before


def test_other_methods_are_refused(mailed, client):
    assert client.put(urlsplit(mailed).path).status_code == 405


def test_without_an_address_there_is_no_mail_and_the_page_says_so(visitor, links, greta, worker):
    url = links(GRETA)["manage_url"]
    ContactPoint.objects.filter(recipient=greta).update(unreachable_at=timezone.now())
    page = switch_on(visitor, url)
    assert "we have no address to send you the link to" in page.outcome
    assert "It starts once" not in page.outcome
    assert "no e-mail address of yours that works" in waiting_note(page)
    assert not {"Send the link again", "Send me the link"} & set(page.buttons)
    worker()
    assert mail.outbox == []


def test_a_mail_that_never_came_can_be_asked_for(visitor, page_of_greta, worker, later):
    """The worker was killed before it took the task up, and nobody takes it up any more."""
    switch_on(visitor, page_of_greta)
    DBTaskResult.objects.all().delete()
    page = visitor.open(page_of_greta)
    assert ("on its way" in waiting_note(page), "Send me the link" in page.buttons) == (True, False)
    later(minutes=61)
    page = visitor.open(page_of_greta)
    assert "No link has been sent to g•••@e•••.com yet." in waiting_note(page)
    page.press("Send me the link")
    worker()
    visitor.open(link_in(mail.outbox[0])).press("Yes, start this")
    assert may_we() == (True, "choice_opted_in")


@pytest.mark.parametrize("stopped_between", [False, True])
@pytest.mark.parametrize("fresh", [True, False])
def test_an_undo_link_past_its_time_brings_no_earlier_yes_back(
    visitor, greta, news, fresh, stopped_between, settings
):
    """A yes that needed no confirmation stands under one that does, and the law has changed back since."""
    people = type(greta).objects.filter(pk=greta.pk)
    people.update(country="NO")
    _say(greta, news)
    if stopped_between:
        stop = _say(greta, None)
    people.update(country="DE")
    waits = _say(greta, news)
    people.update(country="NO")
    if stopped_between:
        ledger.undo(event=stop.event, evidence=Evidence(source=Source.UNDO), now=timezone.now())
    assert may_we() == (False, "choice_pending")
    made_at = timezone.now() - dt.timedelta(days=0 if fresh else settings.UNDO_DAYS + 1)
    path = undo_path(event=waits.event, contact_point=None, now=made_at)
    visitor.open(path)
    visitor.post(path, {})
    assert may_we() == ((True, "choice_opted_in") if fresh else (False, "choice_pending"))


def test_an_undo_link_past_its_time_takes_back_what_waits(visitor, greta, news, settings):
    waits = _say(greta, news)
    made_at = timezone.now() - dt.timedelta(days=settings.UNDO_DAYS + 1)
    visitor.post(undo_path(event=waits.event, contact_point=None, now=made_at), {})
    assert may_we() == (False, "law_requires_consent")


def _say(recipient, topic):
    """Yes to a topic, or no to everything."""
    if topic is None:
        change = Change(scope=Scope.all_marketing(), state=State.OPTED_OUT)
    else:
        scope = Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=Channel.EMAIL)
        change = Change(scope=scope, state=State.OPTED_IN)
    recorded = ledger.record(
        recipient=recipient.pk,
        changes=[change],
        evidence=Evidence(source=Source.ACCOUNT),
        now=timezone.now(),
    )
    return recorded.results[0]


def test_a_yes_from_a_list_is_mailed_only_when_the_person_asks(
    visitor, page_of_greta, mailed, greta, events, worker, cool_down
):
    """The mail of before was not about it."""
    scope = Scope(kind=Kind.MARKETING, brand=events.brand_id, purpose=events.pk, channel=Channel.EMAIL)
    ledger.record(
        recipient=greta.pk,
        changes=[Change(scope=scope, state=State.OPTED_IN)],
        evidence=Evidence(source=Source.IMPORT),
        now=timezone.now(),
    )
    cool_down()
    worker()
    assert len(mail.outbox) == 1
    page = visitor.open(page_of_greta)
    assert "No link has been sent to g•••@e•••.com yet." in waiting_note(page)
    page.press("Send me the link")
    worker()
    assert "Events" in mail.outbox[1].body


def test_a_mail_that_could_not_be_sent_can_be_asked_for(
    visitor, page_of_greta, worker, mail_server, cool_down
):
    server = mail_server("550 no such mailbox")
    switch_on(visitor, page_of_greta)
    worker()
    assert "No link has been sent to g•••@e•••.com yet." in waiting_note(visitor.open(page_of_greta))
    cool_down()
    visitor.open(page_of_greta).press("Send me the link")
    worker()
    (message,) = server.received
    assert "To: greta@example.com" in message


def test_a_mail_server_that_refuses_for_now_is_asked_again(
    visitor, page_of_greta, worker, mail_server, later
):
    server = mail_server("451 later")
    switch_on(visitor, page_of_greta)
    worker()
    assert server.received == []
    assert "on its way" in waiting_note(visitor.open(page_of_greta))
    later(minutes=1)
    worker()
    (message,) = server.received
    assert re.search(r"^From: Acme <", message, re.MULTILINE)
    assert "We sent the link" in waiting_note(visitor.open(page_of_greta))


def test_a_signed_in_person_sees_and_does_the_same(visitor, kari, news, worker, cool_down):
    type(kari).objects.filter(pk=kari.pk).update(
        country="DE", relationship=Relationship.CONSUMER_PROSPECT, language="en"
    )
    visitor.client.force_login(kari.account)
    page = switch_on(visitor, "/preferences/")
    assert "on its way to k•••@e•••.com" in waiting_note(page)
    worker()
    cool_down()
    visitor.open("/preferences/").press("Send the link again")
    worker()
    # The link is enough by itself, in any browser.
    Visitor().open(link_in(mail.outbox[1])).press("Yes, start this")
    assert may_we("kari@example.com") == (True, "choice_opted_in")
    assert visitor.open("/preferences/").is_on("Product news", "E-mail")


def test_a_yes_that_staff_take_down_waits_for_the_person_too(visitor, greta, support, worker, person):
    staff, path = Visitor(), f"/admin/preferences/recipient/{greta.pk}/on-behalf/"
    staff.client.force_login(support)
    fields = [box.attributes for box in staff.open(path).root.all("input")]
    subjects = [field["value"] for field in fields if field.get("name") == "subjects"]
    answer = staff.post(
        path,
        {
            "csrfmiddlewaretoken": staff.client.cookies["csrftoken"].value,
            "subjects": next(subject for subject in subjects if re.fullmatch(r"t\d+\.email", subject)),
            "answer": "opted_in",
            "route": "phone",
            "received_at": timezone.now().strftime("%Y-%m-%dT%H:%M"),
            "reason": "Called and asked for it.",
        },
    )
    assert answer.status == 200
    assert "It starts once the person has confirmed it by e-mail." in answer.text
    assert [(state, source) for _topic, state, source in said(person(GRETA))] == [("pending", "staff")]
    worker()
    (message,) = mail.outbox
    assert message.to == [GRETA]
    assert link_in(message) not in answer.text
    visitor.open(link_in(message)).press("Yes, start this")
    assert person(GRETA)["events"][-1]["actor"] == "recipient"


def test_in_norwegian(greta, links, worker):
    type(greta).objects.filter(pk=greta.pk).update(language="nb")
    visitor = Visitor(language="nb")
    page = visitor.open(links(GRETA)["manage_url"])
    page.tick("Produktnytt", "E-post").press("Lagre valgene mine")
    worker()
    (message,) = mail.outbox
    assert "Produktnytt, Acme – E-post" in message.body
    assert visitor.open(link_in(message)).language == "nb"


def test_the_pages_wear_the_look_of_the_one_brand(visitor, mailed, page_of_greta, worker, cool_down):
    assert "Privacy notice of Acme" in visitor.open(mailed).text
    other = TopicFactory(name="Tools", channels=[Channel.EMAIL.value])
    switch_on(visitor, page_of_greta, "Tools")
    cool_down()
    worker()
    both = visitor.open(link_in(mail.outbox[1]))
    assert f"Tools, {other.brand.name}" in both.text
    assert "Privacy notice" not in both.text
