"""A list in, those who may be sent something out."""

import csv
import io
import json

import pytest
from django.db import connection
from django.utils import timezone

from preferences.api import audiences, read_body
from preferences.enums import Channel, Kind, State
from preferences.models import Suppression
from preferences.scope import Scope
from tests.factories import RecipientFactory

pytestmark = pytest.mark.django_db

NDJSON, TEXT, CSV = "application/x-ndjson", "text/plain", "text/csv"
URL = "/audiences?topic=acme-news&channel=email"


@pytest.fixture
def willing(news, say):
    """Three people who said yes to Acme's news by e-mail."""
    people = [
        RecipientFactory(email=f"yes{number}@example.com", external_id=f"C-{number}") for number in range(3)
    ]
    for person in people:
        say(
            person,
            State.OPTED_IN,
            Scope(kind=Kind.MARKETING, brand=news.brand_id, purpose=news.pk, channel=Channel.EMAIL),
        )
    return people


def lines(*people):
    return "".join(f"{json.dumps(person)}\n" for person in people).encode()


def ask(program, body, url=URL, content_type=NDJSON, **headers):
    return program.post(url, body, content_type=content_type, **headers)


def rows(answer):
    assert answer.status == 200, answer.content
    return [json.loads(line) for line in answer.content.decode().splitlines()]


def test_those_who_may_be_sent_it(shop, willing, kari):
    answer = ask(shop, lines({"email": "YES0@example.com"}, {"external_id": "C-1"}, {"recipient": kari.pk}))
    assert answer.headers["Content-Type"] == "application/x-ndjson; charset=utf-8"
    assert answer.headers["RateLimit-Limit"]
    assert sorted(rows(answer), key=lambda row: row["recipient"]) == [
        {
            "recipient": person.pk,
            "external_id": f"C-{number}",
            "address": f"yes{number}@example.com",
            "language": "en",
            "tracking": False,
            "reason": "choice_opted_in",
        }
        for number, person in enumerate(willing[:2])
    ]


def test_plain_addresses_in_and_csv_out(shop, willing):
    answer = ask(shop, b"\xef\xbb\xbfyes0@example.com\r\n\r\nyes2@example.com", content_type=TEXT, accept=CSV)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    read = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert sorted(row["address"] for row in read) == ["yes0@example.com", "yes2@example.com"]
    assert set(read[0]) == {"recipient", "external_id", "address", "language", "tracking", "reason"}


def test_named_twice_comes_once(shop, willing):
    body = lines(
        {"email": "yes0@example.com"}, {"email": "yes0@example.com"}, {"email": "nobody@example.com"}
    )
    assert len(rows(ask(shop, body))) == 1


def test_links(shop, willing):
    (row,) = rows(ask(shop, lines({"external_id": "C-0"}), f"{URL}&links=true"))
    assert row["stop_url"].startswith("http://testserver/u/")
    assert row["manage_url"].startswith("http://testserver/p/")


def test_one_country(shop, willing):
    body = lines({"external_id": "C-0"})
    assert len(rows(ask(shop, body, f"{URL}&country=NO"))) == 1
    assert rows(ask(shop, body, f"{URL}&country=SE")) == []
    for country in ("no", "XX", "Norway"):
        assert ask(shop, body, f"{URL}&country={country}").problem == (422, "invalid")


@pytest.mark.parametrize("content_type", [NDJSON, TEXT])
@pytest.mark.parametrize("body", [b"", b"\n\n"])
def test_nobody(shop, willing, content_type, body):
    assert rows(ask(shop, body, content_type=content_type)) == []


def test_what_is_not_offered_has_no_audience(shop, willing, news):
    url = "/audiences?topic=acme-news&channel=phone"
    assert ask(shop, lines({"external_id": "C-0"}), url).problem == (422, "channel_not_offered")
    type(news).objects.update(retired_at=timezone.now())
    assert ask(shop, lines({"external_id": "C-0"})).problem == (422, "purpose_retired")


def test_a_million_lines(shop, willing):
    """As many as a mailing has, most of them unknown here; one is named twice."""
    known = b'{"external_id": "C-0"}\n'
    body = known + b"".join(b'{"recipient": %d}\n' % (10**12 + number) for number in range(999_998)) + known
    assert [row["external_id"] for row in rows(ask(shop, body))] == ["C-0"]


def test_no_more_than_two_at_once(shop, willing):
    """Two are being made elsewhere in this process: a test has one connection, which an open answer would keep busy."""
    people = lines({"external_id": "C-0"})
    with audiences._AT_ONCE, audiences._AT_ONCE:
        answer = ask(shop, people)
    assert answer.problem == (429, "busy")
    assert answer.headers["Retry-After"] == "10"
    # Each answer gives its turn back when it has been read.
    for _ in range(3):
        assert len(rows(ask(shop, people))) == 1


def test_a_list_that_is_refused_leaves_its_turn(shop, news):
    for _ in range(3):
        assert ask(shop, b"{").problem == (422, "invalid")


def test_a_list_too_large(shop, willing, monkeypatch):
    monkeypatch.setattr(read_body, "LARGEST_LIST", 10)
    assert ask(shop, lines({"external_id": "C-0"})).problem == (413, "body_too_large")


def test_a_list_longer_than_its_memory(shop, willing, monkeypatch):
    monkeypatch.setattr("preferences.exports.audience._SPOOLED", 10)
    people = [{"external_id": "\\."}, {"external_id": 'a "b", c'}, {"external_id": "Å-1"}]
    assert len(rows(ask(shop, lines(*people, {"external_id": "C-0"})))) == 1


def test_the_body_is_read_before_the_transaction_begins(shop, willing, monkeypatch):
    seen = []

    def watched(request):
        seen.append(len(connection.savepoint_ids))
        yield from read_body.lines_of(request)

    monkeypatch.setattr(audiences, "lines_of", watched)
    before = len(connection.savepoint_ids)
    assert len(rows(ask(shop, lines({"external_id": "C-0"})))) == 1
    assert seen == [before]


def test_the_same_answers_as_decisions(shop, willing, kari, anonymous):
    Suppression.objects.create(
        kind="address",
        address_hash=willing[2].contact_points.get().address_hash,
        reason="request",
        created_at=timezone.now(),
    )
    people = [{"recipient": person.pk} for person in (*willing, kari, anonymous)]
    verdicts = shop.post(
        "/decisions/batch", {"people": people, "topic": "acme-news", "channel": "email"}
    ).json
    allowed = {result["recipient"] for result in verdicts["results"] if result["allowed"]}
    assert (
        {row["recipient"] for row in rows(ask(shop, lines(*people)))}
        == allowed
        == {p.pk for p in willing[:2]}
    )


@pytest.mark.parametrize(
    ("body", "content_type", "problem", "location"),
    [
        (b'{"email": "a@example.com"}\n{"email": "b(at)example.com"}\n', NDJSON, "address_invalid", "line 2"),
        (b"a@example.com\n\n\nb.example.com\n", TEXT, "address_invalid", "line 4"),
        (b"a@example.com\nb@ex ample.com\n", TEXT, "address_invalid", "line 2"),
        (b'{"email": "a@example.com"}\n{"email": \n', NDJSON, "invalid", "line 2"),
        (b'["a@example.com"]\n', NDJSON, "invalid", "line 1"),
        (b'{"email": "a@example.com", "recipient": 1}\n', NDJSON, "invalid", "line 1"),
        (b"[" * 4000 + b"\n", NDJSON, "invalid", "line 1"),
        (b"a@example.com\n" + b"x" * 5000, TEXT, "invalid", "line 2"),
    ],
)
def test_a_line_that_names_nobody_refuses_it_whole(shop, news, body, content_type, problem, location):
    answer = ask(shop, body, content_type=content_type)
    assert answer.problem == (422, problem)
    assert [fault["location"] for fault in answer.json["errors"]] == [location]
    assert b"example" not in answer.content


def test_bytes_that_are_no_utf8(shop, news):
    answer = ask(shop, b"a@example.com\nb\xff@example.com\n", content_type=TEXT)
    assert answer.problem == (400, "body_not_utf8")
    assert [fault["location"] for fault in answer.json["errors"]] == ["line 2"]


def test_formats_that_are_not_spoken(shop, news):
    assert ask(shop, b"x", content_type="application/json").problem == (415, "media_type_unsupported")
    assert ask(shop, b"", accept="text/html").problem == (406, "not_acceptable")
    assert ask(shop, b"x@x.example", transfer_encoding="chunked").problem == (411, "length_required")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("/audiences?channel=email", "invalid"),
        ("/audiences?topic=acme-news", "invalid"),
        ("/audiences?topic=acme-news&channel=fax", "invalid"),
        ("/audiences?topic=no-such-topic&channel=email", "purpose_unknown"),
        ("/audiences?topic=activity&channel=email", "invalid"),
    ],
)
def test_a_question_that_is_none(shop, news, activity, url, code):
    assert ask(shop, b"", url).problem == (422, code)
