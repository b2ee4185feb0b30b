"""How many requests a client has left in this minute, over all server processes together.

The count stands in the database. Each process reserves some requests at a time, so that most requests cost no query,
and what is reserved is never more than the limit. What a process does not use of its share is lost with the minute.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

# A share is a twentieth of the limit at most, and smaller the less is left, so that no process sits on the rest.
_SHARES = 20

# One clock for all processes: the database's.
_RESERVE = """
INSERT INTO preferences_apiallowance AS allowance (client_id, minute, used, granted)
VALUES (%(client)s, date_trunc('minute', clock_timestamp()), least(%(share)s, %(limit)s), least(%(share)s, %(limit)s))
ON CONFLICT (client_id) DO UPDATE SET
    (minute, used, granted) = (
        SELECT excluded.minute, taken.used + share.granted, share.granted
          FROM (SELECT CASE WHEN allowance.minute = excluded.minute THEN allowance.used ELSE 0 END AS used) AS taken,
               LATERAL (SELECT greatest(0, least(%(share)s, %(limit)s - taken.used,
                                                 greatest(1, (%(limit)s - taken.used) / 4))) AS granted) AS share)
RETURNING granted, used, 60 - extract(epoch FROM clock_timestamp() - minute)::float8
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """Whether a request is `granted`, the `limit` per minute, how many are sure to `remain`, and the seconds until all
    of them are there again (`reset`)."""

    granted: bool
    limit: int
    remaining: int
    reset: int


class _Share:
    """What one process has reserved for one client until `ends` (monotonic clock)."""

    __slots__ = ("beyond", "ends", "left", "lock")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.left = 0
        self.beyond = 0
        self.ends = 0.0


_shares: dict[int, _Share] = {}


def forget_shares() -> None:
    """Give up what is reserved: for tests, whose database is another one each time."""
    _shares.clear()


def take(*, client: int) -> Allowance:
    """Take one request of a client's (primary key) allowance of API_REQUESTS_PER_MINUTE. A query now and then."""
    limit = settings.API_REQUESTS_PER_MINUTE
    share = _shares.get(client) or _shares.setdefault(client, _Share())
    with share.lock:
        now = time.monotonic()
        if now >= share.ends or (share.left == 0 and share.beyond > 0):
            _reserve(share, client=client, limit=limit, now=now)
        granted = share.left > 0
        if granted:
            share.left -= 1
        return Allowance(
            granted=granted,
            limit=limit,
            remaining=share.left + share.beyond,
            reset=max(1, math.ceil(share.ends - now)),
        )


def _reserve(share: _Share, *, client: int, limit: int, now: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE, {"client": client, "share": max(1, limit // _SHARES), "limit": limit})
        granted, used, seconds_left = cursor.fetchone()
    share.left = granted
    share.beyond = max(0, limit - used)
    share.ends = now + max(0.0, seconds_left)
