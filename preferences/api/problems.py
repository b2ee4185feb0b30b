"""What goes wrong, as RFC 9457 has it said: application/problem+json with a code for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse

MEDIA_TYPE = "application/problem+json"
# Each code leads to its row on the page that documents the API.
_TYPE = "/api/v1/docs#{code}"

# code → status, title. The title says what the matter is, the same each time; `detail` is about one request.
PROBLEMS: Mapping[str, tuple[int, str]] = {
    "bad_request": (400, "The request cannot be read."),
    "body_not_json": (400, "The body is not JSON."),
    "body_not_utf8": (400, "The body is not UTF-8."),
    "body_incomplete": (400, "The body ended before its length was reached."),
    "token_missing": (401, "No access token was sent."),
    "token_invalid": (401, "The access token is unknown, expired or withdrawn."),
    "insufficient_scope": (403, "The access token lacks the scope this takes."),
    "brand_forbidden": (403, "The client may not ask or tell about this brand."),
    "not_found": (404, "There is nothing at this address."),
    "recipient_unknown": (404, "There is no such recipient."),
    "recipient_erased": (404, "The data of this recipient was erased."),
    "method_not_allowed": (405, "This address does not take this method."),
    "not_acceptable": (406, "The answer does not come in a format that is accepted."),
    "length_required": (411, "The length of the body was not sent."),
    "body_too_large": (413, "The body is too large."),
    "media_type_unsupported": (415, "The body is of a type that is not read here."),
    "invalid": (422, "The request does not hold what it must."),
    "address_invalid": (422, "This is not an address of the kind it is said to be."),
    "purpose_unknown": (422, "There is no such topic or profiling purpose."),
    "purpose_retired": (422, "Nothing is sent about this any more."),
    "channel_not_offered": (422, "The topic is not offered on this channel."),
    "idempotency_key_invalid": (422, "An idempotency key has 1 to 200 visible ASCII characters."),
    "idempotency_key_reused": (422, "This idempotency key was used for another request."),
    "too_many_requests": (429, "The client has used up its requests of this minute."),
    "busy": (429, "As many audiences as may be are being made just now."),
    "failed": (500, "This failed, and was noted."),
    "try_again": (503, "This could not be answered now; try again later."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with the request: where (`body.people.3.email`, `line 12`) and what."""

    location: str
    code: str
    message: str


class Problem(Exception):
    """The request cannot be answered as asked. `code` is a key of PROBLEMS; nothing in it quotes what was sent."""

    def __init__(
        self,
        code: str,
        *,
        detail: str = "",
        faults: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.code = code
        self.status, self.title = PROBLEMS[code]
        self.detail = detail or self.title
        self.faults = tuple(faults)
        self.headers = dict(headers or {})
        super().__init__(code)

    def answer(self) -> HttpResponse:
        """The problem as a response."""
        body: dict[str, Any] = {
            "type": _TYPE.format(code=self.code),
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.faults:
            body["errors"] = [
                {"location": fault.location, "code": fault.code, "message": fault.message}
                for fault in self.faults
            ]
        return HttpResponse(
            json.dumps(body),
            status=self.status,
            content_type=MEDIA_TYPE,
            headers={"Cache-Control": "no-store", **self.headers},
        )
