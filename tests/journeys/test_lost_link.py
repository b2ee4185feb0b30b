"""The lost-link page: one answer for everybody, a mail only to those we know, and no more of them than is decent."""

import datetime as dt
import re

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from preferences.ledger import erase
from tests.factories import RecipientFactory
from tests.journeys.conftest import ANONYMOUS, link_in
from tests.journeys.screen import Visitor

pytestmark = pytest.mark.django_db

SPELLINGS = {
    "as it is": "anonymous@example.com",
    "upper case": "ANONYMOUS@EXAMPLE.COM",
    "blanks around it": "  Anonymous@Example.com \t",
    "full width": "ａｎｏｎｙｍｏｕｓ＠ｅｘａｍｐｌｅ．ｃｏｍ",
}
IDN_SPELLINGS = {
    "composed": "post@bl\u00e5b\u00e6r.example",
    "decomposed": "post@bla\u030ab\u00e6r.example",
    "upper case": "POST@BL\u00c5B\u00c6R.EXAMPLE",
    "ASCII form": "post@xn--blbr-roah.example",
    "full width": "post@bl\u00e5b\u00e6r\uff0eexample",
}
NO_ADDRESSES = {
    "empty": "",
    "blank": "   ",
    "no at": "anonymous.example.com",
    "no domain": "anonymous@",
    "no name": "@example.com",
    "two at": "anonymous@example.com@example.com",
    "two addresses": "anonymous@example.com,other@example.com",
    "a name before it": "Anonymous <anonymous@example.com>",
    "line feed and header": "anonymous@example.com\nBcc: other@example.com",
    "return and header": "anonymous@example.com\r\nBcc: other@example.com",
    "encoded line feed": "anonymous@example.com%0ABcc:other@example.com",
    "header first": "Bcc: other@example.com\nanonymous@example.com",
    "line separator": "anonymous@example.com\u2028Bcc: other@example.com",
    "next line": "anonymous@example.com\u0085Bcc: other@example.com",
    "form feed": "anonymous@example.com\x0cother@example.com",
    "null byte": "anonymous@example.com\x00",
    "null byte inside": "anonymous\x00@example.com",
    "very long": "a" * 400 + "@example.com",
    "long beyond reason": "a" * 50_000 + "@example.com",
    "broken domain": "anonymous@exa mple.com",
    "endless label": f"anonymous@{'ø' * 80}.com",
    "script": "<script>alert(1)</script>@example.com",
}


def ask(visitor, address, **headers):
    return visitor.post("/link/", {"address": address}, **headers)


@pytest.mark.parametrize("address", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_link_reaches_the_mailbox_however_it_is_spelled(visitor, anonymous, worker, address):
    assert ask(visitor, address).heading == "Look in your mailbox"
    worker()
    (message,) = mail.outbox
    assert message.to == [ANONYMOUS]
    assert visitor.open(link_in(message)).heading == "Your preferences"


def test_link_does_not_go_to_the_domain_that_resembles_it(visitor, worker):
    """By the rules of 2003, which mail programs' libraries still have, ß is ss: a domain of somebody else."""
    RecipientFactory(email="post@stra\u00dfe.example")
    ask(visitor, "post@strasse.example")
    worker()
    assert mail.outbox == []
    ask(visitor, "post@STRA\u00dfE.example")
    worker()
    (message,) = mail.outbox
    assert message.message()["To"] == "post@xn--strae-oqa.example"
    assert message.recipients() == ["post@xn--strae-oqa.example"]


@pytest.mark.parametrize("address", IDN_SPELLINGS.values(), ids=IDN_SPELLINGS.keys())
def test_link_reaches_a_mailbox_under_a_name_beyond_ascii(visitor, worker, address):
    RecipientFactory(email="post@bl\u00e5b\u00e6r.example")
    ask(visitor, address)
    worker()
    (message,) = mail.outbox
    assert message.message()["To"] == "post@xn--blbr-roah.example"


def test_the_answer_is_the_same_for_known_and_unknown(visitor, anonymous, worker):
    """Same status, same body, same headers, same work: nobody learns who is known."""
    ask(visitor, "warm-up@example.com")
    answers, statements = [], []
    for address in (ANONYMOUS, "nobody@example.com"):
        with CaptureQueriesContext(connection) as queries:
            answers.append(ask(visitor, address).response)
        statements.append([re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in queries])
    known, unknown = answers
    assert statements[0] == statements[1]
    assert known.status_code == unknown.status_code == 200
    assert known.content == unknown.content
    assert {**known.headers, "X-Request-ID": ""} == {**unknown.headers, "X-Request-ID": ""}
    worker()
    assert [message.to for message in mail.outbox] == [[ANONYMOUS]]


@pytest.mark.parametrize("address", NO_ADDRESSES.values(), ids=NO_ADDRESSES.keys())
def test_what_is_no_address_is_refused_clearly(visitor, anonymous, worker, address):
    answer = ask(visitor, address)
    assert answer.status == 400
    errors = [
        element.text
        for element in answer.root.all("ul")
        if "errorlist" in element.attributes.get("class", "")
    ]
    assert len(errors) == 1
    assert errors[0]
    assert answer.heading == "Get a link to your choices"
    assert "<script>" not in answer.response.content.decode()
    worker()
    assert mail.outbox == []


def test_form_without_its_field_is_refused_clearly(visitor):
    assert visitor.post("/link/", {}).status == 400


def test_form_of_a_megabyte_is_refused_clearly(visitor, worker):
    answer = ask(visitor, "a" * 1_000_000)
    assert (answer.status, answer.heading) == (400, "We did not understand this")
    worker()
    assert mail.outbox == []


def test_address_and_link_stay_out_of_the_answer(visitor, anonymous):
    answer = ask(visitor, ANONYMOUS)
    assert "anonymous" not in answer.response.content.decode()
    assert not answer.response.cookies


def test_a_mailbox_gets_three_links_an_hour_over_all_brands(
    visitor, anonymous, worker, settings, manage_link
):
    """The fourth is passed over in silence, whichever page asked for it and however the address is spelled."""
    assert settings.LINK_CAP_PER_MAILBOX == 3
    for address in (ANONYMOUS, ANONYMOUS.upper(), ANONYMOUS, ANONYMOUS):
        assert ask(visitor, address).status == 200
    visitor.post(manage_link, {"send_fresh": "1"})
    worker()
    assert len(mail.outbox) == 3


def test_another_mailbox_has_a_cap_of_its_own(visitor, anonymous, kari, worker, settings):
    settings.LINK_CAP_PER_MAILBOX = 1
    for address in (ANONYMOUS, ANONYMOUS, "kari@example.com"):
        ask(visitor, address)
    worker()
    assert [message.to for message in mail.outbox] == [[ANONYMOUS], ["kari@example.com"]]


def test_one_client_asks_so_often_an_hour(visitor, settings):
    settings.LINK_CAP_PER_CLIENT = 2
    statuses = [ask(visitor, f"somebody{n}@example.com").status for n in range(4)]
    assert statuses == [200, 200, 429, 429]
    assert ask(visitor, "x@example.com").heading == "Please try again later"
    assert ask(Visitor(), "x@example.com", REMOTE_ADDR="192.0.2.7").status == 200


@pytest.mark.parametrize(
    ("proxies", "statuses"), [(0, [200, 200, 429]), (1, [200, 200, 200]), (2, [200, 200, 429])]
)
def test_forwarded_for_is_believed_from_our_own_proxies_only(visitor, settings, proxies, statuses):
    """With two proxies of ours the last entry but one counts, and that one stays the same here."""
    settings.LINK_CAP_PER_CLIENT, settings.TRUSTED_PROXIES = 2, proxies
    got = [
        ask(
            visitor, f"n{n}@example.com", HTTP_X_FORWARDED_FOR=f"203.0.113.{n}, 198.51.100.1, 192.0.2.{n}"
        ).status
        for n in range(3)
    ]
    assert got == statuses


def test_one_household_is_one_client_whichever_of_its_addresses_it_uses(visitor, settings):
    settings.LINK_CAP_PER_CLIENT = 2
    addresses = ["2001:db8::1", "2001:db8::aaaa:1", "2001:db8:0:0:ffff::", "2001:db8:0:1::1"]
    got = [ask(visitor, f"n{n}@example.com", REMOTE_ADDR=a).status for n, a in enumerate(addresses)]
    assert got == [200, 200, 429, 200]


def test_forged_entries_before_our_proxy_change_nothing(visitor, settings):
    settings.LINK_CAP_PER_CLIENT, settings.TRUSTED_PROXIES = 2, 1
    got = [
        ask(visitor, f"n{n}@example.com", HTTP_X_FORWARDED_FOR=f"203.0.113.{n}, 192.0.2.1").status
        for n in range(3)
    ]
    assert got == [200, 200, 429]


def test_link_comes_later_when_the_mail_server_cannot_take_it_now(
    visitor, anonymous, worker, mail_server, clock_forward
):
    server = mail_server("451 try again later", "")
    assert ask(visitor, ANONYMOUS).heading == "Look in your mailbox"
    worker()
    clock_forward(dt.timedelta(seconds=50))
    worker()
    assert server.received == []
    for minutes in (1, 5):
        clock_forward(dt.timedelta(minutes=minutes))
        worker()
    (message,) = server.received
    assert f"To: {ANONYMOUS}" in message


def test_erased_person_gets_no_mail(visitor, anonymous, worker):
    ask(visitor, ANONYMOUS)
    erase(recipient=anonymous.pk, now=timezone.now())
    assert ask(visitor, ANONYMOUS).heading == "Look in your mailbox"
    worker()
    assert mail.outbox == []
