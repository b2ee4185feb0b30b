"""The settings as a process sees them that starts with some environment."""

import itertools
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

PRODUCTION = {
    "SECRET_KEY": "kTz7qV0w-mXr3Yb9Ns5Lc1Pd8Gf6Hj2AeUiOoRtWzXyBnM4Q-9s1x",
    "ALLOWED_HOSTS": "preferences.example.com",
    "BASE_URL": "https://preferences.example.com",
    "DATABASE_URL": "postgres://web:secret@127.0.0.1:1/preferences",
    "EMAIL_URL": "smtp+tls://mail:secret@mail.example.com:587",
    "TRUSTED_PROXIES": "1",
}


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py with nothing in the environment but what is given."""
    bare = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "VAR_DIR": os.environ["VAR_DIR"]}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**bare, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def value(expression: str, **environment: str) -> str:
    """What an expression about the settings gives under an environment."""
    code = f"from django.conf import settings; print({expression})"
    result = manage("shell", "--no-imports", "--verbosity", "0", "--command", code, **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_deployment_checks_find_nothing_in_production() -> None:
    result = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "BASE_URL"])
def test_production_does_not_start_without(name: str) -> None:
    result = manage("check", **{key: text for key, text in PRODUCTION.items() if key != name})
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        f"django.core.exceptions.ImproperlyConfigured: {name} is not set. Set it in the environment or in .env "
        "(see .env.example), or set DEMO=1."
    )


def test_base_url_with_a_path_is_refused() -> None:
    result = manage("check", **{**PRODUCTION, "BASE_URL": "https://example.com/preferences"})
    assert "BASE_URL must look like https://preferences.example.com" in result.stderr


def test_https_follows_base_url() -> None:
    names = ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS"]
    expression = "[" + ", ".join(f"settings.{name}" for name in names) + "]"
    assert value(expression, **PRODUCTION) == "[True, True, True, 31536000]"
    assert value(expression, DEMO="1") == "[False, False, False, 0]"


def test_the_demo_keeps_its_secret_key(tmp_path: Path) -> None:
    first = value("settings.SECRET_KEY", DEMO="1", VAR_DIR=str(tmp_path))
    assert len(first) == 50
    assert value("settings.SECRET_KEY", DEMO="1", VAR_DIR=str(tmp_path)) == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_staff_need_a_second_factor_unless_told_otherwise() -> None:
    assert value("settings.STAFF_MFA_REQUIRED", **PRODUCTION) == "True"
    assert value("settings.STAFF_MFA_REQUIRED", DEMO="1") == "False"


def test_mail_goes_where_the_url_says() -> None:
    assert value("settings.MAILERS['default']['OPTIONS']", **PRODUCTION) == (
        "{'host': 'mail.example.com', 'port': 587, 'username': 'mail', 'password': 'secret', "
        "'use_tls': True, 'timeout': 20}"
    )
    assert value("settings.MAILERS['default']['BACKEND']", DEMO="1").endswith("filebased.EmailBackend")


SERVICE = {**PRODUCTION, "EMAIL_URL": "", "ESP": "postmark", "ESP_OPTIONS": '{"server_token": "t-1"}'}


def test_mail_goes_through_a_service() -> None:
    assert value("settings.MAILERS['default']['BACKEND']", **SERVICE) == (
        "anymail.backends.postmark.EmailBackend"
    )
    read = "__import__('django.core.mail', fromlist=['mailers']).mailers.default.server_token"
    assert value(read, **SERVICE) == "t-1"
    result = manage("check", "--deploy", "--fail-level", "WARNING", **SERVICE)
    assert (result.returncode, result.stderr) == (0, "")


def test_every_service_is_one_that_anymail_sends_through() -> None:
    from anymail import backends

    from config.settings import ESPS

    of_no_service = {"base", "base_requests", "console", "test"}
    formerly_brevo = {"sendinblue"}
    known = {module.name for module in pkgutil.iter_modules(backends.__path__)}
    assert set(ESPS) == known - of_no_service - formerly_brevo


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"EMAIL_URL": "smtp://mail.example.com"},
            "ESP and EMAIL_URL are both set. Our mails go one way: leave one of them empty.",
        ),
        ({"ESP": "postmarc"}, "ESP is 'postmarc'. Known are amazon_ses, brevo, "),
        ({"ESP": ""}, "ESP_OPTIONS or ESP_WEBHOOK_SECRET is set, and ESP is not."),
        ({"ESP_OPTIONS": "{server_token}"}, "ESP_OPTIONS is not JSON: Expecting property name"),
        ({"ESP_OPTIONS": '"t-1"'}, 'ESP_OPTIONS must look like {"server_token": "..."}.'),
        ({"ESP_WEBHOOK_SECRET": "secret"}, "ESP_WEBHOOK_SECRET must look like user:password."),
        ({"ESP_WEBHOOK_SECRET": "user:"}, "ESP_WEBHOOK_SECRET must look like user:password."),
    ],
)
def test_what_is_wrong_about_a_service_is_said(changes: dict[str, str], problem: str) -> None:
    result = manage("check", **{**SERVICE, **changes})
    assert result.returncode == 1
    assert f"ImproperlyConfigured: {problem}" in result.stderr.splitlines()[-1]


def test_what_a_service_lacks_is_said() -> None:
    result = manage("check", **{**SERVICE, "ESP_OPTIONS": ""})
    assert result.returncode == 1
    assert "(preferences.E013) The e-mail service postmark cannot be used:" in result.stderr
    assert "server_token" in result.stderr


def test_a_mailbox_that_cannot_be_polled_is_said() -> None:
    result = manage("check", **{**PRODUCTION, "IMAP_URL": "imap://user:pass-word@mail.example.com"})
    assert "(preferences.E014) With imap:// the password would travel in the clear" in result.stderr
    assert "pass-word" not in result.stderr


def test_a_lost_database_is_noticed_within_seconds() -> None:
    assert value("settings.DATABASES['default']['OPTIONS']['pool']['timeout']", **PRODUCTION) == "3"


def test_the_example_names_every_setting() -> None:
    source = (ROOT / "config" / "settings.py").read_text()
    read = set(re.findall(r"""(?:env\.\w+|required)\(\s*"([A-Z_]+)\"""", source))
    example = (ROOT / ".env.example").read_text().splitlines()
    named = [line.split("=")[0] for line in example if line and not line.startswith("#")]
    assert sorted(named) == sorted(read)
    for above, line in itertools.pairwise(example):
        assert line.startswith("#") or not line or above.startswith("# "), f"{line} has no comment above it"
