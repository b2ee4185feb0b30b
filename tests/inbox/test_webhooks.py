"""What e-mail services post, as they post it, through the whole site."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client

from config.settings import mail_service
from preferences.enums import Hold, Intake, MessageState
from preferences.inbox import store
from preferences.inbox.handle import handle_message
from preferences.models import Message

SECRET = "hooks:pass:word"
AUTHORIZATION = "Basic " + base64.b64encode(SECRET.encode()).decode()

LETTER = (
    b"Return-Path: <kari@example.com>\r\n"
    b"Message-ID: <1@example.com>\r\n"
    b"From: Kari <kari@example.com>\r\n"
    b"To: news@acme.example.com\r\n"
    b"Subject: Stopp\r\n"
    b"Content-Type: text/plain; charset=iso-8859-1\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n"
    b"\r\n"
    b"Ikke mer reklame, v\xe6r s\xe5 snill.\r\n"
)

type Post = Callable[..., HttpResponse]


@pytest.fixture
def service(settings) -> Callable[..., None]:
    """Makes one e-mail service ours."""

    def service(name: str, **options: str) -> None:
        settings.ESP, settings.ESP_WEBHOOK_SECRET = name, SECRET
        settings.ANYMAIL = mail_service(name, options=json.dumps(options), secret=SECRET)

    return service


@pytest.fixture
def post(client: Client) -> Post:
    def post(address: str, body: Any, *, content_type: str = "application/json", **headers: str) -> Any:
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        headers = {"Authorization": AUTHORIZATION, **headers}
        return client.post(address, data, content_type=content_type, headers=headers)

    return post


def multipart(
    *fields: tuple[str, bytes], files: tuple[tuple[str, str, bytes], ...] = ()
) -> tuple[bytes, str]:
    """A form as programs write it: its bytes, and its type. Files are (field, name, content)."""
    parts = [b'Content-Disposition: form-data; name="%b"\r\n\r\n%b' % (n.encode(), v) for n, v in fields]
    parts += [
        b'Content-Disposition: form-data; name="%b"; filename="%b"\r\nContent-Type: application/pdf\r\n\r\n%b'
        % (field.encode(), name.encode(), content)
        for field, name, content in files
    ]
    body = b"".join(b"--limit\r\n%b\r\n" % part for part in parts) + b"--limit--\r\n"
    return body, 'multipart/form-data; boundary="limit"'


def signed_by_mailgun(key: str) -> list[tuple[str, bytes]]:
    signature = hmac.new(key.encode(), b"1700000000token-1", hashlib.sha256).hexdigest()
    return [("timestamp", b"1700000000"), ("token", b"token-1"), ("signature", signature.encode())]


def postmark_mail(**changes: Any) -> dict[str, Any]:
    """A mail as Postmark takes it apart."""
    return {
        "FromFull": {"Email": "kari@example.com", "Name": "Kari", "MailboxHash": ""},
        "ToFull": [{"Email": "stop+abc.def@in.example.com", "Name": "", "MailboxHash": "abc.def"}],
        "CcFull": [],
        "BccFull": [],
        "OriginalRecipient": "stop+abc.def@in.example.com",
        "Subject": "Avmelding – nå",
        "MessageID": "22c74902-a0c1-4511-804f-341342852c90",
        "Date": "Thu, 5 Apr 2026 16:59:01 +0200",
        "TextBody": "Ikke mer reklame, vær så snill.",
        "HtmlBody": "<p>Ikke mer reklame, vær så snill.</p>",
        "Headers": [
            {"Name": "Return-Path", "Value": "<kari@example.com>"},
            {"Name": "Message-ID", "Value": "<2@example.com>"},
            {"Name": "X-Long", "Value": "word " * 60},
        ],
        "Attachments": [
            {
                "Name": "brev.pdf",
                "Content": base64.b64encode(b"%PDF-1.4 \x00\xff").decode(),
                "ContentType": "application/pdf",
                "ContentLength": 11,
            }
        ],
        **changes,
    }


def postmark_bounce(**changes: Any) -> dict[str, Any]:
    return {
        "RecordType": "Bounce",
        "ID": 4323372036854775807,
        "Type": "HardBounce",
        "TypeCode": 1,
        "Name": "Hard bounce",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Description": "The server was unable to deliver your message (ex: unknown user).",
        "Details": "smtp;550 5.1.1 no such user",
        "Email": "ola@example.com",
        "From": "news@acme.example.com",
        "BouncedAt": "2026-11-05T16:33:54.9070259Z",
        "Inactive": True,
        "CanActivate": True,
        **changes,
    }


def mailjet_bounce(**changes: Any) -> dict[str, Any]:
    return {
        "event": "bounce",
        "time": 1700000000,
        "MessageID": 19421777835146490,
        "email": "ola@example.com",
        "hard_bounce": True,
        "error_related_to": "recipient",
        "error": "user unknown",
        "comment": "",
        **changes,
    }


def reports() -> list[tuple[dict[str, Any], Message]]:
    """What is stored of events, and the messages that hold it."""
    return [(json.loads(bytes(message.raw)), message) for message in Message.objects.filter(is_report=True)]


def test_a_mail_that_was_taken_apart(service, post: Post, db: None) -> None:
    service("postmark")
    assert post("/hooks/postmark/inbound/", postmark_mail()).status_code == 200

    message = Message.objects.get()
    assert (message.intake, message.is_report) == (Intake.WEBHOOK, False)
    assert (message.envelope_sender, message.recipients) == (
        "kari@example.com",
        ["stop+abc.def@in.example.com"],
    )
    raw = bytes(message.raw)
    assert b"Message-ID: <2@example.com>" in raw
    assert b"application/pdf" in raw
    assert b"Return-Path" not in raw, "what only the service says is not in the mail"

    assert post("/hooks/postmark/inbound/", postmark_mail()).status_code == 200
    assert Message.objects.get().state == message.state
    assert message.copies.count() == 0, "the same mail was put together in other bytes"


def test_a_mail_as_it_was_received(service, post: Post, db: None) -> None:
    service("postmark")
    text = LETTER.decode("ascii", errors="replace").replace("�", "e")
    assert post("/hooks/postmark/inbound/", postmark_mail(RawEmail=text)).status_code == 200
    assert bytes(Message.objects.get().raw) == text.encode()


def test_a_raw_mail_in_a_form_keeps_every_byte(service, post: Post, db: None) -> None:
    service("mailgun", webhook_signing_key="key-1")
    fields = [
        ("recipient", b"stop+abc.def@in.example.com,news@acme.example.com"),
        ("sender", b"bounces@example.com"),
        ("body-mime", LETTER + b"x" * 300_000),
        *signed_by_mailgun("key-1"),
    ]
    body, content_type = multipart(*fields)
    answer = post("/hooks/mailgun/inbound_mime/", body, content_type=content_type)
    assert (answer.status_code, answer.content) == (200, b"OK\n")

    message = Message.objects.get()
    assert bytes(message.raw) == LETTER + b"x" * 300_000
    assert message.envelope_sender == "bounces@example.com"
    assert message.recipients == ["stop+abc.def@in.example.com", "news@acme.example.com"]


def test_a_form_with_files(service, post: Post, db: None) -> None:
    service("mailgun", webhook_signing_key="key-1")
    headers = [["Message-Id", "<3@example.com>"], ["From", "Kari <kari@example.com>"], ["Subject", "Stopp"]]
    body, content_type = multipart(
        ("recipient", b"news@acme.example.com"),
        ("message-headers", json.dumps(headers).encode()),
        ("body-plain", "Ikke mer reklame, vær så snill.".encode()),
        ("attachment-count", b"1"),
        *signed_by_mailgun("key-1"),
        files=(("attachment-1", "brev.pdf", b"%PDF-1.4 \x00\xff\r\n"),),
    )
    assert post("/hooks/mailgun/inbound/", body, content_type=content_type).status_code == 200
    raw = bytes(Message.objects.get().raw)
    assert b"brev.pdf" in raw
    assert base64.b64encode(b"%PDF-1.4 \x00\xff\r\n") in raw or b"%PDF-1.4" in raw


def test_a_form_without_files(service, post: Post, db: None) -> None:
    service("mailgun", webhook_signing_key="key-1")
    fields = [("recipient", b"news@acme.example.com"), ("body-mime", LETTER[:60] + b"\r\n\r\nStopp")]
    body = urlencode([*fields, *signed_by_mailgun("key-1")])
    form = "application/x-www-form-urlencoded"
    assert post("/hooks/mailgun/inbound_mime/", body, content_type=form).status_code == 200
    assert bytes(Message.objects.get().raw) == LETTER[:60] + b"\r\n\r\nStopp"


def test_raw_mail_in_base64(service, post: Post, db: None) -> None:
    service("sparkpost")
    text = LETTER.replace(b"\xe6", b"a").replace(b"\xe5", b"a")
    relayed = {
        "content": {"email_rfc822": base64.b64encode(text).decode(), "email_rfc822_is_base64": True},
        "msg_from": "kari@example.com",
        "rcpt_to": "news@acme.example.com",
        "protocol": "smtp",
        "webhook_id": "4839201967643219",
    }
    assert post("/hooks/sparkpost/inbound/", [{"msys": {"relay_message": relayed}}]).status_code == 200
    assert bytes(Message.objects.get().raw) == text


def test_one_address_for_everything(service, post: Post, db: None) -> None:
    """Mandrill signs, and has one address for mails and for events."""
    service("mandrill", webhook_key="key-1", webhook_url="https://hooks@example.com/hooks/mandrill/tracking/")
    text = LETTER.decode("ascii", errors="replace").replace("�", "e")
    events = json.dumps([{"event": "inbound", "ts": 1, "msg": {"raw_msg": text, "email": "a@example.com"}}])
    signed = "https://hooks@example.com/hooks/mandrill/tracking/mandrill_events" + events
    signature = base64.b64encode(hmac.new(b"key-1", signed.encode(), hashlib.sha1).digest()).decode()
    headers = {"X-Mandrill-Signature": signature}
    body = urlencode({"mandrill_events": events})
    form = "application/x-www-form-urlencoded"

    assert post("/hooks/mandrill/tracking/", body, content_type=form, **headers).status_code == 200
    assert bytes(Message.objects.get().raw) == text.encode()
    headers = {"X-Mandrill-Signature": "x" + signature[1:]}
    assert post("/hooks/mandrill/tracking/", body, content_type=form, **headers).status_code == 400
    assert post("/hooks/mandrill/inbound/", body, content_type=form, **headers).status_code == 404


def test_a_bounce(service, post: Post, db: None) -> None:
    service("postmark")
    for _ in range(2):
        assert post("/hooks/postmark/tracking/", postmark_bounce()).status_code == 200
    message = Message.objects.get()
    assert message.is_report
    assert json.loads(bytes(message.raw)) == {
        "description": "The server was unable to deliver your message (ex: unknown user).",
        "esp": "postmark",
        "event_id": "4323372036854775807",
        "event_type": "bounced",
        "message_id": "883953f4-6105-42a2-a16a-77a8eac79483",
        "mta_response": "smtp;550 5.1.1 no such user",
        "permanent": True,
        "recipient": "ola@example.com",
        "reject_reason": "bounced",
        "timestamp": "2026-11-05T16:33:54Z",
    }


@pytest.mark.parametrize(
    ("changes", "kind", "permanent"),
    [
        ({"Type": "SoftBounce"}, "bounced", False),
        ({"Type": "Transient"}, "deferred", False),
        ({"Type": "BadEmailAddress"}, "rejected", True),
        ({"Type": "SpamNotification"}, "complained", None),
        ({"RecordType": "SpamComplaint", "Type": "SpamComplaint"}, "complained", None),
        (
            {
                "RecordType": "SubscriptionChange",
                "SuppressSending": True,
                "SuppressionReason": "ManualSuppression",
            },
            "unsubscribed",
            None,
        ),
    ],
)
def test_kinds_of_events(service, post: Post, db: None, changes, kind: str, permanent: bool | None) -> None:
    service("postmark")
    assert post("/hooks/postmark/tracking/", postmark_bounce(**changes)).status_code == 200
    report = json.loads(bytes(Message.objects.get().raw))
    assert (report["event_type"], report["permanent"]) == (kind, permanent)


@pytest.mark.parametrize("kind", ["Open", "Click", "Delivery"])
def test_who_opened_or_clicked_is_not_kept(service, post: Post, db: None, kind: str) -> None:
    service("postmark")
    event = {"RecordType": kind, "MessageID": "1", "Recipient": "ola@example.com"}
    assert post("/hooks/postmark/tracking/", event).status_code == 200
    assert Message.objects.count() == 0


def test_many_events_in_one_post(service, post: Post, db: None) -> None:
    service("mailjet")
    events = [
        mailjet_bounce(),
        mailjet_bounce(email="kari@example.com", hard_bounce=False, error="quota exceeded"),
        mailjet_bounce(event="open"),
        mailjet_bounce(event="unsub", email="per@example.com"),
        mailjet_bounce(),
    ]
    for _ in range(2):
        assert post("/hooks/mailjet/tracking/", events).status_code == 200
    assert sorted(
        (report["recipient"], report["event_type"], report["permanent"]) for report, _message in reports()
    ) == [
        ("kari@example.com", "bounced", False),
        ("ola@example.com", "bounced", True),
        ("per@example.com", "unsubscribed", None),
    ]


def test_half_a_post_is_not_stored(service, post: Post, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    service("mailjet")
    enqueue = handle_message.enqueue
    turns = iter(range(2))

    def lost_on_the_second(*, message: int) -> None:
        if next(turns) == 1:
            raise OperationalError
        enqueue(message=message)

    class Broken:
        enqueue = staticmethod(lost_on_the_second)

    monkeypatch.setattr(store, "handle_message", Broken)
    events = [mailjet_bounce(), mailjet_bounce(email="kari@example.com")]
    answer = post("/hooks/mailjet/tracking/", events)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "120")
    assert Message.objects.count() == 0


@pytest.mark.parametrize("malformed", [{"event": "bounce", "time": "yesterday"}, None, "bounce"])
def test_one_that_cannot_be_read_takes_none_with_it(service, post: Post, db: None, malformed: Any) -> None:
    service("mailjet")
    events = [mailjet_bounce(), malformed, mailjet_bounce(email="kari@example.com")]
    for _ in range(2):
        assert post("/hooks/mailjet/tracking/", events).status_code == 200

    read = {report["recipient"] for report, _message in reports() if "unread" not in report}
    assert read == {"ola@example.com", "kari@example.com"}
    ((unread, waiting),) = [found for found in reports() if "unread" in found[0]]
    assert unread == {"esp": "mailjet", "unread": [malformed]}

    handle_message.func(message=waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.hold) == (MessageState.WAITING, Hold.UNREADABLE)


def test_a_mail_that_is_none_takes_none_with_it(service, post: Post, db: None) -> None:
    service("brevo", api_key="key-1")
    mail = {"Headers": {"Message-ID": "<4@example.com>", "From": "kari@example.com"}, "RawTextBody": "Stopp"}
    assert post("/hooks/brevo/inbound/", {"items": [{"Headers": {}}, mail]}).status_code == 200
    stored = Message.objects.get(is_report=False)
    assert b"<4@example.com>" in bytes(stored.raw)
    ((unread, _message),) = reports()
    assert unread["unread"] == [{"Headers": {}}]


def test_where_none_can_be_read_the_service_hears_of_it(service, post: Post, db: None) -> None:
    service("mailjet")
    malformed = {"event": "bounce", "time": "yesterday"}
    assert post("/hooks/mailjet/tracking/", [malformed, malformed]).status_code == 400
    assert Message.objects.count() == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"RecordType": "Inbound"}',
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"RecordType": "Bounce", "Metadata": 1}',
        b"[" * 200_000,
    ],
)
def test_what_cannot_be_read(service, post: Post, db: None, body: bytes) -> None:
    service("postmark")
    for what in ("inbound", "tracking"):
        assert post(f"/hooks/postmark/{what}/", body).status_code == (400 if body else 411), what
    assert Message.objects.count() == 0


def test_the_wrong_one_of_our_addresses(service, post: Post, db: None) -> None:
    service("postmark")
    assert post("/hooks/postmark/inbound/", postmark_bounce()).status_code == 400
    assert post("/hooks/postmark/tracking/", postmark_mail()).status_code == 400
    assert Message.objects.count() == 0


@pytest.mark.parametrize("authorization", ["", "Basic aG9va3M6d3Jvbmc=", "Basic !", "Bearer hooks:pass:word"])
def test_whoever_does_not_know_the_secret(service, post: Post, db: None, authorization: str) -> None:
    service("postmark")
    answer = post("/hooks/postmark/tracking/", postmark_bounce(), Authorization=authorization)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="webhooks"')
    assert Message.objects.count() == 0


def test_a_wrong_signature(service, post: Post, db: None) -> None:
    service("mailgun", webhook_signing_key="key-1")
    body, content_type = multipart(("body-mime", LETTER), *signed_by_mailgun("another key"))
    assert post("/hooks/mailgun/inbound_mime/", body, content_type=content_type).status_code == 400
    assert Message.objects.count() == 0


@pytest.mark.parametrize(
    "address",
    [
        "/hooks/mailjet/tracking/",
        "/hooks/sendinblue/tracking/",
        "/hooks/postmark/other/",
        "/hooks/postmark/",
        "/hooks/",
        "/hooks/postmark/tracking",
    ],
)
def test_other_addresses_lead_nowhere(service, post: Post, address: str) -> None:
    service("postmark")
    assert post(address, mailjet_bounce()).status_code == 404


def test_without_a_secret_there_are_no_webhooks(service, settings, post: Post) -> None:
    service("postmark")
    settings.ESP_WEBHOOK_SECRET = ""
    assert post("/hooks/postmark/tracking/", postmark_bounce()).status_code == 404


def test_other_methods(service, client: Client) -> None:
    service("postmark")
    assert client.head("/hooks/postmark/tracking/").status_code == 200
    assert client.get("/hooks/postmark/tracking/").status_code == 405


def test_what_is_missing_is_said_in_the_log(service, post: Post, caplog: pytest.LogCaptureFixture) -> None:
    service("mailgun")
    assert post("/hooks/mailgun/tracking/", {}).status_code == 503
    assert "MAILGUN_WEBHOOK_SIGNING_KEY" in caplog.text


def test_what_has_to_be_fetched_is_asked_for_again(service, post: Post, db: None) -> None:
    """Brevo sends attachments on demand; its server is not there."""
    service("brevo", api_key="key-1", api_url="http://127.0.0.1:9/")
    mail = {
        "Uuid": ["1"],
        "Headers": {"Message-ID": "<4@example.com>", "From": "kari@example.com"},
        "RawTextBody": "Stopp",
        "Attachments": [{"Name": "a.pdf", "ContentType": "application/pdf", "DownloadToken": "t"}],
    }
    assert post("/hooks/brevo/inbound/", {"items": [mail]}).status_code == 503
    assert Message.objects.count() == 0
    assert post("/hooks/brevo/inbound/", {"items": [{**mail, "Attachments": []}]}).status_code == 200
    assert Message.objects.count() == 1


def test_headers_that_break_the_rules(service, post: Post, db: None) -> None:
    service("postmark")
    headers = [
        {"Name": "Message-ID", "Value": "<5@example.com"},
        {"Name": "X-Odd", "Value": "smørbrød " * 30 + "\udce6"},
        {"Name": "Received", "Value": "from [::1] (ø) by ø" * 30},
    ]
    answer = post("/hooks/postmark/inbound/", postmark_mail(Headers=headers))
    assert answer.status_code == 200
    assert b"<5@example.com" in bytes(Message.objects.get().raw)


def test_too_much(service, settings, post: Post, db: None) -> None:
    service("postmark")
    settings.MAIL_MAX_BYTES = 200_000
    # The post may be as large as that, the mail in it may not.
    answer = post("/hooks/postmark/inbound/", postmark_mail(RawEmail="Subject: x\r\n\r\n" + "x" * 200_000))
    assert answer.status_code == 413
    answer = post("/hooks/postmark/inbound/", postmark_mail(TextBody="x" * 600_000))
    assert (answer.status_code, answer.content) == (413, b"The body is too large.\n")
    assert Message.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_over_a_real_connection(live_server, service) -> None:
    service("postmark")
    address = f"{live_server.url}/hooks/postmark/inbound/"
    authorization = {"Authorization": AUTHORIZATION}
    raw = "Message-ID: <6@example.com>\r\n\r\n" + "0123456789" * 500_000
    answer = requests.post(address, json=postmark_mail(RawEmail=raw), headers=authorization, timeout=20)
    assert (answer.status_code, answer.text) == (200, "OK\n")
    assert Message.objects.get().size == len(raw)

    chunks = (piece for piece in [b"{", b"}"])
    assert requests.post(address, data=chunks, headers=authorization, timeout=20).status_code == 411
