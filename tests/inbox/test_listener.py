"""The listener as its clients see it: real SMTP and LMTP over the loopback interface."""

import asyncio
import contextlib
import datetime as dt
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings as django_settings
from django.db import OperationalError, connection
from django_tasks_db.models import DBTaskResult

from preferences.enums import Intake
from preferences.inbox import listener as listener_module
from preferences.inbox import store as store_module
from preferences.inbox.listener import Limits
from preferences.inbox.store import Incoming
from preferences.models import Brand, Message
from tests.factories import BrandFactory
from tests.inbox.conftest import ADDRESS, SENDER, Process, process_environment
from tests.journeys.test_database_gone import Relay

BODY = b"Please stop.\r\n"


def letter(number: int = 1, *, body: bytes = BODY) -> bytes:
    return (
        b"Message-ID: <%d@example.com>\r\nFrom: kari@example.com\r\nSubject: stop\r\n\r\n" % number
    ) + body


def refused(client: smtplib.SMTP, *, sender: str = SENDER, recipient: str = ADDRESS) -> int:
    """The code of the answer to RCPT."""
    client.ehlo_or_helo_if_needed()
    client.mail(sender)
    code, _text = client.rcpt(recipient)
    client.rset()
    return code


def test_a_message_is_stored_before_its_sender_is_told_so(listener):
    raw = letter(body=b"..dots\r\n.\r\n\xe5\x00 and long lines " + b"x" * 5000 + b"\r\n")
    recipients = [ADDRESS, "stop+aB-c.De_F@preferences.example.com"]

    listener.send(raw, recipients=recipients)

    message = Message.objects.get()
    assert bytes(message.raw) == raw
    assert (message.intake, message.envelope_sender) == (Intake.LISTENER, SENDER)
    assert message.recipients == recipients
    assert [task.args_kwargs["kwargs"] for task in DBTaskResult.objects.all()] == [{"message": message.pk}]


def test_the_sender_of_a_bounce_is_nobody(listener):
    listener.send(letter(), sender="")
    assert Message.objects.get().envelope_sender == ""


def test_sent_again_it_is_the_same_message(listener):
    for _ in range(2):
        listener.send(letter())
    assert Message.objects.count() == DBTaskResult.objects.count() == 1


def test_what_is_offered(listener):
    with listener.client() as client:
        client.ehlo()
        offered = client.esmtp_features
        assert set(offered) == {"size", "8bitmime", "smtputf8", "pipelining", "help"}
        assert offered["size"] == str(django_settings.MAIL_MAX_BYTES)
        assert client.docmd("AUTH", "PLAIN AGEAYg==")[0] == 538
        assert client.docmd("STARTTLS")[0] == 454
        assert client.docmd("VRFY", ADDRESS)[0] == 252


def test_mail_for_others_is_not_taken(listener, settings):
    settings.MAIL_DOMAINS = ["mail.example.org", "blåbær.example"]
    BrandFactory(sender_email="news@acme.example.com")
    cases = {
        ADDRESS: 250,
        "anyone@PREFERENCES.example.com": 250,
        "x@mail.example.org": 250,
        "news@acme.example.com": 250,
        "postmaster": 250,
        "x@xn--blbr-roah.example": 250,
        "x@elsewhere.example.com": 550,
        "x@sub.acme.example.com": 550,
        "x@example.com": 550,
        "x%elsewhere.example.com@preferences.example.com": 250,
        "x@[127.0.0.1]": 550,
    }
    with listener.client() as client:
        assert {recipient: refused(client, recipient=recipient) for recipient in cases} == cases
        client.ehlo()
        client.mail(SENDER, ["SMTPUTF8"])
        client.command_encoding = "utf-8"
        assert client.rcpt("x@blåbær.example")[0] == 250
        client.rset()
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail(SENDER, ["x@elsewhere.example.com"], letter())
        client.rset()
        # The message goes to whom it may go.
        answers = client.sendmail(SENDER, ["x@elsewhere.example.com", ADDRESS], letter())
    assert {recipient: code for recipient, (code, _text) in answers.items()} == {
        "x@elsewhere.example.com": 550
    }
    assert Message.objects.get().recipients == [ADDRESS]


def test_the_domains_of_brands_are_asked_for_once_a_minute(listener, monkeypatch):
    brand = BrandFactory(sender_email="news@acme.example.com")
    with listener.client() as client:
        assert refused(client, recipient="x@acme.example.com") == 250
        Brand.objects.filter(pk=brand.pk).update(sender_email="news@moved.example.com")
        assert refused(client, recipient="x@acme.example.com") == 250
        monkeypatch.setattr(listener_module, "_DOMAINS_SECONDS", -1)
        assert refused(client, recipient="x@acme.example.com") == 550
        assert refused(client, recipient="x@moved.example.com") == 250


def test_too_many_recipients_are_put_off(listener):
    recipients = [f"{number}@preferences.example.com" for number in range(25)]
    with listener.client() as client:
        answers = client.sendmail(SENDER, recipients, letter())
    assert {recipient: code for recipient, (code, _text) in answers.items()} == dict.fromkeys(
        recipients[20:], 452
    )
    assert Message.objects.get().recipients == recipients[:20]


def test_what_is_too_large_is_refused(listener, settings):
    settings.MAIL_MAX_BYTES = 10_000
    raw = letter(body=b"x" * 70 + b"\r\n" + b"y" * 10_000)
    with listener.client() as client, pytest.raises(smtplib.SMTPSenderRefused) as announced:
        client.sendmail(SENDER, [ADDRESS], raw)
    assert announced.value.smtp_code == 552
    with listener.client() as client:
        client.helo()
        with pytest.raises(smtplib.SMTPDataError) as sent:
            client.sendmail(SENDER, [ADDRESS], raw)
        assert sent.value.smtp_code == 552
        assert not Message.objects.exists()
        client.sendmail(SENDER, [ADDRESS], letter())
    assert Message.objects.exists()


def test_ten_megabytes(listener):
    raw = letter(body=(b"x" * 76 + b"\r\n") * 128_000)
    listener.send(raw)
    assert bytes(Message.objects.get().raw) == raw


def test_an_empty_message_is_refused(listener):
    with pytest.raises(smtplib.SMTPDataError) as answer:
        listener.send(b"")
    assert answer.value.smtp_code == 554


@pytest.mark.parametrize(
    "line",
    [
        b'MAIL FROM:"',
        b"MAIL FROM:<\xff\xfe@x>",
        b"MAIL FROM:",
        b"MAIL FROM:<a@b> SIZE=x",
        b"MAIL FROM:<a@b@c>",
        b"RCPT TO:<a@preferences.example.com>",
        b"DATA",
        b"\xff\xff",
        b"",
        b"X" * 3000,
        b"XCLIENT NAME=evil",
        b"BDAT 10",
    ],
)
def test_bad_commands_do_no_harm(listener, line):
    with listener.client() as client:
        client.ehlo()
        client.send(line + b"\r\n")
        code, text = client.getreply()
        assert code >= 400 or (code, line[:4]) == (250, b"MAIL")
        assert b"Error: (" not in text
        client.rset()
        client.sendmail(SENDER, [ADDRESS], letter())
    assert Message.objects.count() == 1


@pytest.mark.parametrize("length", [65_535, 65_536, 65_537, 131_071, 131_072, 600_000, 3_000_000])
def test_a_line_may_be_as_long_as_a_message(listener, length):
    """A page of HTML in one line is a request all the same. Its pieces begin no line: their dots are their own."""
    raw = letter(body=b"." * length + b"\r\n.x\r\n")
    with listener.client() as client:
        client.sendmail(SENDER, [ADDRESS], raw)
        client.sendmail(SENDER, [ADDRESS], letter(2))
    assert bytes(Message.objects.order_by("pk")[0].raw) == raw
    assert Message.objects.count() == 2


def test_a_line_without_end_is_too_large(listener, settings):
    settings.MAIL_MAX_BYTES = 100_000
    with listener.client() as client:
        client.helo()
        with pytest.raises(smtplib.SMTPDataError) as refusal:
            client.sendmail(SENDER, [ADDRESS], letter(body=b"x" * 600_000))
        assert refusal.value.smtp_code == 552
        client.sendmail(SENDER, [ADDRESS], letter())
    assert Message.objects.count() == 1


def test_what_is_on_its_way_in_has_a_limit(start_listener, settings, monkeypatch):
    settings.MAIL_MAX_BYTES = 100_000
    monkeypatch.setattr(listener_module, "_LARGEST_AT_ONCE", 1)
    listener = start_listener()
    line = b"x" * 70 + b"\r\n"
    with listener.client() as slow, listener.client() as other, listener.client() as silent:
        slow.helo()
        slow.mail(SENDER)
        slow.rcpt(ADDRESS)
        assert slow.docmd("DATA")[0] == 354
        slow.send(letter(1, body=line * 1000))
        # Until the listener has it.
        _until(lambda: _announced(other, size=90_000) == 452)
        # As much as is left is taken, without a word about it too.
        other.sendmail(SENDER, [ADDRESS], letter(2, body=line * 100))
        silent.helo()
        with pytest.raises(smtplib.SMTPDataError) as refusal:
            silent.sendmail(SENDER, [ADDRESS], letter(3, body=line * 1000))
        assert refusal.value.smtp_code == 452
        slow.send(b".\r\n")
        assert slow.getreply()[0] == 250
        # What was refused and what was stored is out of the way.
        other.sendmail(SENDER, [ADDRESS], letter(3, body=line * 1000))
    assert Message.objects.count() == 3


def test_whoever_hangs_up_leaves_room(start_listener, settings, monkeypatch):
    settings.MAIL_MAX_BYTES = 100_000
    monkeypatch.setattr(listener_module, "_LARGEST_AT_ONCE", 1)
    listener = start_listener()
    with listener.client() as other:
        with listener.client() as slow:
            slow.helo()
            slow.mail(SENDER)
            slow.rcpt(ADDRESS)
            slow.docmd("DATA")
            slow.send(b"x" * 70_000 + b"\r\n")
            _until(lambda: _announced(other, size=90_000) == 452)
            slow.close()
        _until(lambda: _announced(other, size=90_000) == 250)


def _announced(client: smtplib.SMTP, *, size: int) -> int:
    """The code of the answer to a message of this size."""
    client.ehlo()
    code, _text = client.mail(SENDER, [f"SIZE={size}"])
    client.rset()
    return code


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_another_end_of_line_smuggles_no_second_message(listener):
    """What one server takes for the end of a message and another does not lets a sender forge what follows."""
    for number, end in enumerate([b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r"]):
        Message.objects.all().delete()
        with listener.client() as client:
            client.ehlo()
            client.mail(SENDER)
            client.rcpt(ADDRESS)
            client.docmd("DATA")
            smuggled = (
                b"MAIL FROM:<forged@example.com>\r\nRCPT TO:<%s>\r\nDATA\r\nforged\r\n" % ADDRESS.encode()
            )
            client.send(letter(number) + end + smuggled + b".\r\n")
            assert client.getreply()[0] == 250
        assert Message.objects.count() == 1
        assert b"forged" in bytes(Message.objects.get().raw)


def test_commands_may_be_sent_all_at_once(listener):
    with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as client:
        commands = b"EHLO me\r\n"
        for number in range(3):
            commands += b"MAIL FROM:<kari@example.com>\r\nRCPT TO:<%s>\r\nDATA\r\n" % ADDRESS.encode()
            commands += letter(number) + b".\r\n"
        client.sendall(commands + b"QUIT\r\n")
        answers = b"".join(iter(lambda: client.recv(65536), b""))
    assert answers.count(b"250 2.0.0 OK") == 3
    assert answers.endswith(b"221 Bye\r\n")
    assert Message.objects.count() == 3


def test_a_slow_client_keeps_nobody_waiting_and_is_hung_up_on(start_listener):
    listener = start_listener(limits=Limits(seconds=1.5))
    with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as slow:
        slow.sendall(b"EHLO slow\r\nMAIL FROM:<a@b.no>\r\nRCPT TO:<%s>\r\nDATA\r\n" % ADDRESS.encode())
        started = time.monotonic()
        listener.send(letter())
        assert time.monotonic() - started < 1
        with contextlib.suppress(OSError):
            while time.monotonic() - started < 8:
                slow.sendall(b"x")
                time.sleep(0.1)
        assert 1 < time.monotonic() - started < 5
    assert Message.objects.count() == 1


def test_one_connection_too_many_is_put_off(start_listener):
    listener = start_listener(limits=Limits(connections=2))
    with listener.client() as one, listener.client():
        with pytest.raises(smtplib.SMTPConnectError) as answer:
            listener.client()
        assert answer.value.smtp_code == 421
        one.quit()
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(smtplib.SMTPConnectError):
                listener.send(letter())
                break
            assert time.monotonic() < deadline
    assert Message.objects.count() == 1


def test_many_at_once(listener):
    def send(client: int) -> None:
        with listener.client() as connected:
            for number in range(5):
                # Half of them the same for every client.
                connected.sendmail(SENDER, [ADDRESS], letter(number if number % 2 else 100 * client + number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(1, 9)))
    assert Message.objects.count() == DBTaskResult.objects.count() == 8 * 3 + 2


def test_an_error_of_the_database_is_put_off_and_passes(listener, monkeypatch):
    def broken(*args: Any, **kwargs: Any) -> list[int]:
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(listener_module, "store_many", broken)
        with pytest.raises(smtplib.SMTPDataError) as answer:
            listener.send(letter())
    assert answer.value.smtp_code == 451
    listener.send(letter())
    assert Message.objects.count() == 1


def test_what_fails_together_is_tried_one_by_one_once(start_listener, monkeypatch):
    """As where two transactions wait for each other, and the database ends one of them."""
    sizes = []

    def broken_together(messages: Sequence[Incoming], **arguments: Any) -> list[int]:
        sizes.append(len(messages))
        # Long enough for the others to come in.
        time.sleep(0.3)
        if len(messages) > 1:
            # The connection is a good one.
            assert not Message.objects.filter(key="").exists()
            raise OperationalError
        return store_module.store_many(messages, **arguments)

    monkeypatch.setattr(listener_module, "store_many", broken_together)
    listener = start_listener()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: listener.send(letter(number)), range(8)))
    assert max(sizes) > 1
    assert sizes.count(1) == Message.objects.count() == 8


def test_an_error_nobody_thought_of_is_put_off(listener, monkeypatch):
    def broken(*args: Any, **kwargs: Any) -> list[int]:
        raise RuntimeError("kari@example.com")

    monkeypatch.setattr(listener_module, "store_many", broken)
    with pytest.raises(smtplib.SMTPDataError) as answer:
        listener.send(letter())
    assert answer.value.smtp_code == 451
    assert b"kari" not in answer.value.smtp_error


def test_what_takes_too_long_is_put_off(listener, monkeypatch):
    monkeypatch.setattr(listener_module, "_STORE_SECONDS", 0.2)
    monkeypatch.setattr(listener_module, "store_many", lambda *args, **kwargs: time.sleep(1) or [1])
    with pytest.raises(smtplib.SMTPDataError) as answer:
        listener.send(letter())
    assert answer.value.smtp_code == 451


def test_what_waits_is_looked_at_at_once_and_again(start_listener, monkeypatch):
    looked = threading.Semaphore(0)
    turns = iter(range(100))

    def look(**_arguments: object) -> None:
        looked.release()
        # An error at one time is none the next.
        if next(turns) == 0:
            raise OperationalError

    monkeypatch.setattr(listener_module, "resume_mail", look)
    monkeypatch.setattr(listener_module, "_SWEEP_SECONDS", 0.05)
    start_listener()
    for _ in range(3):
        assert looked.acquire(timeout=10)


def test_told_to_stop_it_finishes_what_is_being_stored(start_listener, monkeypatch):
    listener = start_listener()
    begun = threading.Event()

    def slowly(*args: Any, **kwargs: Any) -> list[int]:
        begun.set()
        time.sleep(0.5)
        return store_module.store_many(*args, **kwargs)

    monkeypatch.setattr(listener_module, "store_many", slowly)
    idle, busy = listener.client(), listener.client()
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(busy.sendmail, SENDER, [ADDRESS], letter())
        assert begun.wait(10)
        listener.stop()
        # Every recipient was accepted.
        assert sent.result(10) == {}
    for client in (idle, busy):
        assert client.getreply()[0] == 421
        client.close()
    assert Message.objects.count() == 1
    with pytest.raises(OSError):
        listener.client()


def test_lmtp_answers_for_each_recipient(start_listener, settings):
    settings.MAIL_MAX_BYTES = 10_000
    listener = start_listener(lmtp=True)
    with listener.client() as client:
        assert client.docmd("EHLO", "me")[0] == 500
        client.ehlo()
        assert "pipelining" in client.esmtp_features
        assert "size" in client.esmtp_features

        def answers(raw: bytes, *recipients: str) -> list[int]:
            client.mail(SENDER)
            for recipient in recipients:
                client.rcpt(recipient)
            assert client.docmd("DATA")[0] == 354
            client.send(raw + b".\r\n")
            answers = [client.getreply()[0] for _ in range(2)]
            # There is no third: this is the answer to another command.
            assert client.noop()[1] == b"OK"
            return answers

        two = [ADDRESS, "x@elsewhere.example.com", "b@preferences.example.com"]
        assert answers(letter(), *two) == [250, 250]
        assert answers(letter(body=b"x" * 10_000 + b"\r\n"), *two) == [552, 552]
        assert answers(b"", *two) == [554, 554]
        assert client.docmd("DATA")[0] == 503
        # The class of the standard library stands for those of mail servers.
        client.sendmail(SENDER, [ADDRESS], letter(2))
    assert Message.objects.get(key__isnull=False, recipients__len=2).recipients == [ADDRESS, two[2]]
    assert Message.objects.count() == 2


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 signed by nobody, and its key, as files."""
    folder = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(
            issuer_name=name,
            subject_name=name,
            public_key=key.public_key(),
            serial_number=1,
            not_valid_before=now - dt.timedelta(days=1),
            not_valid_after=now + dt.timedelta(days=1),
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    written = (folder / "certificate.pem", folder / "key.pem")
    written[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    written[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return written


def test_starttls_with_a_certificate(listener_process, certificate):
    chain, key = map(str, certificate)
    process = listener_process("--tls-certificate", chain, "--tls-key", key)
    with smtplib.SMTP("127.0.0.1", process.port, timeout=10) as client:
        client.ehlo()
        assert "starttls" in client.esmtp_features
        # Said before the encryption began, so it may be somebody else's.
        client._host = "localhost"
        client.starttls(context=ssl.create_default_context(cafile=chain))
        client.ehlo()
        assert not {"starttls", "auth"} & set(client.esmtp_features)
        assert client.docmd("AUTH", "PLAIN AGEAYg==")[0] == 504
        client.sendmail(SENDER, [ADDRESS], letter())
    # And without, as before.
    process.send(letter(2))
    assert Message.objects.count() == 2


def test_its_log_names_no_address_and_a_signal_ends_it(listener_process):
    process = listener_process(environment={"TEST_LOG_LEVEL": "DEBUG"})
    process.send(letter())
    client = smtplib.SMTP("127.0.0.1", process.port, timeout=10)
    refused(client, recipient="x@elsewhere.example.com")
    client.docmd("NONSENSE kari@example.com")
    client.docmd('MAIL FROM:"kari')
    process.signal(signal.SIGTERM)
    assert client.getreply()[0] == 421
    client.close()
    assert process.ended() == 0
    log = process.log()
    assert "A message was stored" in log
    for secret in ("kari", "elsewhere", "stop@", "127.0.0.1", "Please"):
        assert secret not in log


def test_without_its_database_mail_is_put_off_until_it_is_back(listener_process):
    relay = Relay()
    relay.open()
    try:
        environment = {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": relay.url}
        process = listener_process(environment=environment)
        process.send(letter(1))
        relay.cut()

        # Several at once, for each waits a while for the database to come back.
        with ThreadPoolExecutor(4) as pool:
            unknown = pool.submit(_answer, process, "x@brand.example.com")
            assert set(pool.map(_answer, [process] * 3, [ADDRESS] * 3)) == {451}
            assert unknown.result() == 451

        relay.open()
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(smtplib.SMTPDataError):
                process.send(letter(2))
                break
            assert time.monotonic() < deadline, "the listener does not find its database again"
        assert Message.objects.count() == 2
    finally:
        with contextlib.suppress(AssertionError):
            relay.cut()


def _answer(process: Process, recipient: str) -> int:
    """The code with which a message to one recipient is refused."""
    with pytest.raises((smtplib.SMTPDataError, smtplib.SMTPRecipientsRefused)) as refusal:
        process.send(letter(2), recipients=[recipient])
    if isinstance(refusal.value, smtplib.SMTPDataError):
        return refusal.value.smtp_code
    return refusal.value.recipients[recipient][0]


def test_connections_broken_by_the_database_are_replaced(listener_process):
    """As after a restart of the database, with connections that are kept and not asked whether they work."""
    process = listener_process()
    with smtplib.SMTP("127.0.0.1", process.port, timeout=10) as client:
        for number in range(8):
            client.sendmail(SENDER, [ADDRESS], letter(number))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        codes = []
        for number in range(8, 28):
            client.mail(SENDER)
            client.rcpt(ADDRESS)
            codes.append(client.data(letter(number))[0])
    assert set(codes) == {250, 451}
    # Once for each of its threads.
    assert codes.count(451) <= 2
    assert Message.objects.count() == 8 + codes.count(250)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--port", "x"], "--port"),
        (["--port", "70000"], "70000"),
        (["--host", "not an address"], "not an address"),
        (["--connections", "0"], "--connections"),
        (["--tls-key", "key.pem"], "--tls-certificate"),
        (["--tls-certificate", "nowhere.pem"], "certificate"),
        (["--relay"], "--relay"),
    ],
)
def test_bad_options_end_with_one_line(words, says):
    ended = subprocess.run(
        [sys.executable, "manage.py", "serve_mail", *words],
        cwd=django_settings.BASE_DIR,
        env=process_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert says in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_port_in_use_is_said(listener):
    def start_another() -> None:
        asyncio.run(listener_module.Listener(port=listener.port).start())

    # In a thread: in this one a browser's event loop may be running.
    with ThreadPoolExecutor(1) as pool, pytest.raises(OSError):
        pool.submit(start_another).result()
