"""`manage.py audience`: who it writes, how, and where to. That they are the right ones is tests/decisions' business."""

import csv
import io
import json
import os
import stat
import sys

import pytest
from django.conf import settings
from django.utils import timezone

from preferences import ledger
from preferences.enums import Channel, ContactKind, Kind, Source, State
from preferences.ledger import Change, Evidence
from preferences.management.commands import audience
from preferences.models import Event
from preferences.scope import Scope
from tests.factories import (
    CREATED_AT,
    BrandFactory,
    ContactPointFactory,
    ProfilingPurposeFactory,
    RecipientFactory,
    TopicFactory,
)

pytestmark = pytest.mark.django_db

COLUMNS = ["recipient", "external_id", "address", "language", "tracking", "reason"]
LETTER = 'Storgata 1, "Blåbær"\n0155 Oslo \\ Æ'


def yes(person, topic, channel=Channel.EMAIL):
    ledger.record(
        recipient=person.pk,
        changes=[
            Change(
                scope=Scope(kind=Kind.MARKETING, brand=topic.brand_id, purpose=topic.pk, channel=channel),
                state=State.OPTED_IN,
            )
        ],
        evidence=Evidence(source=Source.ACCOUNT),
        now=timezone.now(),
    )


@pytest.fixture
def ada(db):
    """A person whose names and addresses hold whatever a careless writer trips over."""
    person = RecipientFactory(external_id='Ø "1", x', email="ada@example.com", language="nb", country="SE")
    ContactPointFactory(recipient=person, kind=ContactKind.POSTAL, value=LETTER)
    return person


def test_csv(run, ada, kari, news):
    yes(ada, news)
    yes(kari, news)

    ended = run("audience", "--topic", "acme-news", "--channel", "email")

    assert (ended.status, ended.err) == (0, "")
    head, *rows = csv.reader(io.StringIO(ended.out))
    assert head == COLUMNS
    assert sorted(rows) == sorted(
        [
            [str(ada.pk), 'Ø "1", x', "ada@example.com", "nb", "f", "choice_opted_in"],
            [str(kari.pk), "", "kari@example.com", "nb", "f", "choice_opted_in"],
        ]
    )


def test_a_letter_in_csv(run, ada, news):
    yes(ada, news, Channel.POST)

    ended = run("audience", "--topic", "acme-news", "--channel", "post")

    (row,) = csv.DictReader(io.StringIO(ended.out, newline=""))
    assert row["address"] == LETTER


@pytest.mark.parametrize("links", [[], ["--links"]], ids=["without links", "with links"])
def test_a_letter_in_ndjson(run, ada, news, links):
    yes(ada, news, Channel.POST)

    ended = run("audience", "--topic", "acme-news", "--channel", "post", "--format", "ndjson", *links)

    assert ended.out.count("\n") == 1
    line = ended.json
    assert list(line) == COLUMNS + (["stop_url", "manage_url"] if links else [])
    assert (line["external_id"], line["address"]) == ('Ø "1", x', LETTER)
    assert (line["recipient"], line["tracking"], line["reason"]) == (ada.pk, False, "choice_opted_in")


@pytest.mark.parametrize("format_", ["csv", "ndjson"])
def test_the_links_work(run, client, kari, news, format_):
    yes(kari, news)

    ended = run("audience", "--topic", "acme-news", "--channel", "email", "--links", "--format", format_)

    (line,) = csv.DictReader(io.StringIO(ended.out)) if format_ == "csv" else [ended.json]
    stop, manage = (line[name].removeprefix(settings.BASE_URL) for name in ("stop_url", "manage_url"))
    assert client.get(manage).status_code == 200
    before = Event.objects.count()
    posted = client.post(stop, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert posted.content == b"OK\n"
    assert Event.objects.count() == before + 1
    again = run("audience", "--topic", "acme-news", "--channel", "email")
    assert again.out == ",".join(COLUMNS) + "\n"


def test_links_of_a_letter_csv(run, client, ada, news):
    """The line break and the quotes before them are passed on as they are."""
    yes(ada, news, Channel.POST)

    ended = run("audience", "--topic", "acme-news", "--channel", "post", "--links")

    (row,) = csv.DictReader(io.StringIO(ended.out, newline=""))
    assert row["address"] == LETTER
    assert client.get(row["stop_url"].removeprefix(settings.BASE_URL)).status_code == 200


def test_links_on_a_channel_without_an_address(run, client):
    """Whoever has an e-mail address gets links for it; whoever has none gets none."""
    topic = TopicFactory(key="in-product", channels=[Channel.IN_PRODUCT.value])
    reached, unreached = RecipientFactory(), RecipientFactory(email=None)
    for person in (reached, unreached):
        yes(person, topic, Channel.IN_PRODUCT)

    ended = run(
        "audience", "--topic", "in-product", "--channel", "in_product", "--links", "--format", "ndjson"
    )

    lines = {line["recipient"]: line for line in map(json.loads, ended.out.splitlines())}
    assert client.get(lines[reached.pk]["stop_url"].removeprefix(settings.BASE_URL)).status_code == 200
    assert [lines[unreached.pk][name] for name in ("address", "stop_url", "manage_url")] == ["", "", ""]


def test_nobody(run, news):
    assert run("audience", "--topic", "acme-news", "--channel", "sms").out == ",".join(COLUMNS) + "\n"
    assert run("audience", "--topic", "acme-news", "--channel", "sms", "--format", "ndjson").out == ""


def test_of_one_country_and_the_right_brand(run, ada, kari, news):
    yes(ada, news)
    yes(kari, news)

    ended = run(
        *("audience", "--topic", "acme-news", "--channel", "email"), *("--country", "SE", "--brand", "acme")
    )

    assert [row["recipient"] for row in csv.DictReader(io.StringIO(ended.out))] == [str(ada.pk)]


CASES = {
    "no topic": (["--channel", "email"], "--topic"),
    "no channel": (["--topic", "acme-news"], "--channel"),
    "unknown topic": (["--topic", "acme-olds", "--channel", "email"], "acme-olds"),
    "a profiling purpose": (["--topic", "activity", "--channel", "email"], "channel"),
    "retired topic": (["--topic", "retired", "--channel", "email"], "no longer"),
    "topic of a retired brand": (["--topic", "of-retired-brand", "--channel", "email"], "no longer"),
    "unknown channel": (["--topic", "acme-news", "--channel", "fax"], "fax"),
    "channel not offered": (["--topic", "acme-news", "--channel", "phone"], "'acme-news' on phone"),
    "unknown brand": (["--topic", "acme-news", "--channel", "email", "--brand", "nobody"], "nobody"),
    "another brand": (["--topic", "acme-news", "--channel", "email", "--brand", "other"], "other"),
    "country in small letters": (["--topic", "acme-news", "--channel", "email", "--country", "no"], "'no'"),
    "unknown country": (["--topic", "acme-news", "--channel", "email", "--country", "ZZ"], "'ZZ'"),
    "country in words": (["--topic", "acme-news", "--channel", "email", "--country", "Norway"], "Norway"),
    "empty country": (["--topic", "acme-news", "--channel", "email", "--country", ""], "country"),
    "unknown format": (["--topic", "acme-news", "--channel", "email", "--format", "xlsx"], "xlsx"),
}


@pytest.mark.parametrize(("words", "says"), CASES.values(), ids=CASES.keys())
def test_bad_input_ends_with_one_line_and_no_file(run, kari, news, activity, tmp_path, words, says):
    TopicFactory(key="retired", retired_at=CREATED_AT)
    TopicFactory(key="of-retired-brand", brand=BrandFactory(retired_at=CREATED_AT))
    BrandFactory(key="other")
    yes(kari, news)

    ended = run("audience", *words, "--output", str(tmp_path / "people.csv"))

    assert (ended.status, ended.out) == (1, "")
    assert ended.err.count("\n") == 1
    assert says in ended.err
    assert list(tmp_path.iterdir()) == []


class TestOutput:
    @pytest.fixture
    def people(self, kari, news):
        yes(kari, news)
        return ["audience", "--topic", "acme-news", "--channel", "email", "--output"]

    def test_is_what_would_have_been_printed_and_for_its_owner_alone(self, run, people, tmp_path):
        file = tmp_path / "people.csv"
        file.write_text("of last week\n")

        ended = run(*people, str(file))

        assert (ended.status, ended.out, ended.err) == (0, "", "")
        assert file.read_text() == run(*people[:-1]).out
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert [path.name for path in tmp_path.iterdir()] == ["people.csv"]

    @pytest.mark.parametrize("where", ["nowhere/people.csv", "."], ids=["no such folder", "a folder"])
    def test_where_it_cannot_be_written(self, run, people, tmp_path, where):
        ended = run(*people, str(tmp_path / where))

        assert (ended.status, ended.out) == (1, "")
        assert ended.err.count("\n") == 1
        assert "cannot be written" in ended.err
        assert list(tmp_path.iterdir()) == []
        assert [
            path for path in tmp_path.parent.iterdir() if path.name.startswith(f".{tmp_path.name}.")
        ] == []

    @pytest.mark.parametrize(
        "failure", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=repr
    )
    def test_is_written_whole_or_not_at_all(self, run, people, tmp_path, monkeypatch, failure):
        file = tmp_path / "people.csv"
        file.write_text("of last week\n")

        def breaks_off(**_options):
            yield b"recipient\n1\n"
            raise failure

        monkeypatch.setattr(audience, "stream_audience", breaks_off)
        if isinstance(failure, OSError):
            ended = run(*people, str(file))
            assert ended.status == 1
            assert ended.err.endswith(f"{file} cannot be written: No space left on device.\n")
        else:
            with pytest.raises(KeyboardInterrupt):
                run(*people, str(file))

        assert file.read_text() == "of last week\n"
        assert [path.name for path in tmp_path.iterdir()] == ["people.csv"]


def test_whoever_reads_may_stop_reading(kari, news, run, monkeypatch):
    """As `audience | head` does."""
    yes(kari, news)
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        ended = run("audience", "--topic", "acme-news", "--channel", "email")
        monkeypatch.undo()

    assert (ended.status, ended.err) == (0, "")


def test_a_terminal_sees_how_far_it_is(kari, news, run, monkeypatch):
    yes(kari, news)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    ended = run("audience", "--topic", "acme-news", "--channel", "email")

    assert "           1 people" in ended.err.splitlines()[-1]


def test_tracking(run, kari, news):
    ProfilingPurposeFactory(use="email_tracking")
    yes(kari, news)

    ended = run("audience", "--topic", "acme-news", "--channel", "email", "--format", "ndjson")

    assert ended.json["tracking"] is True
