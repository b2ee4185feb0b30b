"""`manage.py poll_mail` against a mailbox server, over a real connection."""

import datetime as dt
import io
import ssl
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.management import CommandError, call_command
from django.db import OperationalError

from preferences.enums import Intake
from preferences.inbox import mailbox
from preferences.inbox.mailbox import Mailbox, MailboxInvalid, read_mailbox_url
from preferences.models import Message
from tests.inbox.imap_server import ImapServer

type Start = Callable[..., ImapServer]


def letter(number: int, *, text: bytes = b"Ikke mer reklame") -> bytes:
    return (
        b"Return-Path: <kari+%d@example.com>\r\n"
        b"Delivered-To: stop+abc.def@in.example.com\r\n"
        b"X-Original-To: News <news@acme.example.com>\r\n"
        b"Message-ID: <%d@example.com>\r\n"
        b"From: kari@example.com\r\n"
        b"\r\n"
        b"%b\r\n" % (number, number, text)
    )


@pytest.fixture
def start(settings) -> Iterator[Start]:
    """Starts a server, and points IMAP_URL at it."""
    servers: list[ImapServer] = []

    def start(*messages: bytes, scheme: str = "imap", query: str = "", **options: Any) -> ImapServer:
        server = ImapServer(*messages, **options)
        servers.append(server)
        settings.IMAP_URL = (
            f"{scheme}://kari%40example.com:open%20sesame@127.0.0.1:{server.port}/INBOX{query}"
        )
        return server

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate for 127.0.0.1, which this process trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def poll() -> str:
    output = io.StringIO()
    call_command("poll_mail", stdout=output)
    return output.getvalue().strip()


def flags(server: ImapServer, folder: str = "INBOX") -> list[set[str]]:
    return [message.flags for message in server.folders[folder]]


def test_messages_are_stored_and_marked(start: Start, db: None) -> None:
    server = start(letter(1), letter(2))
    assert poll() == "2 stored, 0 left for the next run."
    messages = Message.objects.order_by("id")
    assert [bytes(message.raw) for message in messages] == [letter(1), letter(2)]
    assert [message.intake for message in messages] == [Intake.MAILBOX] * 2
    assert messages[0].envelope_sender == "kari+1@example.com"
    assert messages[0].recipients == ["stop+abc.def@in.example.com", "news@acme.example.com"]
    assert flags(server) == [{"\\Seen"}, {"\\Seen"}]

    server.put(letter(3))
    assert poll() == "1 stored, 0 left for the next run."
    assert server.commands.count("UID FETCH") == 3 + 2, "what was taken was fetched again"


@pytest.mark.parametrize("capabilities", ["AUTH=PLAIN MOVE", "AUTH=PLAIN"])
def test_messages_are_moved(start: Start, db: None, capabilities: str) -> None:
    server = start(letter(1), letter(2), query="?done=Taken", capabilities=capabilities)
    server.folders["INBOX"][0].flags.add("\\Seen")
    assert poll() == "2 stored, 0 left for the next run.", "somebody looked at the first"
    assert [message.raw for message in server.folders["Taken"]] == [letter(1), letter(2)]
    assert flags(server) == ([] if "MOVE" in capabilities else [{"\\Seen", "\\Deleted"}, {"\\Deleted"}])
    assert poll() == "0 stored, 0 left for the next run."


def test_a_folder_that_is_not_there(start: Start, db: None) -> None:
    server = start(letter(1), query="?done=Nowhere")
    with pytest.raises(CommandError, match="There is no folder 'Nowhere' in the mailbox"):
        poll()
    assert Message.objects.count() == 0
    assert flags(server) == [set()]


@pytest.mark.parametrize("breaks_at", ["UID STORE", "UID MOVE"])
def test_a_crash_before_the_mark(start: Start, db: None, breaks_at: str) -> None:
    query = "?done=Taken" if breaks_at == "UID MOVE" else ""
    start(letter(1), letter(2), breaks_at=breaks_at, query=query)
    with pytest.raises(CommandError, match="broke off"):
        poll()
    assert Message.objects.count() == 1
    assert poll() == "2 stored, 0 left for the next run."
    assert [message.copies.count() for message in Message.objects.all()] == [0, 0]


def test_what_the_database_does_not_take_stays(
    start: Start, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start(letter(1), letter(2))
    stored = mailbox.store

    def lost_on_the_second(incoming: Any, *, now: Any) -> int:
        if incoming.raw == letter(2):
            raise OperationalError
        return stored(incoming, now=now)

    monkeypatch.setattr(mailbox, "store", lost_on_the_second)
    with pytest.raises(CommandError, match="they stay in the mailbox"):
        poll()
    assert flags(server) == [{"\\Seen"}, set()]


def test_what_cannot_be_stored_is_marked_once(start: Start, settings, db: None) -> None:
    settings.MAIL_MAX_BYTES = 1000
    server = start(letter(1, text=b"x" * 1000), letter(2), b" \r\n")
    with pytest.raises(CommandError, match="2 not stored"):
        poll()
    assert Message.objects.count() == 1
    assert flags(server) == [{"$PreferencesRefused"}, {"\\Seen"}, {"$PreferencesRefused"}]
    assert poll() == "0 stored, 0 left for the next run."


def test_a_server_that_keeps_no_keywords_says_so_each_time(start: Start, db: None) -> None:
    server = start(letter(1), b" \r\n", keeps_keywords=False)
    for _ in range(2):
        with pytest.raises(CommandError, match="1 not stored"):
            poll()
    assert Message.objects.count() == 1
    assert flags(server) == [{"\\Seen"}, set()]


@pytest.mark.parametrize("query", ["", "?done=Taken"])
def test_a_star_of_a_colleague_hides_nothing(start: Start, db: None, query: str) -> None:
    server = start(letter(1), query=query)
    server.folders["INBOX"][0].flags.add("\\Flagged")
    assert poll() == "1 stored, 0 left for the next run."


def test_a_run_is_bounded(start: Start, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "_BATCH", 2)
    start(*[letter(number) for number in range(5)])
    assert [poll() for _ in range(3)] == [
        "2 stored, 3 left for the next run.",
        "2 stored, 1 left for the next run.",
        "1 stored, 0 left for the next run.",
    ]


@pytest.mark.parametrize("capabilities", ["AUTH=PLAIN", ""])
@pytest.mark.parametrize(("scheme", "starttls"), [("imaps", False), ("imap+tls", True)])
def test_encrypted(start: Start, tls, db: None, scheme: str, starttls: bool, capabilities: str) -> None:
    offered = f"{capabilities} STARTTLS" if starttls else capabilities
    start(letter(1), scheme=scheme, tls=tls, starttls=starttls, capabilities=offered)
    assert poll() == "1 stored, 0 left for the next run."


def test_a_certificate_nobody_vouches_for(
    start: Start, tls, monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    start(letter(1), scheme="imaps", tls=tls)
    with pytest.raises(CommandError, match="CERTIFICATE_VERIFY_FAILED"):
        poll()


def test_starttls_that_is_not_offered(start: Start, db: None) -> None:
    server = start(letter(1), scheme="imap+tls")
    with pytest.raises(CommandError, match="does not offer STARTTLS"):
        poll()
    assert "AUTHENTICATE" not in server.commands, "the password went in the clear"


@pytest.mark.parametrize("capabilities", ["AUTH=PLAIN", ""])
def test_a_wrong_password_is_not_repeated(start: Start, settings, db: None, capabilities: str) -> None:
    start(letter(1), capabilities=capabilities)
    settings.IMAP_URL = settings.IMAP_URL.replace("sesame", "says-me")
    with pytest.raises(CommandError) as refused:
        poll()
    assert str(refused.value) == "The mail server at 127.0.0.1 refused the user or the password."


def test_nobody_answers(settings, start: Start, db: None) -> None:
    start().close()
    with pytest.raises(CommandError, match="cannot be reached: Connection refused"):
        poll()


@pytest.mark.parametrize("command", ["UID SEARCH", "UID FETCH", "UID STORE"])
def test_a_command_that_is_refused(start: Start, db: None, command: str) -> None:
    start(letter(1), refuses=command)
    with pytest.raises(CommandError, match=f"The mail server refused {command[4:]}"):
        poll()


def test_without_a_mailbox(settings) -> None:
    settings.IMAP_URL = ""
    with pytest.raises(CommandError, match="IMAP_URL is not set"):
        poll()


def test_an_address_with_everything() -> None:
    assert read_mailbox_url("imaps://a%40b:p%3Aw@mail.example.com:1993/Stop%20it?done=Old%20ones") == Mailbox(
        security="imaps",
        host="mail.example.com",
        port=1993,
        user="a@b",
        password="p:w",
        folder="Stop it",
        done="Old ones",
    )
    assert read_mailbox_url("imap+tls://a:b@mail.example.com").folder == "INBOX"
    assert read_mailbox_url("imap://a:b@localhost").port == 143


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("mail.example.com", "must look like"),
        ("pop3://a:b@mail.example.com", "must look like"),
        ("imaps://mail.example.com", "must look like"),
        ("imaps://a:b@mail.example.com:port/", "must look like"),
        ("imap://a:b@mail.example.com/INBOX", "in the clear"),
        ("imaps://a:b@mail.example.com/INBOX?archive=x", "nothing after the folder but"),
        ("imaps://a:b@mail.example.com/Avst%C3%A5", "ASCII"),
        ("imaps://a:b@mail.example.com/INBOX?done=a%0d%0ab", "ASCII"),
    ],
)
def test_addresses_that_cannot_be_used(url: str, problem: str) -> None:
    with pytest.raises(MailboxInvalid, match=problem):
        read_mailbox_url(url)
