"""Read what our own mail server found out about the sender of a message (RFC 8601)."""

from __future__ import annotations

import re

from preferences.inbox.decode_text import clean_text, decode_header
from preferences.inbox.split_mime import Part

_COMMENT = re.compile(r"\([^()]*\)")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_RESULT = re.compile(r"\s*([a-z-]{2,20})\s*(?:/\s*\d+\s*)?=\s*([a-z]{2,20})\b(.*)", re.IGNORECASE | re.DOTALL)
_SIGNED_BY = re.compile(r"\bheader\.(?:d|i)\s*=\s*(?:[^@\s;]*@)?([^\s;@]+)", re.IGNORECASE)
_METHODS = ("dkim", "spf", "dmarc")
_LONGEST = 8_000


def read_evidence(message: Part, *, authserv_id: str, sender: str) -> dict[str, str]:
    """{"dkim": "pass", "spf": "fail", "dmarc": "none", "from_domain": "example.com"}, as far as it is known.

    Only the topmost Authentication-Results by `authserv_id` counts: the server of that name has to remove those that
    others put into a message under its name. Received-SPF counts directly above or below it. A signature counts for
    the domain of `sender`, or one above or below it; another domain's says nothing about who wrote.
    """
    domain = sender.rpartition("@")[2]
    if not authserv_id:
        return {}
    for at, (name, value) in enumerate(message.headers):
        if name != "authentication-results":
            continue
        server, results = _parse(value)
        if server != authserv_id.lower():
            continue
        evidence = _evidence(results, domain=domain)
        if "spf" not in evidence and (spf := _received_spf(message, beside=at)):
            evidence["spf"] = spf
        return {**evidence, "from_domain": domain} if domain else evidence
    return {}


def _parse(value: bytes) -> tuple[str, list[str]]:
    """The name of the server, and what stands between the semicolons behind it."""
    text = clean_text(decode_header(value[:_LONGEST]))
    server, _semicolon, rest = _without_comments(text).partition(";")
    words = server.replace('"', " ").split()
    return (words[0].lower() if words else ""), _QUOTED.sub('""', rest).split(";")


def _without_comments(text: str) -> str:
    # What stands in quotation marks may hold brackets and semicolons that mean nothing.
    text = _QUOTED.sub(lambda match: re.sub(r"[();]", "_", match[0]), text)
    for _depth in range(10):
        text, count = _COMMENT.subn(" ", text)
        if not count:
            break
    return text


def _evidence(results: list[str], *, domain: str) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for result in results:
        match = _RESULT.match(result)
        if match is None or match[1].lower() not in _METHODS:
            continue
        method, outcome = match[1].lower(), match[2].lower()
        signer = _SIGNED_BY.search(match[3])
        if method == "dkim" and signer and domain and not _akin(signer[1].lower().rstrip("."), domain):
            outcome = "none"
        found.setdefault(method, []).append(outcome)
    return {method: min(outcomes, key=_best_first) for method, outcomes in found.items()}


def _best_first(outcome: str) -> int:
    """A message may be signed more than once; one good signature is enough."""
    return {"pass": 0, "fail": 1, "none": 3}.get(outcome, 2)


def _akin(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _received_spf(message: Part, *, beside: int) -> str:
    for at in (beside - 1, beside + 1):
        if 0 <= at < len(message.headers) and message.headers[at][0] == "received-spf":
            words = decode_header(message.headers[at][1][:100]).lower().split()
            return re.sub(r"[^a-z]", "", words[0])[:20] if words else ""
    return ""
