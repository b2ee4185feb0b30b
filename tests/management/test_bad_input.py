"""Whatever is wrong with a command line: exit status 1, one line on stderr, nothing printed or written."""

import subprocess
import sys

import pytest
from django.conf import settings

from preferences.models import Choice, ContactPoint, Event, Recipient, Topic
from tests.factories import CREATED_AT, BrandFactory, TopicFactory

pytestmark = pytest.mark.django_db

KARI = "kari@example.com"
CASES = {
    "catalogue, unknown option": (["catalogue", "--xml"], "--xml"),
    "person, no address": (["person"], "EMAIL"),
    "person, no such address": (["person", "nobody@example.com"], "nobody@example.com"),
    "person, not an address": (["person", "kari"], "not a valid e-mail address"),
    "person, empty address": (["person", ""], "not a valid e-mail address"),
    "person, two lines": (["person", "kari@example.com\nbcc: x@example.com"], "not a valid e-mail address"),
    "person, details without --create": (["person", KARI, "--country", "NO"], "--create"),
    "create, not an address": (["person", "new@", "--create"], "not a valid e-mail address"),
    "create, country in words": (["person", "new@example.com", "--create", "--country", "Norway"], "country"),
    "create, country in small letters": (
        ["person", "new@example.com", "--create", "--country", "no"],
        "country",
    ),
    "create, unknown relationship": (
        ["person", "new@example.com", "--create", "--relationship", "friend"],
        "business_customer",
    ),
    "create, unknown language": (["person", "new@example.com", "--create", "--language", "tlh"], "nb"),
    "create, known person, bad country": (["person", KARI, "--create", "--country", "NOR"], "country"),
    "links, no topic": (["links", KARI], "--topic"),
    "links, no such address": (["links", "nobody@example.com", "--topic", "acme-news"], "nobody@example.com"),
    "links, not an address": (["links", "kari", "--topic", "acme-news"], "not a valid e-mail address"),
    "links, unknown topic": (["links", KARI, "--topic", "acme-olds"], "acme-olds"),
    "links, a profiling purpose": (["links", KARI, "--topic", "activity"], "activity"),
    "links, unknown channel": (["links", KARI, "--topic", "acme-news", "--channel", "fax"], "fax"),
    "links, channel not offered": (
        ["links", KARI, "--topic", "acme-news", "--channel", "phone"],
        "not offered",
    ),
    "links, retired topic": (["links", KARI, "--topic", "retired"], "retired"),
    "links, topic of a retired brand": (["links", KARI, "--topic", "of-retired-brand"], "retired"),
    "rebuild_choices, unknown option": (["rebuild_choices", "--dry-run"], "--dry-run"),
    "load_demo, outside the demo": (["load_demo"], "DEMO=1"),
}


@pytest.mark.parametrize(("words", "says"), CASES.values(), ids=CASES.keys())
def test_bad_input_ends_with_one_line(run, kari, news, activity, words, says):
    TopicFactory(key="retired", retired_at=CREATED_AT)
    TopicFactory(key="of-retired-brand", brand=BrandFactory(retired_at=CREATED_AT))
    before = _counts()

    ended = run(*words)

    assert (ended.status, ended.out) == (1, "")
    assert ended.err.count("\n") == 1
    assert ended.err.endswith("\n")
    assert says in ended.err
    assert _counts() == before


def test_bad_input_from_a_shell_shows_no_traceback():
    ended = subprocess.run(
        [sys.executable, "manage.py", "links", "kari@example.com"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "Error: the following arguments are required: --topic\n"


def _counts():
    return [model.objects.count() for model in (Recipient, ContactPoint, Topic, Event, Choice)]
