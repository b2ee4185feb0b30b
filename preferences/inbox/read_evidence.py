"""Read what our own mail server found out about the sender of a message (RFC 8601)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from preferences.inbox.decode_text import clean_text, decode_header
from preferences.inbox.split_mime import Part

_COMMENT = re.compile(r"\([^()]*\)")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.){0,250}"')
_RESULT = re.compile(r"\s*([a-z-]{2,20})\s*(?:/\s*\d+\s*)?=\s*([a-z]{2,20})\b(.*)", re.IGNORECASE | re.DOTALL)
_SIGNED_BY = re.compile(r"\bheader\.(?:d|i)\s*=\s*(?:[^@\s;]{0,64}@)?([^\s;@]{1,255})", re.IGNORECASE)
_METHODS = ("dkim", "spf", "dmarc")
_LONGEST = 8_000
# How much each outcome speaks for the sender, the best first; any other stands between none and fail.
_RANKS = {"pass": 0, "none": 1, "fail": 3, "hardfail": 3, "permerror": 3}
_OTHER_RANK = 2
# More headers than our own server ever writes.
_MOST_HEADERS = 20


def read_evidence(message: Part, *, authserv_id: str, sender: str) -> dict[str, str]:
    """{"dkim": "pass", "spf": "fail", "dmarc": "none", "from_domain": "example.com"}, as far as it is known.

    Only the topmost Authentication-Results by `authserv_id` counts, with those of the same name directly below it, for
    each check may write its own: the worst of them holds. The server of that name has to remove those that others put
    into a message under its name. Received-SPF counts directly above or below them. A signature counts for the domain
    of `sender`, or one above or below it; another domain's, or one that names none, says nothing about who wrote.
    """
    domain = sender.rpartition("@")[2]
    if not authserv_id:
        return {}
    found: dict[str, str] = {}
    first = last = -1
    for at, results in _by_server(message, authserv_id.lower()):
        if first < 0:
            first = at
        elif any(name != "received-spf" for name, _value in message.headers[last + 1 : at]):
            break
        last = at
        for method, outcome in _evidence(results, domain=domain).items():
            found[method] = max(found.get(method, outcome), outcome, key=_rank)
    if first < 0:
        return {}
    if "spf" not in found and (spf := _received_spf(message, beside=(first - 1, last + 1))):
        found["spf"] = spf
    return {**found, "from_domain": domain} if domain else found


def _by_server(message: Part, name: str) -> Iterator[tuple[int, list[str]]]:
    """The Authentication-Results of a server, each with its place among the headers."""
    headers = [
        at for at, (header, _value) in enumerate(message.headers) if header == "authentication-results"
    ]
    for at in headers[:_MOST_HEADERS]:
        server, results = _parse(message.headers[at][1])
        if server == name:
            yield at, results


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
        if method == "dkim" and not (signer and _akin(signer[1].lower().rstrip("."), domain)):
            outcome = "none" if signer or outcome == "pass" else outcome
        found.setdefault(method, []).append(outcome)
    # A message may be signed more than once; one good signature is enough.
    return {method: min(outcomes, key=_rank) for method, outcomes in found.items()}


def _rank(outcome: str) -> int:
    return _RANKS.get(outcome, _OTHER_RANK)


def _akin(one: str, other: str) -> bool:
    return bool(other) and (one == other or one.endswith(f".{other}") or other.endswith(f".{one}"))


def _received_spf(message: Part, *, beside: tuple[int, int]) -> str:
    for at in beside:
        if 0 <= at < len(message.headers) and message.headers[at][0] == "received-spf":
            words = decode_header(message.headers[at][1][:100]).lower().split()
            return re.sub(r"[^a-z]", "", words[0])[:20] if words else ""
    return ""
