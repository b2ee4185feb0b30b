"""Bounces and complaints, in the shapes in which mail servers send them."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preferences.inbox.reported import Complaint, Failure, Reports
from preferences.inbox.reports import read_reports
from preferences.inbox.statuses import Meaning, assess, is_counted

TOKEN = "WzEsMiwzLDQsImVtYWlsIl0." + "a" * 43
RETURNED = f"""Message-ID: <news-1@prefs.example.com>
To: Kari <kari@example.org>
List-Unsubscribe: <https://prefs.example.com/u/{TOKEN}/>
Subject: News
"""


def report(machine: str, *, kind: str = "delivery-status", returned: str = RETURNED, head: str = "") -> bytes:
    """A multipart/report with a part for programs and the mail it is about."""
    return f"""From: MAILER-DAEMON@mx.example.net
Subject: Undelivered Mail Returned to Sender
{head}Content-Type: multipart/report; report-type={kind}; boundary="b/1"

--b/1
Content-Type: text/plain

Sorry.

--b/1
Content-Type: message/{kind}

{machine}
--b/1
Content-Type: message/rfc822

{returned}
Dear Kari

--b/1--
""".encode()


def group(
    *,
    address: str = "rfc822; kari@example.org",
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "",
) -> str:
    told = f"Diagnostic-Code: {diagnostic}\n" if diagnostic else ""
    return f"Final-Recipient: {address}\nAction: {action}\nStatus: {status}\n{told}"


def failures(raw: bytes) -> list[tuple[tuple[str, ...], bool, str]]:
    reports = read_reports(raw)
    assert reports is not None
    return [(failure.addresses, failure.permanent, failure.status) for failure in reports.failures]


def test_a_bounce_names_the_mail_the_address_and_the_status() -> None:
    raw = report(f"Reporting-MTA: dns; mx.example.net\n\n{group()}")
    assert read_reports(raw) == Reports(
        failures=(
            Failure(
                addresses=("kari@example.org",),
                message_id="news-1@prefs.example.com",
                stop_token=TOKEN,
                permanent=True,
                status="5.1.1",
            ),
        )
    )


def test_line_ends_of_the_net() -> None:
    raw = report(f"Reporting-MTA: dns; mx.example.net\n\n{group()}")
    assert read_reports(raw.replace(b"\n", b"\r\n")) == read_reports(raw)


def test_several_recipients_each_with_their_own_fate() -> None:
    groups = [
        "Reporting-MTA: dns; mx.example.net\n",
        group(),
        group(address="rfc822; ola@example.org", action="relayed", status="2.0.0"),
        group(address="rfc822; per@example.org", action="delayed", status="4.4.1"),
        group(address="rfc822; eva@example.org", status="4.4.7"),
        group(address="rfc822; liv@example.org", action="expanded (to many)", status="2.0.0"),
        group(address="rfc822; jan@example.org", status="5.2.2"),
    ]
    assert failures(report("\n".join(groups))) == [
        (("kari@example.org",), True, "5.1.1"),
        (("eva@example.org",), False, "4.4.7"),
        (("jan@example.org",), False, "5.2.2"),
    ]


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", "delayed"])
def test_mail_that_arrived_or_may_yet_is_no_failure(action: str) -> None:
    assert read_reports(report(group(action=action, status="4.0.0"))) == Reports()


@pytest.mark.parametrize(
    ("address", "addresses"),
    [
        ("rfc822;<Kari@Example.ORG>", ("kari@example.org",)),
        ("kari@example.org", ("kari@example.org",)),
        ("utf-8; kari@blåbær.example", ("kari@xn--blbr-roah.example",)),
        (r"utf-8; kari@bl\x{E5}b\x{E6}r.example", ("kari@xn--blbr-roah.example",)),
        ("rfc822; kari+2Bnews@example.org", ("kari+2bnews@example.org", "kari+news@example.org")),
        ("x400; /C=no/", ()),
        ("rfc822; nobody", ()),
    ],
)
def test_spellings_of_addresses(address: str, addresses: tuple[str, ...]) -> None:
    assert [found for found, _permanent, _status in failures(report(group(address=address)))] == [addresses]


def test_the_address_we_wrote_to_comes_before_where_it_went() -> None:
    machine = f"{group(address='rfc822; kari@new.example')}Original-Recipient: rfc822; kari@old.example\n"
    assert failures(report(machine)) == [(("kari@old.example", "kari@new.example"), True, "5.1.1")]


@pytest.mark.parametrize(
    ("status", "diagnostic", "meaning", "decided"),
    [
        ("5.1.1", "smtp; 550 5.1.1 <kari@example.org>: User unknown", Meaning.ADDRESS, "5.1.1"),
        # Exim gives one status to everything.
        (
            "5.0.0",
            "smtp; 550-5.1.1 The email account that you tried to reach does not exist",
            Meaning.ADDRESS,
            "5.1.1",
        ),
        (
            "5.0.0",
            "smtp; 554 delivery error: dd This user doesn't have a yahoo.com account",
            Meaning.ADDRESS,
            "5.1.1",
        ),
        ("5.0.0", "smtp; 550 no", Meaning.PASSING, "5.0.0"),
        ("5.1.10", "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found", Meaning.ADDRESS, "5.1.10"),
        (
            "5.5.0",
            "smtp; 550 5.5.0 Requested action not taken: mailbox unavailable",
            Meaning.ADDRESS,
            "5.1.1",
        ),
        ("5.2.1", "smtp; 550 5.2.1 The account is disabled", Meaning.ADDRESS, "5.2.1"),
        ("5.2.1", "smtp; 550 5.2.1 receiving mail at a rate that prevents more", Meaning.REFUSED, "5.7.0"),
        ("5.2.2", "smtp; 552 5.2.2 mailbox full", Meaning.PASSING, "5.2.2"),
        ("5.1.1", "smtp; 550 5.1.1 mailbox is full", Meaning.PASSING, "5.2.2"),
        ("5.7.1", "smtp; 550 5.7.1 blocked", Meaning.REFUSED, "5.7.1"),
        ("5.1.1", "smtp; 550 blocked, see https://example.net/unknown", Meaning.REFUSED, "5.7.0"),
        ("5.4.4", "", Meaning.PASSING, "5.4.4"),
        ("4.4.7", "", Meaning.PASSING, "4.4.7"),
        ("5.1.1", "smtp; 450 4.1.1 user unknown", Meaning.PASSING, "4.1.1"),
        # Names of people and hosts say nothing.
        (
            "5.1.1",
            "smtp; 550 5.1.1 spam@blocked.example unknown at antispam.example",
            Meaning.ADDRESS,
            "5.1.1",
        ),
        ("nonsense", "", Meaning.PASSING, "5.0.0"),
    ],
)
def test_what_a_refusal_means(status: str, diagnostic: str, meaning: Meaning, decided: str) -> None:
    assessment = assess(status=status, diagnostic=diagnostic)
    assert (assessment.meaning, assessment.status) == (meaning, decided)
    assert assessment.permanent is (meaning is Meaning.ADDRESS)


def test_a_refusal_of_the_message_does_not_count() -> None:
    assert [is_counted(status) for status in ("4.4.7", "5.2.2", "5.0.0", "5.7.1", "5.7.26", "5.3.4")] == [
        *[True] * 3,
        *[False] * 3,
    ]


def test_without_the_mail_its_id_is_taken_from_elsewhere() -> None:
    machine = f"X-Original-Message-ID: <gmail-1@prefs.example.com>\n\n{group()}"
    for raw, message_id in (
        (report(machine, returned=""), "gmail-1@prefs.example.com"),
        (report(group(), returned="", head="In-Reply-To: <exchange-1@a.example>\n"), "exchange-1@a.example"),
    ):
        reports = read_reports(raw)
        assert reports is not None
        assert [failure.message_id for failure in reports.failures] == [message_id]


@pytest.mark.parametrize(
    "unsubscribe",
    [
        f"<mailto:stop+{TOKEN}@prefs.example.com>, <https://prefs.example.com/u/{TOKEN}/>",
        f"<https://prefs.example.com/u/{TOKEN[:30]}\n {TOKEN[30:]}/>",
        f"<mailto:stop@prefs.example.com?subject={TOKEN}>",
        f"=?utf-8?Q?=3Chttps=3A//prefs.example.com/u/{TOKEN}/=3E?=",
        f"<mailto:stop%2B{TOKEN}@prefs.example.com>",
    ],
)
def test_the_token_however_the_header_was_treated(unsubscribe: str) -> None:
    raw = report(group(), returned=f"List-Unsubscribe: {unsubscribe}\n")
    reports = read_reports(raw)
    assert reports is not None
    assert [failure.stop_token for failure in reports.failures] == [TOKEN]


def complaints(raw: bytes) -> list[tuple[tuple[str, ...], str, str, str]]:
    reports = read_reports(raw)
    assert reports is not None
    return [(c.addresses, c.message_id, c.stop_token, c.type) for c in reports.complaints]


@pytest.mark.parametrize("kind", ["abuse", "fraud", "opt-out", "Abuse"])
def test_a_complaint(kind: str) -> None:
    machine = f"Feedback-Type: {kind}\nVersion: 1\nOriginal-Rcpt-To: <kari@example.org>\n"
    assert complaints(report(machine, kind="feedback-report")) == [
        (("kari@example.org",), "news-1@prefs.example.com", TOKEN, kind.lower())
    ]


@pytest.mark.parametrize("kind", ["not-spam", "virus", "auth-failure", "dmarc", "other", ""])
def test_feedback_that_is_no_complaint(kind: str) -> None:
    assert read_reports(report(f"Feedback-Type: {kind}\n", kind="feedback-report")) == Reports(
        is_feedback=True
    )


def test_a_hidden_address_is_taken_from_the_mail() -> None:
    machine = "Feedback-Type: abuse\nOriginal-Rcpt-To: redacted\n"
    assert [found[0] for found in complaints(report(machine, kind="feedback-report"))] == [
        ("kari@example.org",)
    ]


def outlook(sender: str) -> bytes:
    return f"""From: <{sender}>
Subject: complaint about message from 192.0.2.1
Content-Type: multipart/mixed; boundary=o

--o
Content-Type: message/rfc822

X-HmXmrOriginalRecipient: kari@hotmail.com
{RETURNED}
--o--
""".encode()


def test_a_complaint_from_outlook() -> None:
    assert read_reports(outlook("staff@hotmail.com")) == Reports(
        complaints=(
            Complaint(
                addresses=("kari@hotmail.com",),
                message_id="news-1@prefs.example.com",
                stop_token=TOKEN,
                type="abuse",
            ),
        ),
        is_feedback=True,
    )


def test_the_same_from_anybody_else_is_none() -> None:
    assert read_reports(outlook("ola@example.org")) is None


QMAIL = f"""From: MAILER-DAEMON@mx.example.net
Subject: failure notice

Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<kari@example.org>:
Sorry, no mailbox here by that name. (#5.1.1)

<ola@example.org>:
192.0.2.9 does not like recipient.
Remote host said: 552 over quota

--- Below this line is a copy of the message.

{RETURNED}
"""
EXIM = f"""From: Mail Delivery System <Mailer-Daemon@mx.example.net>
X-Failed-Recipients: kari@example.org, ola@example.org
Subject: Mail delivery failed: returning message to sender

A message that you sent could not be delivered to one or more of its recipients.

  kari@example.org
    host mx.example.org [192.0.2.1]: 550 5.1.1 User unknown
  ola@example.org
    retry timeout exceeded

------ This is a copy of the message, including all the headers. ------

{RETURNED}
"""


@pytest.mark.parametrize(
    ("text", "statuses"), [(QMAIL, ["5.1.1", "5.2.2"]), (EXIM, ["5.1.1", "5.4.7"])], ids=["qmail", "exim"]
)
def test_bounces_in_words(text: str, statuses: list[str]) -> None:
    reports = read_reports(text.encode())
    assert reports is not None
    assert [(f.addresses, f.permanent, f.status, f.message_id, f.stop_token) for f in reports.failures] == [
        (("kari@example.org",), True, statuses[0], "news-1@prefs.example.com", TOKEN),
        (("ola@example.org",), False, statuses[1], "news-1@prefs.example.com", TOKEN),
    ]
    assert (
        read_reports(text.replace("Mailer-Daemon", "kurt").replace("MAILER-DAEMON", "kurt").encode()) is None
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"From: kari@example.org\nSubject: unsubscribe\n\nStop",
        b"From: MAILER-DAEMON@mx.example.net\n\nYour mail to kari@example.org failed, who knows why.",
        # Somebody forwards a bounce.
        b"From: kari@example.org\nContent-Type: multipart/mixed; boundary=f\n\n--f\nContent-Type: message/rfc822\n\n"
        + report(group())
        + b"\n--f--\n",
        report(
            "Final-Recipient: rfc822; kari@example.org\nDisposition: displayed\n",
            kind="disposition-notification",
        ),
    ],
)
def test_what_is_no_report(raw: bytes) -> None:
    assert read_reports(raw) is None


@pytest.mark.parametrize("kind", ["delivery-status", "feedback-report"])
def test_a_report_that_a_person_attached_is_none(kind: str) -> None:
    machine = group() if kind == "delivery-status" else "Feedback-Type: abuse\n"
    raw = report(machine, kind=kind).replace(b"multipart/report", b"multipart/mixed")
    assert read_reports(raw) is None


def test_a_message_id_that_cannot_be_stored() -> None:
    raw = report(group(), returned="Message-ID: <a\0b@c.example>\n")
    reports = read_reports(raw)
    assert reports is not None
    assert [failure.message_id for failure in reports.failures] == [""]


PIECES = [
    b"--b/1\n",
    b"--b/1--",
    b"\n\n",
    b"Content-Type: message/delivery-status\n\n",
    b'Content-Type: multipart/report; boundary="b/1"\n\n',
    b"Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n",
    b"X-Failed-Recipients: kari@example.org\n",
    b"From: MAILER-DAEMON@x.example\n",
    b"Hi. This is the\n<a@b.example>:\n",
    b"Content-Transfer-Encoding: base64\n",
    b"Final-Recipient: utf-8; \\x{10FFFF}@\\x{D800}.example\nAction: failed\nStatus: 5.1.1\n",
    b"List-Unsubscribe: =?utf-8?B?====?= =?x?Q?=3?=\n",
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=40))).map(b"".join))
@settings(max_examples=400, deadline=None)
def test_nothing_raises(raw: bytes) -> None:
    reports = read_reports(raw)
    assert reports is None or isinstance(reports, Reports)


@given(cut=st.integers(0, 700), noise=st.binary(max_size=20))
@settings(max_examples=200, deadline=None)
def test_a_damaged_bounce_raises_nothing(cut: int, noise: bytes) -> None:
    raw = report(f"Reporting-MTA: dns; mx.example.net\n\n{group()}")
    read_reports(raw[:cut] + noise + raw[cut + 7 :])


NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(200))
PLAIN = b"From: mailer-daemon@x.example\nX-Failed-Recipients: a@b.example\n\nHi. This is the\n"


@pytest.mark.parametrize(
    "raw",
    [
        report(f"Reporting-MTA: dns; x\n\n{group()}").replace(b"Sorry.", b"x" * 76 + b"\n")
        + b"y" * 10_000_000,
        NESTED + b"x\n" * 5_000_000,
        PLAIN + b"-" * 10_000_000,
        PLAIN + b"<a@b.example>:\nno\n\n" * 500_000,
        b"a: " + b" " * 10_000_000,
        report("Action: failed\n" * 600_000),
        report("\n \n" * 3_000_000),
        *(
            report("\n".join(group(diagnostic=piece * 1_000) for _recipient in range(200)))
            for piece in ("a.", "a", "a-", "://", "@", "a@", "5.1.", "45")
        ),
        report(group(address="rfc822;" + "a@" * 4_000), returned="To: " + "=+" * 4_000 + "\n"),
        report(
            group(), returned="Message-ID: " + "<" * 100_000 + "\nList-Unsubscribe: " + "/u/a" * 30_000 + "\n"
        ),
        report(group(address="utf-8; " + r"\x{" * 3_000)),
    ],
    ids=lambda raw: f"{raw[200:260]!r}x{len(raw)}",
)
def test_ten_megabytes_are_quick(raw: bytes) -> None:
    began = time.monotonic()
    read_reports(raw)
    assert time.monotonic() - began < 2
