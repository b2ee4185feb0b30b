"""The demo's inbox: what a few of its people, and two machines, wrote. Taken in and handled as any other mail is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime

from preferences.enums import Channel, ContactKind, Intake
from preferences.inbox.handle import handle_message
from preferences.inbox.settle import dismiss, take
from preferences.inbox.store import Incoming, store
from preferences.links import stop_url
from preferences.models import ContactPoint, Topic

_TALLVIK, _AURELUND, _CORDILLA = "post@tallvik.example", "post@aurelund.example", "post@cordilla.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An e-mail that came in `ago`. `taken`: support has it; `no_request`: the note it was set aside with."""

    ago: dt.timedelta
    sender: str
    to: str
    subject: str
    text: str
    reply_to: str = ""
    automatic: bool = False
    taken: bool = False
    no_request: str = ""


# The oldest first. What waits is so old that each colour of a deadline is there to see.
LETTERS = (
    Letter(
        ago=dt.timedelta(days=33, hours=4),
        sender="Marte Dahl <marte.dahl@regnskapshagen.example>",
        to=_TALLVIK,
        subject="Innsyn i mine opplysninger",
        text="Hei,\n\n"
        "jeg ber om innsyn etter personvernforordningen artikkel 15: Hvilke opplysninger har dere lagret om meg,\n"
        "og hvem har dere delt dem med?\n\n"
        "Vennlig hilsen\nMarte Dahl",
        taken=True,
    ),
    Letter(
        ago=dt.timedelta(days=29, hours=7),
        sender="Lena Hartmann <lena.hartmann@muehlbach.example>",
        to=_AURELUND,
        subject="Löschung meiner Daten",
        text="Sehr geehrte Damen und Herren,\n\n"
        "bitte löschen Sie alle personenbezogenen Daten, die Sie über mich gespeichert haben, und bestätigen Sie mir\n"
        "das schriftlich.\n\n"
        "Mit freundlichen Grüßen\nLena Hartmann",
    ),
    Letter(
        ago=dt.timedelta(days=12, hours=2),
        sender="Diego Salazar <diego.salazar@agavealto.example>",
        to=_CORDILLA,
        subject="Invoice 20418",
        text="Hello,\n\nthe amount on our last invoice is not what we agreed on. Could somebody call me?\n\nDiego",
        no_request="About an invoice; passed on to the accounts department.",
    ),
    Letter(
        ago=dt.timedelta(days=6, hours=9),
        sender="J. Almeida <j.almeida@example.net>",
        to=_CORDILLA,
        subject="Unsubscribe",
        text="Please remove me from your mailing list. I have asked before.\n\nJoão Almeida",
    ),
    Letter(
        ago=dt.timedelta(days=5, hours=1),
        sender="Jonas Keller <jonas.keller@tannenhof.example>",
        to="kundenservice@example.com",
        subject="Abmeldung",
        text="Guten Tag,\n\nbitte senden Sie mir keine Werbung mehr.\n\nJonas Keller",
    ),
    Letter(
        ago=dt.timedelta(days=3, hours=6),
        sender="Silje Moen <silje.moen@bjorkogsonn.example>",
        reply_to="henrik.foss@vestlandsfisk.example",
        to=_TALLVIK,
        subject="Avmelding",
        text="Hei! Vennligst meld meg av nyhetsbrevet.\n\nSilje",
    ),
    Letter(
        ago=dt.timedelta(days=2, hours=3),
        sender="Even Strand <even.strand@seilogro.example>",
        to=_TALLVIK,
        subject="Re: Tax and payroll calendar",
        text="Hi,\n\nI am getting rather a lot of these. Can we have a word about which of them I really need?\n\nEven",
    ),
    Letter(
        ago=dt.timedelta(days=1, hours=5),
        sender="Nora Aas <nora.aas@example.net>",
        to=_TALLVIK,
        subject="Påmelding",
        text="Hei, jeg vil gjerne motta nyhetsbrevet deres om kurs.\n\nNora",
    ),
    Letter(
        ago=dt.timedelta(minutes=52),
        sender="Anton Bech <anton.bech@havnelager.example>",
        to=_AURELUND,
        subject="Automatic reply: Time sheets made easy",
        text="I am out of the office until Monday and will answer when I am back.\n\nAnton",
        automatic=True,
    ),
    Letter(
        ago=dt.timedelta(minutes=41),
        sender="Jonas Vik <jonas.vik@example.org>",
        to=_TALLVIK,
        subject="Avmelding",
        text="Hei,\n\njeg ønsker ikke lenger å motta nyhetsbrev fra dere. Vennligst meld meg av.\n\nJonas",
    ),
    Letter(
        ago=dt.timedelta(minutes=26),
        sender="Miriam Vogt <miriam.vogt@example.org>",
        to=_AURELUND,
        subject="Widerspruch gegen Profiling",
        text="Hiermit widerspreche ich dem Profiling mit meinen Daten gemäß Artikel 21 DSGVO.\n\nMiriam Vogt",
    ),
)
_UNSUBSCRIBED = ("pablo.navarro@talleresmar.example", "cordilla-product-news")
_BOUNCED, _COMPLAINED = "beatriz.rocha@jardimdois.example", "hugo.lefevre@boisclair.example"


def load_messages(*, staff: int, now: dt.datetime) -> None:
    """Let all of it come in, handled as the worker would; `staff` looks at one, and has set one aside."""
    for number, letter in enumerate(LETTERS):
        message = _receive(
            _written(letter, number=number, now=now),
            sender="" if letter.automatic else letter.sender.partition("<")[2].rstrip(">"),
            to=letter.to,
            at=now - letter.ago,
        )
        if letter.taken:
            take(message=message, by=staff, instead_of=None)
        if letter.no_request:
            dismiss(message=message, by=staff, seen=0, note=letter.no_request, now=now)
    _unsubscribe(*_UNSUBSCRIBED, at=now - dt.timedelta(minutes=18))
    _receive(_bounce(_BOUNCED), sender="", to=_CORDILLA, at=now - dt.timedelta(minutes=11))
    _receive(
        _complaint(_COMPLAINED),
        sender="feedback@mailbox.example",
        to=_AURELUND,
        at=now - dt.timedelta(minutes=4),
    )


def _receive(raw: bytes, *, sender: str, to: str, at: dt.datetime) -> int:
    incoming = Incoming(raw=raw, intake=Intake.LISTENER, envelope_sender=sender, recipients=(to,))
    message = store(incoming, now=at)
    handle_message.call(message=message)
    return message


def _written(letter: Letter, *, number: int, now: dt.datetime) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = letter.sender, letter.to, letter.subject
    if letter.reply_to:
        message["Reply-To"] = letter.reply_to
    if letter.automatic:
        message["Auto-Submitted"] = "auto-replied"
    message["Date"] = format_datetime(now - letter.ago)
    message["Message-ID"] = f"<demo-{number}@mailbox.example>"
    message.set_content(letter.text)
    return message.as_bytes()


def _unsubscribe(address: str, topic: str, *, at: dt.datetime) -> None:
    """What a mail program sends to the address in List-Unsubscribe, at the press of its button."""
    point = ContactPoint.objects.at(kind=ContactKind.EMAIL, value=address).get()
    url = stop_url(contact_point=point, topic=Topic.objects.get(key=topic), channel=Channel.EMAIL)
    token = url.rstrip("/").rpartition("/")[2]
    raw = (
        f"From: <{address}>\nTo: <{_CORDILLA}>\nSubject: stop {token}\nMessage-ID: <stop@mailbox.example>\n\n"
    )
    _receive(raw.encode(), sender=address, to=_CORDILLA, at=at)


def _bounce(address: str) -> bytes:
    """A delivery status notification (RFC 3464): there is no such mailbox."""
    return f"""\
From: Mail Delivery System <MAILER-DAEMON@mx.mailbox.example>
To: {_CORDILLA}
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce@mx.mailbox.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="bounce"

--bounce
Content-Type: text/plain; charset=us-ascii

Your message could not be delivered: 550 5.1.1 User unknown

--bounce
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.mailbox.example

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--bounce
Content-Type: text/rfc822-headers

From: Cordilla <{_CORDILLA}>
To: <{address}>
Subject: New in your online shop

--bounce--
""".encode()


def _complaint(address: str) -> bytes:
    """An abuse report (RFC 5965): somebody pressed "spam"."""
    return f"""\
From: Feedback loop <feedback@mailbox.example>
To: {_AURELUND}
Subject: FW: Time sheets made easy
Message-ID: <complaint@mailbox.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="complaint"

--complaint
Content-Type: text/plain; charset=us-ascii

This is an e-mail abuse report.

--complaint
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Mailbox-Feedback/1.0
Version: 1
Original-Rcpt-To: {address}

--complaint
Content-Type: text/rfc822-headers

From: Aurelund <{_AURELUND}>
To: <{address}>
Subject: Time sheets made easy

--complaint--
""".encode()
