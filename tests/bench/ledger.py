"""`ledger.record` beside the same statements sent by psycopg alone."""


def measure(connection): ...
