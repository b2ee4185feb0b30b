"""What Django loads for ENGINE = "config.embedded_postgres"."""

from pathlib import Path
from typing import Any

import psycopg
from django.db import OperationalError
from django.db.backends.base.creation import TEST_DATABASE_PREFIX
from django.db.backends.postgresql import base

from config.embedded_postgres import server


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's PostgreSQL, with the server started where it is not running yet.

    Settings: HOST is the data folder; OPTIONS["server"] may hold PostgreSQL settings for the server, which
    count when this process is the one that starts it.
    """

    display_name = "PostgreSQL (embedded)"

    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        server_settings = params.pop("server", {})
        try:
            socket_folder = server.ensure_running(
                folder=Path(self.settings_dict["HOST"]), server_settings=server_settings
            )
        except server.CannotStartError as error:
            raise OperationalError(str(error)) from error
        return {**params, "host": str(socket_folder), "user": server.SUPERUSER, "connect_timeout": 10}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        try:
            return super().get_new_connection(conn_params)
        except psycopg.OperationalError:
            # The first connection ever, or a server that was killed since this process last looked.
            server.forget()
            conn_params = self.get_connection_params()
            name = conn_params["dbname"]
            # Django makes the databases of a test run itself.
            if not name.startswith(TEST_DATABASE_PREFIX):
                server.create_database(host=conn_params["host"], name=name)
        return super().get_new_connection(conn_params)
