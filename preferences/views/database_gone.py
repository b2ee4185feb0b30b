"""What to answer while the database does not."""

from __future__ import annotations

from django.db import InterfaceError, InternalError, OperationalError

# A database that is lost, restarting, overloaded or read-only for a while. The other errors of a database are
# mistakes of ours, which do not pass by themselves.
DATABASE_GONE = (OperationalError, InterfaceError, InternalError)
# After this many seconds whoever could not be answered may try again.
RETRY_AFTER = 120
