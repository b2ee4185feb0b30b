"""The project's settings, with what only makes tests slow taken out."""

import tests.environment  # noqa: F401 - before config.settings reads the environment
from config.settings import *  # noqa: F403
from config.settings import DATABASES, LOGGING

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True

if DATABASES["default"]["ENGINE"] == "config.embedded_postgres":
    # Nothing in this data folder is worth surviving a power cut.
    DATABASES["default"]["OPTIONS"]["server"] = {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
    }

# Tests that ask what is logged say so; the others print no log lines between their results.
LOGGING = {**LOGGING, "handlers": {"stderr": {"class": "logging.NullHandler"}}}

# Tests sign staff in directly, without a session's second factor; tests/accounts/test_staff.py asks for it.
STAFF_MFA_REQUIRED = False
