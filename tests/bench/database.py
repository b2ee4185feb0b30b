"""Databases of the benchmark's own, on the PostgreSQL the settings name."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


def create_database(name: str) -> None:
    """Make a database anew and empty. `name` is one of ours."""
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {name}")


@contextmanager
def connected_to(name: str) -> Iterator[None]:
    """Let Django's default connection be one to another database."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.close_pool()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.close_pool()
        connection.settings_dict["NAME"] = before


def described() -> str:
    """The server in words, with what decides how fast a commit is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')"
        )
        version, fsync, synchronous_commit = cursor.fetchone()
    number = version.split()[0]
    return f"{connection.display_name} {number}, fsync {fsync}, synchronous_commit {synchronous_commit}"
