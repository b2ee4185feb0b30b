"""Links as they arrive: whole, cut, lengthened, changed, of another kind, old, counted by somebody, passed on."""

import re

import pytest
from django.utils import timezone

from preferences.ledger import erase, merge
from tests.factories import ContactPointFactory, RecipientFactory
from tests.journeys.conftest import ANONYMOUS, KARI, read_person, said

pytestmark = pytest.mark.django_db

NEUTRAL = "This link does not work"
KINDS = ["u", "p", "undo"]


@pytest.fixture
def urls(visitor, manage_link, stop_link):
    """A working link of each kind. Something has been said, so there is something to undo."""
    saved = visitor.open(manage_link).tick("Events", "E-mail").press("Save my choices")
    return {"u": stop_link, "p": manage_link, "undo": f"http://testserver{saved.link('Undo')}"}


def token_in(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]


def damaged(token: str) -> dict[str, str]:
    middle = len(token) // 2
    another = "A" if token[middle] != "A" else "B"
    payload, _, signature = token.partition(".")
    return {
        "cut by one": token[:-1],
        "cut in the middle": token[:middle],
        "without signature": payload,
        "without payload": f".{signature}",
        "only a dot": ".",
        "lengthened": f"{token}x",
        "twice": token + token,
        "very long": token * 100,
        "a bracket after it": f"{token}>",
        "an encoded full stop after it": f"{token}%2E",
        "one character of the payload": another + token[1:] if token[0] != another else "C" + token[1:],
        "one character in the middle": token[:middle] + another + token[middle + 1 :],
        "the last character": token[:-1] + ("A" if token[-1] != "A" else "B"),
        "upper case": token.upper(),
        "a null byte": f"{token}%00",
        "a null byte inside": f"{token[:middle]}%00{token[middle:]}",
        "no UTF-8": f"{token}%FF%FE",
        "letters beyond ASCII": f"{token}%C3%A5",
        "a line break": f"{token}%0D%0ASet-Cookie:%20a=b",
        "a blank": f"{token}%20",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_link_gets_one_and_the_same_page(visitor, person, urls, kind):
    token = token_in(urls[kind])
    before = person(ANONYMOUS)
    pages = set()
    for damage, text in damaged(token).items():
        page = visitor.open(f"/{kind}/{text}/")
        assert (page.status, page.heading) == (404, NEUTRAL), damage
        pages.add(page.response.content)
        page = visitor.post(f"/{kind}/{text}/", {})
        assert page.status == (200 if kind == "u" else 404), damage
    assert len(pages) == 1
    assert visitor.open(f"/{kind}/{token}/").status == 200
    assert person(ANONYMOUS) == before


@pytest.mark.parametrize("kind", KINDS)
def test_link_of_one_kind_opens_nothing_of_another(visitor, person, urls, kind):
    before = person(ANONYMOUS)
    for other in set(KINDS) - {kind}:
        path = f"/{kind}/{token_in(urls[other])}/"
        page = visitor.open(path)
        assert (page.status, page.heading) == (404, NEUTRAL)
        for data in ({}, {"stop": "all", "version": "0"}, {"send_fresh": "1"}):
            visitor.post(path, data)
    assert person(ANONYMOUS) == before


@pytest.mark.parametrize("kind", KINDS)
def test_link_signed_with_a_former_key_works(visitor, settings, urls, kind):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [settings.SECRET_KEY]
    assert visitor.open(urls[kind]).status == 200


def test_stop_signed_with_a_former_key_stops(visitor, person, settings, urls):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [settings.SECRET_KEY]
    visitor.client.post(urls["u"])
    assert said(person(ANONYMOUS))[-1] == ("acme/acme-news/email", "opted_out", "one_click")


@pytest.mark.parametrize("kind", KINDS)
def test_link_signed_with_a_withdrawn_key_gets_the_neutral_page(visitor, person, settings, urls, kind):
    before = person(ANONYMOUS)
    settings.SECRET_KEY = "new" * 20
    page = visitor.open(urls[kind])
    assert (page.status, page.heading) == (404, NEUTRAL)
    assert page.response.content == visitor.open(f"/{kind}/nonsense/").response.content
    visitor.client.post(urls[kind])
    assert person(ANONYMOUS) == before


COUNTED = "?utm_source=mail&utm_campaign=sp%C3%A5r&mc_eid=0a1b2c&fbclid=x%00y&a[]=1&&=&%FF"


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_of_click_counters_are_ignored(visitor, person, urls, kind):
    counted = visitor.open(urls[kind] + COUNTED)
    assert counted.status == 200
    assert counted.heading == visitor.open(urls[kind]).heading
    events = len(person(ANONYMOUS)["events"])
    button = {"u": "Stop this", "p": "Stop all marketing", "undo": "Undo this change"}[kind]
    assert counted.press(button).status == 200
    assert len(person(ANONYMOUS)["events"]) == events + 1


def test_one_click_with_parameters_of_click_counters(visitor, person, stop_link):
    answer = visitor.client.post(stop_link + COUNTED, {"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, answer.content) == (200, b"OK\n")
    assert said(person(ANONYMOUS)) == [("acme/acme-news/email", "opted_out", "one_click")]


@pytest.mark.parametrize("kind", KINDS)
def test_link_pages_keep_to_themselves(visitor, urls, kind):
    """Never stored, never indexed, never told to the next site; nothing from elsewhere; no cookie."""
    for page in (visitor.open(urls[kind]), visitor.open(f"/{kind}/nonsense/"), visitor.post(urls[kind], {})):
        headers = page.response.headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Robots-Tag"] == "noindex, nofollow"
        policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
        if headers["Content-Type"].startswith("text/html"):
            assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
            assert policy["base-uri"] == "'none'"
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert not page.response.cookies
        assert "Location" not in headers
    assert not visitor.client.cookies


@pytest.mark.parametrize("kind", KINDS)
def test_link_pages_load_nothing_from_elsewhere(visitor, urls, kind):
    page = visitor.open(urls[kind])
    loaded = [
        e.attributes.get("src") or e.attributes.get("href") for e in page.root.all("script", "img", "link")
    ]
    assert loaded
    assert all(address.startswith("/") for address in loaded)
    assert not [e for e in page.root.all() if "style" in e.attributes or e.tag == "style"]
    assert not [e for e in page.root.all() if any(name.startswith("on") for name in e.attributes)]
    token = token_in(urls[kind])
    assert not [a for a in page.root.all("a") if token in a.attributes["href"]]


def test_no_address_in_a_link_or_on_its_page(visitor, urls):
    for url in urls.values():
        assert "anonymous" not in url
        assert "anonymous" not in visitor.open(url).response.content.decode()


def test_get_and_head_write_nothing_anywhere(visitor, client, person, urls, kari, support, links):
    """Every address a person can be given, opened twice each way, changes nothing on record."""
    saved = visitor.open(urls["p"]).press("Refuse all profiling")
    addresses = [*urls.values(), saved.link("Undo"), links(KARI)["manage_url"], links(KARI)["stop_url"]]
    addresses += [
        *("/", "/link/", "/preferences/", "/accounts/login/", "/accounts/signup/", "/accounts/email/")
    ]
    addresses += [
        *("/u/x/", "/p/x/", "/undo/x/", "/healthz", "/readyz", "/nowhere/", "/admin/", "/accounts/logout/")
    ]
    # Links of the pages themselves, the language switch among them.
    page = visitor.open(urls["p"])
    addresses += [a.attributes["href"] for a in page.root.all("a") if a.attributes["href"].startswith("/")]
    addresses += [f"{urls['p']}?language=nb", f"{urls['u']}?stop=all", f"{urls['p']}?stop=all&version=0"]
    before = [person(ANONYMOUS), person(KARI)]
    client.force_login(kari.account)
    for address in addresses:
        path = address.removeprefix("http://testserver")
        for somebody in (visitor.client, client):
            got = [somebody.get(path), somebody.head(path), somebody.get(path)]
            assert {answer.status_code for answer in got} <= {200, 302, 404}, address
            assert not got[1].content
            assert got[0].status_code == got[1].status_code, address
    assert [person(ANONYMOUS), person(KARI)] == before


def test_pages_send_no_form_by_themselves(visitor, urls):
    for url in urls.values():
        html = visitor.open(url).response.content.decode()
        assert "http-equiv" not in html
        assert not re.search(r"<form[^>]*method=.?get", html)


@pytest.mark.parametrize("kind", KINDS)
def test_links_of_an_erased_person_look_like_unknown_ones(visitor, anonymous, urls, kind):
    erase(recipient=anonymous.pk, now=timezone.now())
    page, unknown = visitor.open(urls[kind]), visitor.open(f"/{kind}/nonsense/")
    assert (page.status, page.heading) == (404, NEUTRAL)
    assert page.response.content == unknown.response.content
    answer, of_unknown = visitor.client.post(urls[kind]), visitor.client.post(f"/{kind}/nonsense/")
    assert answer.status_code == of_unknown.status_code == (200 if kind == "u" else 404)
    assert answer.content == of_unknown.content
    for data in ({"stop": "all", "version": "0"}, {"stop": "topic"}, {"send_fresh": "1"}):
        page, unknown = visitor.post(urls[kind], data), visitor.post(f"/{kind}/nonsense/", data)
        assert (page.status, page.response.content) == (unknown.status, unknown.response.content)


def test_links_of_a_merged_person_lead_to_the_one_who_is_left(
    visitor, person, anonymous, stop_link, manage_link
):
    other = RecipientFactory(email="other@example.com")
    merge(surviving=other.pk, absorbed=anonymous.pk, reason="The same person.", now=timezone.now())

    page = visitor.open(manage_link)
    assert "a•••@e•••.com" in page.text
    page.tick("Events", "E-mail").press("Save my choices")
    visitor.client.post(stop_link)
    visitor.open(stop_link).press("Stop all marketing")

    record = person("other@example.com")
    assert record == person(ANONYMOUS)
    assert record["recipient"]["absorbed"] == [anonymous.pk]
    assert said(record) == [
        ("acme/acme-events/email", "opted_in", "link"),
        ("acme/acme-news/email", "opted_out", "one_click"),
        ("*/*/*", "opted_out", "link"),
    ]
    assert {event["recipient"] for event in record["events"]} == {other.pk}


def test_links_of_somebody_merged_twice(visitor, person, anonymous, stop_link, manage_link):
    second, third = RecipientFactory(), RecipientFactory(email="third@example.com")
    merge(surviving=second.pk, absorbed=anonymous.pk, reason="Same.", now=timezone.now())
    merge(surviving=third.pk, absorbed=second.pk, reason="Same.", now=timezone.now())
    assert visitor.open(manage_link).status == 200
    visitor.client.post(stop_link)
    assert said(person("third@example.com")) == [("acme/acme-news/email", "opted_out", "one_click")]


def test_undo_link_of_before_a_merge_says_that_it_is_too_late(visitor, person, anonymous, urls):
    """On opening as on pressing: a page must not offer what it then refuses."""
    other = RecipientFactory(email="other@example.com")
    merge(surviving=other.pk, absorbed=anonymous.pk, reason="The same person.", now=timezone.now())
    before = person(ANONYMOUS)
    for page in (visitor.open(urls["undo"]), visitor.post(urls["undo"], {})):
        assert (page.status, page.heading) == (200, "This cannot be undone")
        assert "Undo this change" not in page.buttons
    assert person(ANONYMOUS) == before


def test_address_that_went_to_somebody_else_no_longer_opens_the_page(
    visitor, person, anonymous, manage_link, kari
):
    """Whoever has the mailbox now must not see, or turn on, what its former owner chose."""
    anonymous.contact_points.update(recipient=kari)
    page = visitor.open(manage_link)
    assert (page.status, page.heading) == (404, NEUTRAL)
    assert page.response.content == visitor.open("/p/nonsense/").response.content
    visitor.post(manage_link, {"stop": "all", "version": "0"})
    assert person(KARI)["events"] == []
    assert person_of(anonymous)["events"] == []


def lose_address(recipient, *, to):
    """The address of a recipient is removed, or goes to somebody else."""
    if to is None:
        recipient.contact_points.all().delete()
    else:
        recipient.contact_points.update(recipient=to)


def person_of(recipient):
    """What is on record for somebody who has no address any more, read at one made for the purpose."""
    email = f"somebody{recipient.pk}@example.org"
    if not recipient.contact_points.filter(value=email).exists():
        ContactPointFactory(recipient=recipient, value=email)
    return read_person(email)


@pytest.mark.parametrize("fate", ["gone", "another's"])
@pytest.mark.parametrize("merged", [False, True], ids=["alone", "merged"])
def test_stop_link_stops_for_the_person_although_the_address_is_no_longer_theirs(
    visitor, anonymous, stop_link, kari, fate, merged
):
    """Narrowing needs nothing but the token; the address it went to is not shown, since it may be anybody's."""
    recipient = anonymous
    if merged:
        recipient = RecipientFactory(email=None)
        merge(surviving=recipient.pk, absorbed=anonymous.pk, reason="Same.", now=timezone.now())
    lose_address(recipient, to=None if fate == "gone" else kari)

    page = visitor.open(stop_link)
    assert (page.status, page.heading) == (200, "Stop these messages?")
    assert "For the person this message was sent to" in page.text
    assert "•" not in page.text
    stopped = page.press("Stop everything from Acme")
    assert stopped.heading == "Stopped"
    assert "•" not in stopped.text
    visitor.client.post(stop_link)

    assert read_person(KARI)["events"] == []
    assert said(person_of(recipient)) == [("acme/*/*", "opted_out", "link")]
    # A click by mistake is taken back as ever.
    undone = visitor.open(stopped.link("Undo")).press("Undo this change")
    assert undone.heading == "Undone"


@pytest.mark.parametrize("fate", ["gone", "another's"])
def test_undo_link_is_worth_nothing_once_the_address_is_no_longer_theirs(
    visitor, anonymous, urls, kari, fate
):
    before = said(read_person(ANONYMOUS))
    lose_address(anonymous, to=None if fate == "gone" else kari)
    unknown = visitor.open("/undo/nonsense/").response.content
    for page in (visitor.open(urls["undo"]), visitor.post(urls["undo"], {})):
        assert (page.status, page.response.content) == (404, unknown)
    assert said(person_of(anonymous)) == before
