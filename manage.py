#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

# The exit statuses of `receive_mail` (sysexits.h): stored, a wrong command line, no message to be stored, try again.
PIPE_STATUSES = {0, 64, 65, 75}
TRY_AGAIN = 75


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["receive_mail"]:
        receive_mail()
    else:
        execute()


def receive_mail() -> None:
    """Run the command, and end with TRY_AGAIN also where it is not even reached: with wrong settings, or half deployed.

    On a status that a mail server does not know it sends the message back to its author.
    """
    try:
        execute()
    except SystemExit as ended:
        if (ended.code or 0) not in PIPE_STATUSES:
            sys.exit(TRY_AGAIN)
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the mail server has to try again
        # Not in its own words, which may hold a password of the settings: the author of the message may see them.
        sys.stderr.write(
            f"Not stored, try again later: {type(error).__name__}. `manage.py check` says more.\n"
        )
        sys.exit(TRY_AGAIN)


def execute() -> None:
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
