"""Cookie consents as a file, in one stream straight from the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import F, Func, QuerySet, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast
from psycopg import ClientCursor, sql

from preferences.exports.audience import blocks
from preferences.models import CookieConsent

_UTC = 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'
# A spreadsheet takes a cell that begins so for a formula and runs it. Nothing else here can begin with such a letter.
_BEFORE_FORMULA = r"^(?=[-=+@\t\r\n])"


def _text(function: str, *arguments: Combinable) -> Func:
    return Func(*arguments, function=function, output_field=TextField())


def _harmless(column: str) -> Func:
    return _text("regexp_replace", F(column), Value(_BEFORE_FORMULA), Value("'"))


# The head of each column, and where it comes from.
COLUMNS: dict[str, Combinable] = {
    "id": F("pk"),
    "recorded_at": _text("to_char", _text("timezone", Value("UTC"), F("recorded_at")), Value(_UTC)),
    "site": _harmless("site__key"),
    "consent": F("consent"),
    "number": F("sequence"),
    "banner": F("banner_id"),
    "version": F("version"),
    "language": _harmless("language"),
    "action": F("action"),
    "categories": _text("array_to_string", F("categories"), Value(" ")),
    "gpc": Cast("gpc", TextField()),
    "wordings": _text("array_to_string", F("wordings"), Value(" ")),
}


def stream_cookie_consents(consents: QuerySet[CookieConsent]) -> Iterator[bytes]:
    """These consents as CSV (RFC 4180) in blocks of bytes: a head line, then a line for each, in their order.

    Times are in ISO 8601 and UTC; the categories granted and the hashes of the texts shown stand with spaces between
    them. Begins with a byte order mark, by which spreadsheets know the encoding. The memory taken does not grow with
    the number of consents. The connection is held until the end: close the iterator to end early, and keep it on the
    thread it was made on.
    """
    head = ("\ufeff" + ",".join(COLUMNS) + "\r\n").encode()
    try:
        query, parameters = consents.values_list(*COLUMNS.values()).query.sql_with_params()
    except EmptyResultSet:
        return iter([head])
    return _stream(query, parameters, head=head)


def _stream(query: str, parameters: tuple[object, ...], *, head: bytes) -> Iterator[bytes]:
    # psycopg's own cursor, whose errors Django does not see by itself.
    with (
        transaction.atomic(),
        connection.wrap_database_errors,
        closing(ClientCursor(connection.connection)) as cursor,
    ):
        asked = sql.SQL(cursor.mogrify(query, parameters))
        with cursor.copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(asked)) as rows:
            # PostgreSQL ends a line as Unix does; a row is one piece of COPY data.
            yield from blocks((bytes(row)[:-1] + b"\r\n" for row in rows), head=head)
