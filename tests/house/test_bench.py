"""The benchmark's populations fit the tables as they are, so that `make bench` is found broken here and not there."""

import io
import json
import subprocess
import sys

import pytest
from django.core.management import call_command
from django.db import connection

from preferences.cookies.served import forget_served
from preferences.decisions.decide import ask_about
from preferences.enums import Channel
from preferences.ledger import rebuild
from preferences.models import Event, Recipient, Suppression
from tests.bench import cookies, peak
from tests.bench.api import make_token, question
from tests.bench.audience import SUPPRESSIONS, TOPIC, audience, bare_copy
from tests.bench.inbox import letter
from tests.bench.load import build
from tests.bench.mail_load import steps_of
from tests.bench.one_click import BODY, stop_path
from tests.bench.page import manage_path, read_from_end_to_end
from tests.bench.populate import BUSIEST, ORIGIN, fill
from tests.bench.servers import ROOT

pytestmark = pytest.mark.django_db


@pytest.fixture
def population() -> None:
    fill(people=10, events=50)


def test_the_population_is_as_the_ledger_would_have_left_it(population):
    assert (Recipient.objects.count(), Event.objects.count()) == (11, 50 + BUSIEST)
    assert rebuild(check=True) == []


def test_its_links_work_and_every_stop_is_a_new_one(population, client):
    before = Event.objects.count()
    for turn in range(3):
        answer = client.post(
            stop_path(person=3, turn=turn), BODY, content_type="application/x-www-form-urlencoded"
        )
        assert answer.content == b"OK\n"
    assert Event.objects.count() == before + 3
    assert client.get(manage_path(11)).status_code == 200


def test_its_site_takes_consents_and_has_a_script(population, client):
    forget_served()
    served = cookies.site_of_the_bench()
    for _ in range(2):
        answer = client.post(
            cookies.CONSENT, cookies.consent(served), content_type="text/plain", headers={"origin": ORIGIN}
        )
        assert answer.status_code == 201
    assert client.get(cookies.SCRIPT).content == served.asset.body
    forget_served()


def test_reading_a_table_from_end_to_end_is_found_out(population):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_indexscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL enable_indexonlyscan = off")
    assert read_from_end_to_end("SELECT 1 FROM preferences_event WHERE id = 1") == "preferences_event"


@pytest.fixture
def crowd() -> int:
    call_command("demo_population", recipients=600, stdout=io.StringIO())
    with connection.cursor() as cursor:
        cursor.execute(SUPPRESSIONS)
        # Once more, as the crowd grows.
        cursor.execute(SUPPRESSIONS)
    return 600


def test_the_bare_copy_has_a_line_for_everybody_and_the_audience_fewer(crowd):
    ask = ask_about(key=TOPIC, channel=Channel.EMAIL)

    bare = b"".join(bytes(row) for row in bare_copy(ask)).splitlines()
    ours = b"".join(audience(ask)).splitlines()[1:]

    assert Suppression.objects.count() > 20
    assert len(bare) == crowd
    assert {line.count(b",") for line in bare} == {line.count(b",") for line in ours}
    assert crowd / 10 < len(ours) < crowd


def test_one_question_over_http_is_answered(crowd, client):
    person = Recipient.objects.order_by("pk").first()
    answer = client.post(
        "/api/v1/decisions",
        question(person.pk),
        content_type="application/json",
        headers={"authorization": f"Bearer {make_token()}"},
    )
    assert answer.status_code == 200
    assert answer.json()["recipient"] == person.pk


def test_a_request_is_sent_as_http_wants_it():
    job = {"port": 80, "method": "POST", "headers": {"X": "y"}, "requests": [["/a", '{"ø": 1}'], ["/b", ""]]}
    first, second = build(job)
    head, body = first.split(b"\r\n\r\n")
    assert head.startswith(b"POST /a HTTP/1.1\r\nHost: 127.0.0.1:80\r\n")
    assert b"\r\nX: y" in head
    assert head.endswith(b"\r\nContent-Length: %d" % len(body))
    assert json.loads(body) == {"ø": 1}
    assert second.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in second


def test_a_message_is_sent_as_smtp_wants_it():
    job = {"sender": "a@example.com", "recipient": "b@example.com", "pipelined": False}
    alone = steps_of(job, message=b"Hello\r\n")
    together = steps_of(job | {"pipelined": True}, message=b"Hello\r\n")

    assert alone == [
        (b"MAIL FROM:<a@example.com>\r\n", 1),
        (b"RCPT TO:<b@example.com>\r\n", 1),
        (b"DATA\r\n", 1),
        (b"Hello\r\n.\r\n", 1),
    ]
    assert [answers for _text, answers in together] == [3, 1]
    assert b"".join(text for text, _answers in together) == b"".join(text for text, _answers in alone)
    # Each is another message.
    assert letter() != letter()


def test_the_peak_is_that_of_the_command():
    """And not that of whoever asks, which here is larger."""
    ended = subprocess.run(
        [sys.executable, "-m", peak.__name__, sys.executable, "-c", "bytearray(50_000_000)"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert 50_000 < int(ended.stdout) < 80_000
