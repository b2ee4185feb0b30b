"""Any bytes in, a letter out: who, to whom, what they wrote, and whether a machine did."""

import base64
import random
import time
from collections.abc import Iterable
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from preferences.inbox.automatic import Automatic
from preferences.inbox.letter import LONGEST_TEXT, Attachment, Letter, read_letter

HEAD = b"From: Kari Nordmann <Kari@Example.com>\r\nTo: news@acme.example.com\r\nSubject: Hi\r\n"
PLAIN = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
HTML = b"Content-Type: text/html; charset=utf-8\r\n\r\n"


def with_headers(*lines: str, body: bytes = b"Hello\r\n") -> Letter:
    return read_letter(
        "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape") + b"\r\n" + body
    )


def in_parts(*parts: bytes, kind: str = "mixed") -> bytes:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    return HEAD + f"Content-Type: multipart/{kind}; boundary=b\r\n\r\n".encode() + body + b"--b--\r\n"


def test_an_ordinary_one() -> None:
    letter = read_letter(
        HEAD + b"Message-ID: <1@x>\r\nReply-To: other@example.com\r\n\r\nUnsubscribe\r\n\r\n-- \r\nKari\r\n"
    )
    assert letter == Letter(
        subject="Hi",
        sender="kari@example.com",
        sender_name="Kari Nordmann",
        reply_to="other@example.com",
        recipients=("news@acme.example.com",),
        written="Unsubscribe",
        text="Unsubscribe\n\n-- \nKari",
    )
    assert not letter.doubtful


@pytest.mark.parametrize(
    ("value", "sender", "name"),
    [
        ("kari@example.com", "kari@example.com", ""),
        ('"Nordmann, Kari" <kari@example.com>', "kari@example.com", "Nordmann, Kari"),
        ("kari@example.com (Kari (at home))", "kari@example.com", "Kari at home"),
        ("=?utf-8?q?K=C3=A5ri?= <kari@example.com>", "kari@example.com", "Kåri"),
        ("=?utf-8?q?Kari_<kari@example.com>?=", "kari@example.com", ""),
        ("Kåri <kari@blåbær.no>", "kari@xn--blbr-roah.no", "Kåri"),
        ("a@example.com, b@example.com", "", ""),
        ("a@example.com, A@Example.com", "a@example.com", ""),
        ("Friends: a@example.com, b@example.com;", "", ""),
        ("undisclosed-recipients:;", "", ""),
        ("", "", ""),
        ("<>", "", ""),
        ("Kari", "", ""),
        ("@", "", ""),
        ("(" * 5_000, "", ""),
        ("<" * 5_000, "", ""),
    ],
)
def test_from(value: str, sender: str, name: str) -> None:
    letter = with_headers(f"From: {value}")
    assert (letter.sender, letter.sender_name) == (sender, name)


@pytest.mark.parametrize(
    ("value", "subject"),
    [
        ("=?utf-8?q?=C3=A5?=", "å"),
        ("=?utf-8?b?w6U=?= =?utf-8?b?w6Y=?=", "åæ"),
        ("=?utf-8?b?ww==?= =?utf-8?b?pQ==?=", "å"),
        ("=?utf-8*nb?q?a_b?= c", "a b c"),
        ("=?nonsense?q?=E5?=", "å"),
        ("=?utf-8?q?unended", "=?utf-8?q?unended"),
        ("=?utf-8?b?!!!?=", ""),
        ("a\r\n\tb", "a b"),
        ("a\u202eb\x00c", "abc"),
        ("x" * 5_000, "x" * 500),
    ],
)
def test_subject(value: str, subject: str) -> None:
    assert with_headers(f"Subject: {value}").subject == subject


def test_bytes_in_headers() -> None:
    assert read_letter("Subject: på\r\n\r\n".encode("latin-1")).subject == "på"


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        ("utf-8", "Så rart".encode(), "Så rart"),
        ("iso-8859-1", "Så rart".encode("latin-1"), "Så rart"),
        ("utf-8", "Så rart".encode("latin-1"), "Så rart"),
        ("iso-8859-1", "Så rart".encode(), "Så rart"),
        ("us-ascii", "Så “rart”".encode("cp1252"), "Så “rart”"),
        ("iso-8859-2", "Proszę".encode("iso-8859-2"), "Proszę"),
        ("utf-16", "Så rart".encode("utf-16"), "Så rart"),
        ("utf-16", b"So odd", "So odd"),
        ("iso-2022-jp", "配信停止".encode("iso-2022-jp"), "配信停止"),
        ("x-unknown", "Så rart".encode("latin-1"), "Så rart"),
        ("punycode", b"So odd", "So odd"),
        ("unicode_escape", rb"\u0041", r"\u0041"),
        ("rot13", b"So odd", "So odd"),
        ("", "Så rart".encode(), "Så rart"),
        ("utf-8", b"a\x00b", "ab"),
    ],
)
def test_charsets(charset: str, data: bytes, text: str) -> None:
    letter = with_headers(f'Content-Type: text/plain; charset="{charset}"', body=data)
    assert letter.written == text


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("base64", b"VW5zdWJzY3JpYmU="),
        ("BASE64", b"VW5zdWJz\r\nY3JpYmU"),
        ("base64", b"VW5z!dWJzY3JpYmU=\r\n"),
        ("quoted-printable", b"Un=73ubs=\r\ncribe"),
        ("8bit", b"Unsubscribe"),
        ("nonsense", b"Unsubscribe"),
    ],
)
def test_transfer_encodings(encoding: str, data: bytes) -> None:
    assert with_headers(f"Content-Transfer-Encoding: {encoding}", body=data).written == "Unsubscribe"


def test_flowed() -> None:
    letter = with_headers(
        "Content-Type: text/plain; format=flowed",
        body=b"Please take me \r\noff the list\r\n> quoted \r\n> on\r\n-- \r\nKari",
    )
    assert letter.written == "Please take me off the list"


@pytest.mark.parametrize(
    ("parts", "kind", "written"),
    [
        ([PLAIN + b"plain", HTML + b"<p>html</p>"], "alternative", "plain"),
        ([PLAIN + b" \r\n", HTML + b"<p>html</p>"], "alternative", "html"),
        ([PLAIN + b"Your mail program cannot show HTML.", HTML + b"<p>html</p>"], "alternative", "html"),
        ([HTML + b"<p>html</p>"], "alternative", "html"),
        ([HTML + b"<p>html</p>"], "mixed", "html"),
        ([PLAIN + b"plain", b"Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR"], "mixed", "plain"),
        ([PLAIN + b"> quoted", PLAIN + b"unsubscribe"], "mixed", ""),
        ([PLAIN + b"one", PLAIN + b"two"], "mixed", "one\n\ntwo"),
        ([b"Content-Type: message/rfc822\r\n\r\n" + HEAD + b"\r\nunsubscribe"], "mixed", ""),
        ([b"Content-Disposition: attachment\r\n" + PLAIN + b"unsubscribe"], "mixed", ""),
        ([b"\r\nno headers"], "mixed", "no headers"),
    ],
)
def test_parts(parts: list[bytes], kind: str, written: str) -> None:
    assert read_letter(in_parts(*parts, kind=kind)).written == written


def test_a_message_attached_is_shown_to_staff() -> None:
    letter = read_letter(
        in_parts(PLAIN + b"see below", b"Content-Type: message/rfc822\r\n\r\n" + HEAD + b"\r\nunsubscribe")
    )
    assert letter.text == "see below\n\nFrom: Kari Nordmann <Kari@Example.com>\nSubject: Hi\n\nunsubscribe"
    assert [attachment.media_type for attachment in letter.attachments] == ["message/rfc822"]


def test_attachments_are_named_and_measured() -> None:
    data = base64.encodebytes(bytes(3_000))
    letter = read_letter(
        in_parts(
            PLAIN + b"hello",
            b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
            b"Content-Disposition: attachment; filename*0*=utf-8''..%2Fbl%C3%A5; filename*1=.pdf\r\n\r\n"
            + data,
        )
    )
    (attachment,) = letter.attachments
    assert (attachment.name, attachment.media_type) == ("blå.pdf", "application/pdf")
    assert 2_900 < attachment.size < 3_200


@pytest.mark.parametrize(
    ("raw", "readable"),
    [
        (HEAD + b"\r\n", True),
        (b"", False),
        (b"\x00\xff", False),
        (b"hello", False),
        (in_parts(b"Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\nx"), False),
        (in_parts(PLAIN + b"hello", b"Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\nx"), True),
        (HEAD + b"Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\n\r\n--b--", False),
        (HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\nhello", False),
        (HEAD + b"Content-Type: multipart/mixed\r\n\r\nhello", False),
    ],
)
def test_what_can_be_read(raw: bytes, readable: bool) -> None:
    assert read_letter(raw).readable is readable


@pytest.mark.parametrize(
    ("line", "automatic"),
    [
        ("Auto-Submitted: auto-replied", Automatic.AUTO_REPLY),
        ("Auto-Submitted: Auto-Generated (mail)", Automatic.MACHINE),
        ("Auto-Submitted: auto-notified", Automatic.MACHINE),
        ("Auto-Submitted: no", None),
        ("Precedence: bulk", Automatic.MACHINE),
        ("Precedence: junk", Automatic.MACHINE),
        ("Precedence: auto_reply", Automatic.AUTO_REPLY),
        ("Precedence: list", Automatic.MAILING_LIST),
        ("Precedence: first-class", None),
        ("List-Id: <x.example.com>", Automatic.MAILING_LIST),
        ("List-Unsubscribe: <mailto:x@example.com>", Automatic.MAILING_LIST),
        ("X-Auto-Response-Suppress: All", None),
        ("X-Auto-Response-Suppress: None", None),
        ("X-Autoreply: yes", Automatic.AUTO_REPLY),
        ("X-Autoreply: no", None),
        ("Return-Path: <>", Automatic.MACHINE),
        ("Return-Path: <kari@example.com>", None),
        ("From: MAILER-DAEMON@example.com", Automatic.AUTO_REPLY),
        ("Subject: Automatic reply: Summer offers", Automatic.AUTO_REPLY),
        ("Subject: Automatisk svar: Tilbud", Automatic.AUTO_REPLY),
        ("Subject: Autosvar: Erbjudande", Automatic.AUTO_REPLY),
        ("Subject: Automaattinen vastaus: Tarjous", Automatic.AUTO_REPLY),
        ("Subject: Automatisch antwoord: Aanbod", Automatic.AUTO_REPLY),
        ("Subject: Abwesenheitsnotiz: Angebot", Automatic.AUTO_REPLY),
        ("Subject: Réponse automatique : Offre", Automatic.AUTO_REPLY),
        ("Subject: Respuesta automática: Oferta", Automatic.AUTO_REPLY),
        ("Subject: Odpowiedź automatyczna: Oferta", Automatic.AUTO_REPLY),
        ("Subject: Out of office", Automatic.AUTO_REPLY),
        ("Subject: OOO: back on Monday", Automatic.AUTO_REPLY),
        ("Subject: On vacation you sent me 5 mails: delete me", None),
        ("Subject: Out of office contacts should be unsubscribed", None),
        ("Subject: Nieobecność zgody", None),
        ("Subject: unsubscribe", None),
    ],
)
def test_automatic(line: str, automatic: Automatic | None) -> None:
    letter = with_headers(line)
    assert letter.automatic is automatic


OURS = "mx.acme.example.com"


@pytest.mark.parametrize(
    ("lines", "evidence", "doubtful"),
    [
        ([], {}, False),
        (["Authentication-Results: evil.example; dmarc=pass"], {}, False),
        ([f"Authentication-Results: {OURS}; dmarc=fail"], {"dmarc": "fail"}, True),
        ([f"Authentication-Results: {OURS}; dkim=fail; spf=fail"], {"dkim": "fail", "spf": "fail"}, True),
        ([f"Authentication-Results: {OURS}; dkim=fail; spf=pass"], {"dkim": "fail", "spf": "pass"}, False),
        ([f'Authentication-Results: "{OURS}" 1; spf=pass (x; dmarc=fail) a=b'], {"spf": "pass"}, False),
        ([f'Authentication-Results: {OURS}; spf=pass reason="; dmarc=fail"'], {"spf": "pass"}, False),
        ([f"Authentication-Results: {OURS}; dkim=pass header.d=example.com"], {"dkim": "pass"}, False),
        ([f"Authentication-Results: {OURS}; dkim=pass header.i=@mail.example.com"], {"dkim": "pass"}, False),
        ([f"Authentication-Results: {OURS}; dkim=pass header.d=evil.example"], {"dkim": "none"}, False),
        ([f"Authentication-Results: {OURS}; dkim=pass"], {"dkim": "none"}, False),
        ([f"Authentication-Results: {OURS}; spf=fail"], {"spf": "fail"}, True),
        ([f"Authentication-Results: {OURS}; spf=fail; dkim=none"], {"spf": "fail", "dkim": "none"}, True),
        (
            [f"Authentication-Results: {OURS}; spf=fail; dkim=pass header.d=example.com"],
            {"spf": "fail", "dkim": "pass"},
            False,
        ),
        ([f"Authentication-Results: {OURS}; spf=fail; dkim=pass"], {"spf": "fail", "dkim": "none"}, True),
        (
            [f"Authentication-Results: {OURS}; dmarc=fail", f"Authentication-Results: {OURS}; dmarc=pass"],
            {"dmarc": "fail"},
            True,
        ),
        (
            [f"Authentication-Results: {OURS}; dmarc=pass", f"Authentication-Results: {OURS}; dmarc=fail"],
            {"dmarc": "fail"},
            True,
        ),
        # Each check of one server may write its own.
        (
            [
                f"Authentication-Results: {OURS}; spf=fail",
                "Received-SPF: fail",
                f"Authentication-Results: {OURS}; dkim=pass header.d=example.com",
            ],
            {"spf": "fail", "dkim": "pass"},
            False,
        ),
        # What stands below another server's headers may be anybody's.
        (
            [
                f"Authentication-Results: {OURS}; spf=fail",
                "Received: from elsewhere.example.com",
                f"Authentication-Results: {OURS}; dkim=pass header.d=example.com",
            ],
            {"spf": "fail"},
            True,
        ),
        (
            [f"Authentication-Results: {OURS}; dkim=fail", "Received-SPF: fail (x)"],
            {"dkim": "fail", "spf": "fail"},
            True,
        ),
        (
            [f"Authentication-Results: {OURS}; dkim=fail", "X: y", "Received-SPF: fail"],
            {"dkim": "fail"},
            False,
        ),
        ([f"Authentication-Results: {OURS}; none"], {}, False),
    ],
)
def test_evidence(lines: Iterable[str], evidence: dict[str, str], doubtful: bool) -> None:
    raw = "".join(f"{line}\r\n" for line in [*lines, "From: kari@example.com"]).encode() + b"\r\nHello"
    letter = read_letter(raw, authserv_id=OURS)
    believed = any(line.lower().startswith("authentication-results") and OURS in line for line in lines)
    assert letter.evidence == (evidence | {"from_domain": "example.com"} if believed else {})
    assert letter.doubtful is doubtful
    assert read_letter(raw).evidence == {}


def nested(depth: int, text: bytes = b"Unsubscribe") -> bytes:
    begin = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth)
    )
    end = b"".join(b"\r\n--b%d--" % n for n in reversed(range(depth)))
    return b"From: kari@example.com\r\n" + begin + PLAIN + text + end + b"\r\n"


def test_deep() -> None:
    assert read_letter(nested(200)).written == "Unsubscribe"
    assert read_letter(nested(5_000)).readable is False


def seconds(raw: bytes) -> float:
    begun = time.perf_counter()
    read_letter(raw, authserv_id=OURS)
    return time.perf_counter() - begun


@pytest.mark.parametrize(
    "raw",
    [
        in_parts(
            PLAIN + b"hello",
            b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(bytes(7_500_000)),
        ),
        nested(5_000),
        HEAD + b"\r\n" + b"x" * 10_000_000,
        HEAD + b"\r\n" + b"a line\r\n" * 1_000_000,
        HEAD + b"\r\n" + b"> \n" * 1_000_000,
        HEAD + b"\r\n" + b"Den 1 skrev " * 100_000,
        HEAD + b"\r\n" + b"From: x\nTo: y\n\n" * 100_000,
        b"X: y\r\n" * 1_000_000,
        b"Subject: " + b"=?a?q?b?=" * 100_000 + b"\r\n\r\n",
        b"From: " + b"a" * 10_000_000 + b"\r\n\r\n",
        *(b'From: "' + piece * 100_000 + b"\r\n\r\n" for piece in (b"a@", b"a<", b".@", b"[a@b")),
        *(
            b"Authentication-Results: mx.acme.example.com;" + piece * 100_000 + b"\r\n\r\n"
            for piece in (b'\\"', b"header.d=", b"dkim = ", b"dkim=pass header.i=a", b"(a", b"/1")
        ),
        b'Authentication-Results: mx.acme.example.com;" \\"\\"\\"\r\n' * 10_000 + b"\r\n",
        b"Subject: " + b"a-" * 250 + b"\r\n\r\n" + b"a-" * 1_000_000,
        HEAD + b"\r\n" + b"/p/" * 1_000_000,
        HEAD + b"\r\n" + b"a.a-" * 1_000_000,
        b"From: " + b"a@b.no," * 100_000 + b"\r\n\r\n",
        b"From: " + b"(" * 1_000_000 + b"\r\n\r\n",
        b"Content-Type: text/plain" + b';a="' * 100_000 + b"\r\n\r\n",
        b"Authentication-Results: mx.acme.example.com;" + b"(" * 100_000 + b"\r\n\r\n",
        in_parts(*[PLAIN] * 100_000),
        HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--\r\n" * 1_000_000,
        *(
            HEAD + HTML + piece * (1_000_000 // len(piece))
            for piece in (
                b"<",
                b"<p>",
                b"<a b='",
                b"<!--",
                b"&amp",
                b"</p>",
                b'<p style="',
                b"<style>",
                b"<blockquote>",
            )
        ),
    ],
    ids=lambda raw: f"{raw[:20]!r}x{len(raw)}",
)
def test_bounded_time(raw: bytes) -> None:
    assert seconds(raw) < 3


def test_no_more_text_than_can_be_kept() -> None:
    letter = read_letter(HEAD + b"\r\n" + b"word " * 100_000)
    assert len(letter.text) <= LONGEST_TEXT
    assert len(letter.written) <= LONGEST_TEXT


def can_be_stored(value: Any) -> bool:
    texts = [value] if isinstance(value, str) else [str(part) for part in value]
    return all("\x00" not in text and text.encode("utf-8") is not None for text in texts)


def check(raw: bytes) -> None:
    letter = read_letter(raw, authserv_id=OURS)
    for value in (
        letter.subject,
        letter.sender,
        letter.sender_name,
        letter.text,
        letter.written,
    ):
        assert can_be_stored(value)
    names = [file.name for file in letter.attachments]
    assert can_be_stored([*letter.recipients, *letter.copied, *letter.evidence.values(), *names])
    assert all(isinstance(attachment, Attachment) for attachment in letter.attachments)


@given(st.binary())
@example(b"From: \xff\r\nContent-Type: multipart/mixed; boundary=\xff\r\n\r\n--\xff\r\n\r\n")
def test_any_bytes(raw: bytes) -> None:
    check(raw)


PIECES = [
    b"\r\n",
    b"\r",
    b"\n",
    b"\r\n\r\n",
    b"--b",
    b"--b--",
    b"--",
    b" ",
    b"\t",
    b";",
    b'"',
    b"\x00",
    b"\xff",
    b"=?",
    b"?=",
    b"From: ",
    b"Subject: ",
    b"a@b.no",
    b"<",
    b">",
    b"(",
    b")",
    b",",
    b":",
    b"Content-Type: ",
    b"multipart/mixed; boundary=b",
    b"text/html",
    b"text/plain; charset=",
    b"utf-16",
    b"utf-8",
    b"message/rfc822",
    b"Content-Transfer-Encoding: base64",
    b"quoted-printable",
    b"=\r\n",
    b"=C3",
    b"<blockquote>",
    b"<p style='display:none'>",
    b"&#0;",
    b"&#xd800;",
    b"filename*0*=x''%",
    b"Authentication-Results: mx.acme.example.com; dkim=pass",
    b"On 1 x wrote:",
    b"unsubscribe",
]


@given(st.lists(st.sampled_from(PIECES), max_size=60))
def test_any_pieces(pieces: list[bytes]) -> None:
    check(b"".join(pieces))


def test_real_ones_mutated() -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "Kåri <kari@example.com>", "Så rart – igjen"
    message.set_content("Meld meg av\n\nmvh Kåri")
    message.add_alternative("<p>Meld meg av</p>", subtype="html")
    message.add_attachment(b"x" * 200, maintype="application", subtype="pdf", filename="blå.pdf")
    raw = bytes(message)
    chance = random.Random(4)  # noqa: S311
    for _turn in range(1_500):
        mutated = bytearray(raw)
        for _change in range(chance.randint(1, 12)):
            at = chance.randrange(len(mutated))
            match chance.randrange(3):
                case 0:
                    mutated[at] = chance.randrange(256)
                case 1:
                    del mutated[at : at + chance.randrange(40)]
                case _:
                    mutated[at:at] = chance.choice(PIECES)
        check(bytes(mutated))
