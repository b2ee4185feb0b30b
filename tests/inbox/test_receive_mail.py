"""The pipe as a mail server uses it: a process of its own, a message on stdin, an exit status."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from preferences.enums import Intake
from preferences.models import Message, MessageCopy
from tests.inbox.conftest import process_environment

pytestmark = pytest.mark.django_db(transaction=True)

RAW = b"Message-ID: <1@example.com>\nFrom: kari@example.com\nSubject: stop\n\nPlease \xff\x00 stop.\n"


def pipe(
    raw: bytes, *words: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "manage.py", "receive_mail", *words],
        cwd=settings.BASE_DIR,
        env=process_environment() | (environment or {}),
        input=raw,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_a_message_is_stored_once():
    words = ["--sender=kari@example.com", "--recipient=-a@example.com", "--recipient=b@example.com"]
    for _ in range(2):
        ended = pipe(RAW, *words)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")

    message = Message.objects.get()
    assert bytes(message.raw) == RAW
    assert (message.intake, message.envelope_sender) == (Intake.PIPE, "kari@example.com")
    assert message.recipients == ["-a@example.com", "b@example.com"]
    assert not MessageCopy.objects.exists()


def test_the_envelope_may_be_in_the_environment():
    environment = {
        "SENDER": "MAILER-DAEMON",
        "ORIGINAL_RECIPIENT": "stop+x@example.com",
        "RECIPIENT": "stop@example.com",
    }
    assert pipe(RAW, environment=environment).returncode == 0
    message = Message.objects.get()
    assert (message.envelope_sender, message.recipients) == ("", ["stop+x@example.com", "stop@example.com"])


@pytest.mark.parametrize(
    ("raw", "words", "status", "says"),
    [
        (RAW, ["--nonsense"], 64, b"--nonsense"),
        (RAW, ["--sender"], 64, b"--sender"),
        (RAW, ["kari@example.com"], 64, b"kari@example.com"),
        (b"", [], 65, b"empty"),
        (b" \n", [], 65, b"empty"),
        (RAW + b"x" * 2000, [], 65, b"too large"),
    ],
)
def test_what_is_wrong_is_said_in_the_exit_status(raw, words, status, says):
    ended = pipe(raw, *words, environment={"TEST_MAIL_MAX_BYTES": "2000"})
    assert (ended.returncode, ended.stdout) == (status, b"")
    assert says in ended.stderr
    assert b"Traceback" not in ended.stderr
    assert not Message.objects.exists()


def test_without_its_database_it_is_to_be_tried_again():
    ended = pipe(RAW, "--sender=kari@example.com", environment={"TEST_DATABASE": "preferences_nowhere"})
    assert (ended.returncode, ended.stdout) == (75, b"")
    assert b"try again later" in ended.stderr
    assert b"kari" not in ended.stderr


@pytest.mark.parametrize(
    "broken",
    [
        {"DEMO": "0", "SECRET_KEY": ""},
        {"MAIL_MAX_BYTES": "abc"},
        {"LOG_LEVEL": "FOO"},
        {"DATABASE_URL": "postgres://preferences:s3cret@[::1"},
        {"DJANGO_SETTINGS_MODULE": "config.nowhere"},
    ],
    ids=lambda broken: ",".join(broken),
)
def test_with_settings_that_are_wrong_it_is_to_be_tried_again(broken, tmp_path):
    """The mail server would send the message back to its author on Python's own status."""
    usual = {"DJANGO_SETTINGS_MODULE": "config.settings", "ENV_FILE": str(tmp_path / "none"), "DEMO": "1"}
    ended = pipe(RAW, environment=usual | broken)
    assert (ended.returncode, ended.stdout) == (75, b"")
    assert b"try again later" in ended.stderr
    assert b"s3cret" not in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_whatever_else_happens_it_is_to_be_tried_again():
    ended = subprocess.run(
        [sys.executable, "manage.py", "receive_mail"],
        cwd=settings.BASE_DIR,
        env=process_environment(),
        # No stdin to read from at all.
        stdin=subprocess.DEVNULL,
        preexec_fn=_close_stdin,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 75


def _close_stdin() -> None:
    os.close(0)
