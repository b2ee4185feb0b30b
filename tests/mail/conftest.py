"""What the tests of the mails have in common with the journeys."""

from tests.journeys.conftest import worker

__all__ = ["worker"]
