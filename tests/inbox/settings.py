"""The settings of the tests for a process that a test starts: on the test's own database, TEST_DATABASE.

TEST_MAIL_MAX_BYTES and TEST_LOG_LEVEL stand for the variables that tests.environment takes out.
"""

import os

import tests.environment  # noqa: F401 - before config.settings reads the environment
from config.settings import LOGGING as REAL_LOGGING
from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, MAIL_MAX_BYTES

DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
MAIL_MAX_BYTES = int(os.environ.get("TEST_MAIL_MAX_BYTES", MAIL_MAX_BYTES))
# What a process logs is looked at.
LOGGING = {
    **REAL_LOGGING,
    "root": {"handlers": ["stderr"], "level": os.environ.get("TEST_LOG_LEVEL", "INFO")},
}
