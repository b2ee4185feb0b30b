"""Verifying an address brings account and recipient together: through pages and mail only, as a person does it."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from preferences.enums import Channel
from preferences.links import manage_url, stop_url
from preferences.models import ContactPoint
from tests.accounts.people import (
    add_address,
    code_in,
    newest_mail,
    set_password,
    sign_in,
    sign_in_by_code,
    sign_up,
    time_passes,
    verify,
    without_token,
)
from tests.factories import RecipientFactory, TopicFactory

PAGE = "/preferences/"

pytestmark = pytest.mark.django_db


def path_of(url):
    return url.removeprefix("http://testserver")


def point_of(address):
    return ContactPoint.objects.get(normalized=address)


def stop_by_link(address, topic, channel=Channel.EMAIL):
    """Open the stop link of a mail and press the button, without any account."""
    answer = Client().post(
        path_of(stop_url(contact_point=point_of(address), topic=topic, channel=channel)),
        {"List-Unsubscribe": "One-Click"},
    )
    assert answer.status_code == 200


def hidden_fields(html):
    """Those of the switches, which come first on the page; the stop buttons have a form of their own."""
    found = re.findall(r'<input type="hidden" name="(version|shown|was_on)" value="([^"]*)"', html)
    return dict(reversed(found))


def ticked(html):
    """The fields of the boxes that are ticked on a preference page."""
    boxes = re.findall(r"<input[^>]+name=\"on\"[^>]*>", html)
    return {re.search(r'value="([^"]+)"', box)[1] for box in boxes if re.search(r"\bchecked\b", box)}


@pytest.fixture
def topics():
    return TopicFactory.create_batch(3)


@pytest.fixture
def browser():
    return Client()


def test_signing_up_shows_the_choices_made_by_link_before(browser, news, anonymous):
    stop_by_link("anonymous@example.com", news)

    sign_up(browser, "anonymous@example.com")
    page = verify(browser, "anonymous@example.com")

    assert page.redirect_chain[-1][0] == PAGE
    assert "The unsubscribe button of your mail program" in page.content.decode()
    assert "anonymous@example.com" in page.content.decode()
    anonymous.refresh_from_db()
    assert anonymous.account.email == "anonymous@example.com"
    assert point_of("anonymous@example.com").verified_at is not None


def test_a_new_address_makes_a_recipient_in_the_language_of_the_page(browser, news):
    browser.cookies["django_language"] = "nb"
    sign_up(browser, "new@example.com")
    page = verify(browser, "new@example.com")

    assert page.redirect_chain[-1][0] == PAGE
    point = point_of("new@example.com")
    assert point.verified_at is not None
    assert point.recipient.language == "nb"
    assert point.recipient.account.email == "new@example.com"


def test_opening_a_page_confirms_nothing(browser, anonymous):
    sign_up(browser, "anonymous@example.com")
    code = code_in(newest_mail("anonymous@example.com"))
    for ask in (browser.get, browser.head):
        assert ask(reverse("account_email_verification_sent"), {"code": code}).status_code == 200

    anonymous.refresh_from_db()
    assert anonymous.account is None
    assert point_of("anonymous@example.com").verified_at is None
    # And whoever has the password only is still not let in.
    assert "/preferences/" not in [
        step[0] for step in sign_in(Client(), "anonymous@example.com").redirect_chain
    ]


def test_an_unverified_address_links_nothing(browser, news, kari, anonymous):
    sign_in(browser, "kari@example.com")
    add_address(browser, "anonymous@example.com")

    anonymous.refresh_from_db()
    assert anonymous.account is None
    assert anonymous.merged_into is None
    assert browser.get(PAGE).status_code == 200
    assert browser.post(PAGE, {"version": "0"}).status_code in {200, 400}
    anonymous.refresh_from_db()
    assert anonymous.merged_into is None


def test_a_merge_keeps_what_either_had_stopped(browser, topics, kari):
    mine, theirs, neither = topics
    RecipientFactory(email="other@example.com")
    for address in ("kari@example.com", "other@example.com"):
        # Both say yes to everything first, so that a lost "no" would show as "yes".
        page = path_of(manage_url(contact_point=point_of(address), brand=None, now=timezone.now()))
        html = Client().get(page).content.decode()
        hidden = hidden_fields(html)
        saved = Client().post(page, {**hidden, "on": hidden["shown"].split()})
        assert saved.status_code == 200
    stop_by_link("kari@example.com", mine)
    stop_by_link("other@example.com", theirs)
    browser.cookies["django_language"] = "en"
    sign_in(browser, "kari@example.com")
    before = len(ticked(browser.get(PAGE).content.decode()))

    add_address(browser, "other@example.com")
    answer = verify(browser, "other@example.com")
    assert answer.status_code == 200
    html = browser.get(PAGE).content.decode()

    assert len(ticked(html)) == before - 1
    assert "Two of your addresses were brought together" in html
    # The old link of the other address leads to the same page, and stops still stop.
    stop_by_link("other@example.com", neither)
    assert len(ticked(browser.get(PAGE).content.decode())) == before - 2
    other = path_of(manage_url(contact_point=point_of("other@example.com"), brand=None, now=timezone.now()))
    assert ticked(Client().get(other).content.decode()) == ticked(browser.get(PAGE).content.decode())


def test_the_merge_stands_in_the_history_of_both(browser, news, kari, anonymous):
    stop_by_link("anonymous@example.com", news)
    sign_in(browser, "kari@example.com")
    add_address(browser, "anonymous@example.com")
    verify(browser, "anonymous@example.com")

    anonymous.refresh_from_db()
    assert anonymous.merged_into == kari
    assert anonymous.merge.surviving == kari
    assert [merge.absorbed for merge in kari.merges.all()] == [anonymous]
    assert point_of("anonymous@example.com").recipient == kari


def test_removing_an_address_keeps_the_choices_and_its_protection(browser, news, kari, anonymous):
    stop_by_link("anonymous@example.com", news)
    sign_in(browser, "kari@example.com")
    add_address(browser, "anonymous@example.com")
    verify(browser, "anonymous@example.com")
    before = browser.get(PAGE).content.decode()

    answer = browser.post(
        reverse("account_email"), {"action_remove": "", "email": "anonymous@example.com"}, follow=True
    )

    assert "anonymous@example.com" not in re.sub(
        r'(?s)<ul class="messages".*?</ul>', "", answer.content.decode()
    )
    assert ticked(browser.get(PAGE).content.decode()) == ticked(before)
    assert point_of("anonymous@example.com").recipient == kari
    assert "was removed" in newest_mail("kari@example.com").body


def test_another_address_for_signing_in_keeps_the_choices(browser, news, kari):
    stop_by_link("kari@example.com", news)
    sign_in(browser, "kari@example.com")
    add_address(browser, "new@example.com")
    verify(browser, "new@example.com")
    before = ticked(browser.get(PAGE).content.decode())
    browser.post(reverse("account_email"), {"action_primary": "", "email": "new@example.com"})
    browser.post(reverse("account_email"), {"action_remove": "", "email": "kari@example.com"})

    other = Client()
    page = sign_in(other, "new@example.com")
    assert page.redirect_chain[-1][0] == PAGE
    assert ticked(page.content.decode()) == before
    assert point_of("kari@example.com").recipient == kari


@pytest.mark.parametrize(
    ("known", "typed"),
    [
        ("anonymous@example.com", "Anonymous@EXAMPLE.com"),
        ("anonymous@example.com", "anonymous@\uff45xample.com"),
        ("anonymous@xn--bcher-kva.example", "anonymous@b\u00fccher.example"),
    ],
)
def test_every_spelling_of_an_address_is_the_same_person(browser, news, known, typed):
    person = RecipientFactory(email=known)
    stop_by_link(known, news)
    sign_up(browser, typed)
    verify(browser, known)

    person.refresh_from_db()
    assert person.account.email == known
    assert ContactPoint.objects.count() == 1
    assert sign_in(Client(), typed).redirect_chain[-1][0] == PAGE


def test_an_address_another_account_gave_up_stays_where_its_refusals_are(browser, news, kari, anonymous):
    stop_by_link("anonymous@example.com", news)
    sign_in(browser, "kari@example.com")
    add_address(browser, "anonymous@example.com")
    verify(browser, "anonymous@example.com")
    browser.post(reverse("account_email"), {"action_remove": "", "email": "anonymous@example.com"})

    time_passes()
    stranger = Client()
    sign_up(stranger, "anonymous@example.com")
    page = verify(stranger, "anonymous@example.com")

    assert "kept with another account" in page.content.decode()
    assert "<h1>There are no choices under this account</h1>" in page.content.decode()
    assert point_of("anonymous@example.com").recipient == kari
    assert "The unsubscribe button" not in page.content.decode()
    # Whoever reads the mailbox can still stop by link, and that holds.
    other = TopicFactory()
    stop_by_link("anonymous@example.com", other)
    assert kari.choices.count() == 2


def test_a_code_confirms_nothing_in_another_browser(browser, anonymous):
    """So that nobody gets another person's address confirmed by asking for a press of a button."""
    sign_up(browser, "anonymous@example.com")
    sign_up(Client(), "somebody@example.com")
    other = Client()
    answer = verify(other, "anonymous@example.com")

    assert answer.redirect_chain[-1][0] == reverse("account_login")
    anonymous.refresh_from_db()
    assert anonymous.account is None


def test_three_wrong_codes_end_the_attempt(browser, anonymous):
    sign_up(browser, "anonymous@example.com")
    code = code_in(newest_mail("anonymous@example.com"))
    for wrong in ("AAAAAA", "BBBBBB", "CCCCCC"):
        browser.post(reverse("account_email_verification_sent"), {"code": wrong})
    browser.post(reverse("account_email_verification_sent"), {"code": code})

    anonymous.refresh_from_db()
    assert anonymous.account is None


def test_a_password_set_by_somebody_else_does_not_outlive_the_first_sign_in(browser, anonymous):
    sign_up(Client(), "anonymous@example.com")
    time_passes()
    page = sign_in_by_code(browser, "anonymous@example.com")
    assert page.redirect_chain[-1][0] == PAGE
    anonymous.refresh_from_db()
    assert anonymous.account.email == "anonymous@example.com"

    assert sign_in(Client(), "anonymous@example.com").redirect_chain == []


def test_a_password_set_through_the_mailbox_replaces_that_of_somebody_else_and_stays(browser, anonymous):
    sign_up(Client(), "anonymous@example.com")
    time_passes()
    set_password(browser, "anonymous@example.com", "a much better passphrase")
    sign_in(browser, "anonymous@example.com", password="a much better passphrase")
    assert verify(browser, "anonymous@example.com").redirect_chain[-1][0] == PAGE

    assert sign_in(Client(), "anonymous@example.com").redirect_chain == []
    again = sign_in(Client(), "anonymous@example.com", password="a much better passphrase")
    assert again.redirect_chain[-1][0] == PAGE


def test_a_password_known_before_stays_where_the_address_was_proven_before(browser, kari):
    assert sign_in_by_code(browser, "kari@example.com").redirect_chain[-1][0] == PAGE

    assert sign_in(Client(), "kari@example.com").redirect_chain[-1][0] == PAGE


def test_whoever_began_to_sign_up_is_not_let_in_by_what_the_owner_confirms(anonymous):
    """The page that waits for the code, in the browser that asked for it, stays a page that waits for a code."""
    squatter, owner = Client(), Client()
    sign_up(squatter, "anonymous@example.com")
    time_passes()
    sign_in_by_code(owner, "anonymous@example.com")

    for path in (PAGE, reverse("account_email_verification_sent"), reverse("account_login")):
        squatter.get(path, follow=True)
        squatter.post(path, follow=True)
        assert squatter.get(PAGE).status_code == 302
    sign_in(squatter, "anonymous@example.com")
    assert squatter.get(PAGE).status_code == 302


def test_an_address_that_an_account_only_adds_leads_nobody_into_that_account(browser, kari, anonymous):
    """Kari adds an address of somebody else. Its owner neither lands in her account nor is kept from one."""
    sign_in(browser, "kari@example.com")
    add_address(browser, "anonymous@example.com")

    owner = Client()
    for page in ("account_request_login_code", "account_reset_password"):
        time_passes()
        owner.post(reverse(page), {"email": "anonymous@example.com"})
        assert newest_mail("anonymous@example.com").subject == "There is no account with this address"
    time_passes()
    owner = Client()
    sign_up(owner, "anonymous@example.com")
    assert verify(owner, "anonymous@example.com").redirect_chain[-1][0] == PAGE
    anonymous.refresh_from_db()
    assert anonymous.account.email == "anonymous@example.com"
    assert anonymous.merged_into is None


def test_nobody_signs_up_with_a_passkey_alone():
    """Such an account would have a way in before it has an address."""
    with pytest.raises(NoReverseMatch):
        reverse("account_signup_by_passkey")


def test_a_password_of_ones_own_stays(browser):
    sign_up(browser, "new@example.com")
    verify(browser, "new@example.com")
    browser.post(reverse("account_logout"))

    assert sign_in(browser, "new@example.com").redirect_chain[-1][0] == PAGE


def test_an_account_that_never_proved_its_address_gives_it_up(browser, kari):
    squatter = Client()
    sign_up(squatter, "wanted@example.com")
    time_passes()
    sign_in(browser, "kari@example.com")
    add_address(browser, "wanted@example.com")
    verify(browser, "wanted@example.com")

    answer = browser.post(
        reverse("account_email"), {"action_primary": "", "email": "wanted@example.com"}, follow=True
    )
    assert answer.status_code == 200
    kari.account.refresh_from_db()
    assert kari.account.email == "wanted@example.com"


def test_a_sign_up_that_was_given_up_meanwhile_ends_with_a_page(browser, kari):
    """One person, two browsers: the code of the first one comes too late."""
    first = Client()
    sign_up(first, "wanted@example.com")
    code = code_in(newest_mail("wanted@example.com"))
    time_passes()
    sign_in(browser, "kari@example.com")
    add_address(browser, "wanted@example.com")
    verify(browser, "wanted@example.com")

    answer = first.post(reverse("account_email_verification_sent"), {"code": code}, follow=True)
    assert answer.status_code == 200
    assert first.get(PAGE).status_code == 302


def test_signing_up_with_a_known_address_looks_the_same_and_tells_only_the_mailbox(kari):
    answers = []
    for address in ("kari@example.com", "unknown@example.com"):
        browser = Client()
        answer = browser.post(
            reverse("account_signup"),
            {"email": address, "password1": "correct horse battery staple"},
            follow=True,
        )
        answers.append(
            (answer.redirect_chain, without_token(answer.content.decode()).replace(address, "ADDRESS"))
        )

    assert answers[0] == answers[1]
    assert [message.subject for message in mail.outbox] == [
        "You have an account already",
        "Your code to finish signing up",
    ]
