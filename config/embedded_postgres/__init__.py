"""A database engine that brings its own PostgreSQL, for the demo and the tests.

ENGINE "config.embedded_postgres" with HOST naming the data folder. The server comes from a wheel (dependency
group "embedded"), starts on the first connection of any process and stops with the last process that used it.
Everything else is Django's PostgreSQL engine.
"""
