"""Our mails through an e-mail service, whose server stands on this machine."""

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from config.settings import mail_service
from preferences.enums import MailKind
from preferences.mail.compose import Draft
from preferences.mail.deliver import deliver
from preferences.models import Brand, Mail, MailAttempt

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)
ADDRESS = "kari@example.com"
INACTIVE = (
    "You tried to send to a recipient that has been marked as inactive. "
    f"Found inactive addresses: {ADDRESS}. "
    "Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a manual suppression."
)


class Service:
    """The API of e-mail services. `answers` are what it says, one after the other: (status, body)."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self._answers = list(answers)
        self.received: list[tuple[str, Any, Any]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.received.append((self.path, self.headers, body))
                status, answer = service._answers.pop(0)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

            def log_message(self, *arguments: Any) -> None:
                """Between the results of the tests nobody wants it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


@pytest.fixture
def service(settings) -> Iterator[Callable[..., Service]]:
    """Starts a service that our mails go through from then on."""
    services: list[Service] = []

    def service(name: str, *answers: tuple[int, Any], **options: str) -> Service:
        services.append(Service(*answers))
        told = json.dumps({"api_url": services[-1].url, **options})
        settings.ANYMAIL = mail_service(name, options=told, secret="")
        settings.MAILERS = {"default": {"BACKEND": f"anymail.backends.{name}.EmailBackend"}}
        return services[-1]

    yield service
    for one in services:
        one.close()


def draft(brand: Brand | None = None) -> Draft:
    return Draft(
        kind=MailKind.LINK,
        address=ADDRESS,
        languages=("en",),
        brand=brand,
        context=lambda link: {"manage_url": link(lambda: "https://example.com/p/secret/"), "days": 30},
    )


def attempts() -> list[tuple[str, str]]:
    return list(MailAttempt.objects.order_by("pk").values_list("outcome", "detail"))


def test_postmark(service, acme: Brand) -> None:
    accepted = {"To": ADDRESS, "SubmittedAt": "2026-05-03T12:00:00Z", "MessageID": "b7bc2f4a-e38e-4336"}
    server = service("postmark", (200, {**accepted, "ErrorCode": 0, "Message": "OK"}), server_token="t-1")
    assert deliver(draft(acme), now=NOW).sent
    (path, headers, body), *rest = server.received
    assert (path, headers["X-Postmark-Server-Token"], rest) == ("/email", "t-1", [])
    sent = json.loads(body)
    assert (sent["From"], sent["To"]) == (f"{acme.sender_name} <{acme.sender_email}>", ADDRESS)
    assert "https://example.com/p/secret/" in sent["TextBody"]
    assert "https://example.com/p/secret/" in sent["HtmlBody"]
    assert {"Name": "Auto-Submitted", "Value": "auto-replied"} in sent["Headers"]
    assert attempts() == [("sent", "")]
    assert Mail.objects.get().message_id == "b7bc2f4a-e38e-4336", "its bounces name this one"


def test_mailgun(service) -> None:
    server = service(
        "mailgun",
        (200, {"id": "<20260503.1@mg.example.com>", "message": "Queued. Thank you."}),
        api_key="k-1",
        sender_domain="mg.example.com",
    )
    assert deliver(draft(), now=NOW).sent
    path, _headers, body = server.received[0]
    assert path == "/mg.example.com/messages"
    assert b"auto-replied" in body
    assert Mail.objects.get().message_id == "<20260503.1@mg.example.com>"


@pytest.mark.parametrize(
    ("status", "answer", "again", "detail"),
    [
        (503, b"busy", True, "AnymailRequestsAPIError 503"),
        (500, {"ErrorCode": 100, "Message": "Maintenance"}, True, "AnymailRequestsAPIError 500"),
        (429, b"", True, "AnymailRequestsAPIError 429"),
        (401, {"ErrorCode": 10, "Message": "Bad or missing token"}, True, "AnymailRequestsAPIError 401"),
        (
            422,
            {"ErrorCode": 402, "Message": f"Invalid JSON for {ADDRESS}"},
            False,
            "AnymailRequestsAPIError 422",
        ),
        (
            422,
            {"ErrorCode": 406, "Message": INACTIVE},
            False,
            "AnymailRecipientsRefused",
        ),
        (200, b"<html>Welcome", False, "AnymailRequestsAPIError 200"),
    ],
)
def test_answers_of_postmark(service, status: int, answer: Any, again: bool, detail: str) -> None:
    service("postmark", (status, answer), server_token="t-1")
    delivery = deliver(draft(), now=NOW)
    assert (delivery.sent, delivery.again_after is not None) == (False, again)
    assert attempts() == [("put_off" if again else "given_up", detail)]


def test_a_service_that_is_not_there(service) -> None:
    service("postmark", server_token="t-1").close()
    first = deliver(draft(), now=NOW)
    assert (first.sent, first.again_after) == (False, dt.timedelta(minutes=1))
    assert attempts() == [("put_off", "AnymailRequestsAPIError ConnectionError")]


def test_a_mail_that_was_put_off_goes_out_later(service) -> None:
    accepted = {"To": ADDRESS, "MessageID": "1", "ErrorCode": 0, "Message": "OK"}
    server = service("postmark", (503, b""), (200, accepted), server_token="t-1")
    first = deliver(draft(), now=NOW)
    assert deliver(draft(), mail=first.mail, now=NOW).sent
    assert len(server.received) == 2
    assert attempts() == [("put_off", "AnymailRequestsAPIError 503"), ("sent", "")]
