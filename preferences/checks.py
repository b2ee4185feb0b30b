"""System checks: what must hold before the site is let loose, with a hint for each that does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from preferences.enums import ContactKind, Source
from preferences.identity import address_hash
from preferences.imports.rules import rules_in_tables
from preferences.ledger.policy import WIDENING
from preferences.models import ContactPoint, PublishedRules, WordingTemplate
from preferences.models.wording import WordingKey
from preferences.rules import read

_AT_LEAST_ONE = (
    "MANAGE_LINK_DAYS",
    "UNDO_DAYS",
    "LINK_CAP_PER_MAILBOX",
    "LINK_CAP_PER_CLIENT",
    "CONFIRM_DAYS",
    "CONFIRM_COOLDOWN_MINUTES",
    "REGISTER_SCREENING_DAYS",
)
_APPEND_ONLY = (
    "preferences_event",
    "preferences_merge",
    "preferences_publishedrules",
    "preferences_wording",
)


@register
def check_widening(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Every source has an entry that says what lets it start things."""
    return [
        Error(
            f"The source {source.value} has no entry in preferences/ledger/policy.py.",
            hint="Say what lets it turn things on; Widening.NEVER is the safe answer.",
            id="preferences.E001",
        )
        for source in Source
        if source not in WIDENING
    ]


@register
def check_numbers(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Days and caps are at least one, and the number of proxies is not negative."""
    limits = [*((name, 1) for name in _AT_LEAST_ONE), ("TRUSTED_PROXIES", 0)]
    return [
        Error(
            f"{name} is {getattr(settings, name)}; it has to be at least {least}.",
            hint="See the table of settings in docs/deployment.md.",
            id="preferences.E002",
        )
        for name, least in limits
        if getattr(settings, name) < least
    ]


@register
def check_rules(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The shipped rules can be loaded. An install may edit the files; a slip would otherwise come to light late."""
    found: list[CheckMessage] = []
    files: list[tuple[Path, Callable[[bytes], object]]] = [
        (read.MARKETING_FILE, read.read_marketing_rules),
        (read.PROFILING_FILE, read.read_profiling_rules),
    ]
    for file, reader in files:
        try:
            reader(file.read_bytes())
        except read.RulesInvalid as error:
            found += [
                Error(
                    f"{file.name}: {problem}",
                    hint="preferences/rules/marketing_rules.md explains the columns.",
                    id="preferences.E003",
                )
                for problem in error.problems
            ]
    return found


@register(deploy=True)
def check_production(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What is right for the demo and wrong where others reach the site."""
    found: list[CheckMessage] = []
    if settings.DEMO:
        found.append(
            Error("DEMO is on: accounts with known passwords would be let in.", id="preferences.E005")
        )
    if urlsplit(settings.BASE_URL).scheme != "https":
        found.append(
            checks.Warning(
                f"BASE_URL is {settings.BASE_URL}: links would travel in the clear.",
                hint="Mail programs show their unsubscribe button for https only (RFC 8058).",
                id="preferences.W001",
            )
        )
    if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        found.append(
            checks.Warning(
                "DATABASE_URL is not set: the embedded PostgreSQL is for the demo.", id="preferences.W002"
            )
        )
    return found


@register(Tags.database, deploy=True)
def check_address_key(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """`check --deploy --database default`: the hashes on record were made with the ADDRESS_KEY there is now."""
    if not databases:
        return []
    points = ContactPoint.objects.order_by("-pk")[:5]
    if all(
        bytes(point.address_hash) == address_hash(kind=ContactKind(point.kind), normalized=point.normalized)
        for point in points
    ):
        return []
    return [
        Error(
            "ADDRESS_KEY is not the key that addresses on record were hashed with: suppressed ones would not be found.",
            hint="Set it to the SECRET_KEY of the time when the first address was added.",
            id="preferences.E009",
        )
    ]


@register(Tags.database, deploy=True)
def check_published_rules(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """`check --deploy --database default`: decisions go by the rules staff see."""
    if not databases:
        return []
    newest = PublishedRules.objects.order_by("-pk").values_list("version", flat=True).first()
    if newest is None:
        return [
            Error(
                "No national rules are in force: everything needs confirmed consent.",
                hint="Run manage.py load_rules.",
                id="preferences.E004",
            )
        ]
    if newest != rules_in_tables().version:
        return [
            Error(
                "The rules in the tables are not those in force: something wrote them without publishing.",
                hint="Run manage.py load_rules, which publishes what the tables say.",
                id="preferences.E008",
            )
        ]
    return []


@register(Tags.database, deploy=True)
def check_history(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """`check --deploy --database default`: the history is guarded, and there are words for every page."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        with connections[alias].cursor() as cursor:
            for table in _APPEND_ONLY:
                cursor.execute(
                    "SELECT has_table_privilege(%s, 'UPDATE, DELETE, TRUNCATE'),"
                    " EXISTS (SELECT FROM pg_trigger WHERE tgrelid = %s::regclass"
                    " AND tgname = 'append_only' AND tgenabled = 'O')",
                    [table, table],
                )
                may_rewrite, guarded = cursor.fetchone()
                if may_rewrite:
                    found.append(
                        checks.Warning(
                            f"This database role may change {table}; only the trigger stops it.",
                            hint="Sign in with a role that has what docs/web_role.sql grants.",
                            id="preferences.W003",
                        )
                    )
                if not guarded:
                    found.append(
                        Error(f"The append-only trigger of {table} is missing.", id="preferences.E006")
                    )
        missing = set(WordingKey.values) - set(
            WordingTemplate.objects.using(alias).values_list("key", flat=True)
        )
        found += [
            Error(f"There is no wording template for {key}.", id="preferences.E007")
            for key in sorted(missing)
        ]
    return found
