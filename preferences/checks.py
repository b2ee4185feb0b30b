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
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import mailers
from django.db import connections

from preferences.cookies.read_words import WORDS_FILE, read_words
from preferences.enums import ContactKind, Source
from preferences.identity import AddressInvalid, address_hash, normalize_address
from preferences.imports.rules import rules_in_tables
from preferences.inbox.mailbox import MailboxInvalid, read_mailbox_url
from preferences.inbox.read_phrases import PHRASES_FILE, read_phrases
from preferences.inbox.read_quotes import QUOTES_FILE, read_quotes
from preferences.ledger.policy import WIDENING
from preferences.models import ContactPoint, PublishedRules, WordingTemplate
from preferences.models.wording import WordingKey
from preferences.rules import deadlines, read, retention

_AT_LEAST_ONE = (
    "MANAGE_LINK_DAYS",
    "UNDO_DAYS",
    "LINK_CAP_PER_MAILBOX",
    "LINK_CAP_PER_CLIENT",
    "CONFIRM_DAYS",
    "CONFIRM_COOLDOWN_MINUTES",
    "REGISTER_SCREENING_DAYS",
    "MAIL_MAX_BYTES",
    "MAIL_MAX_RECIPIENTS",
    "SOFT_BOUNCE_LIMIT",
    "SOFT_BOUNCE_DAYS",
)
_NOT_NEGATIVE = ("TRUSTED_PROXIES", "NOTICE_DELAY_MINUTES", "ANSWERS_PER_DAY")
_APPEND_ONLY = (
    "preferences_banner",
    "preferences_cookieconsent",
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
    """Days and caps are at least one; what may be none is not negative."""
    limits = [*((name, 1) for name in _AT_LEAST_ONE), *((name, 0) for name in _NOT_NEGATIVE)]
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
    hint = "preferences/rules/marketing_rules.md explains the columns."
    return [
        *_problems(read.MARKETING_FILE, read.read_marketing_rules, code="preferences.E003", hint=hint),
        *_problems(read.PROFILING_FILE, read.read_profiling_rules, code="preferences.E003", hint=hint),
    ]


@register
def check_phrases(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What people write in e-mails can be recognised."""
    hint = "preferences/inbox/phrases.md explains the columns."
    return [
        *_problems(PHRASES_FILE, read_phrases, code="preferences.E015", hint=hint),
        *_problems(QUOTES_FILE, read_quotes, code="preferences.E015", hint=hint),
    ]


@register
def check_cookie_words(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The cookie banner has all its words in every language it speaks."""
    hint = "One row for each language and key; preferences/cookies/read_words.py names the keys."
    return _problems(WORDS_FILE, read_words, code="preferences.E016", hint=hint)


@register
def check_retention(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Every kind of mail has its days, so that none is kept for ever."""
    hint = "One row for each kind of message and of mail in preferences/enums.py: for how many days, and why."
    return _problems(retention.FILE, retention.read_retention, code="preferences.E010", hint=hint)


@register
def check_deadlines(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Every kind of request has a deadline."""
    hint = "The head of preferences/rules/deadlines.py explains the file."
    return _problems(deadlines.FILE, deadlines.read_deadlines, code="preferences.E011", hint=hint)


@register
def check_stop_address(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What people write to the address in List-Unsubscribe comes in here."""
    if not settings.STOP_ADDRESS:
        return []
    try:
        normalized = normalize_address(kind=ContactKind.EMAIL, value=settings.STOP_ADDRESS)
    except AddressInvalid:
        problem = f"STOP_ADDRESS is {settings.STOP_ADDRESS!r}, which is no e-mail address."
    else:
        # As it is written in the settings, and as mail servers write it.
        spellings = {address.rpartition("@")[2].lower() for address in (settings.STOP_ADDRESS, normalized)}
        if spellings & {domain.lower() for domain in (settings.MAIL_DOMAIN, *settings.MAIL_DOMAINS)}:
            return []
        problem = f"STOP_ADDRESS is {settings.STOP_ADDRESS}, and no mail is taken for its domain."
    return [
        Error(
            problem,
            hint="Name the domain in MAIL_DOMAINS, or leave STOP_ADDRESS empty: then no header names it.",
            id="preferences.E012",
        )
    ]


def _problems(file: Path, reader: Callable[[bytes], object], *, code: str, hint: str) -> list[CheckMessage]:
    """What is wrong with a file of rules."""
    try:
        reader(file.read_bytes())
    except read.RulesInvalid as error:
        return [Error(f"{file.name}: {problem}", hint=hint, id=code) for problem in error.problems]
    return []


@register
def check_mail_service(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The options of the e-mail service are complete, and IMAP_URL can be read; a slip would come to light late."""
    found: list[CheckMessage] = []
    try:
        if settings.ESP:
            mailers.default  # noqa: B018 - made anew each time
    except ImproperlyConfigured as error:
        found.append(
            Error(
                f"The e-mail service {settings.ESP} cannot be used: {error}",
                hint="Its options stand in ESP_OPTIONS.",
                id="preferences.E013",
            )
        )
    try:
        if settings.IMAP_URL:
            read_mailbox_url(settings.IMAP_URL)
    except MailboxInvalid as error:
        found.append(Error(str(error), id="preferences.E014"))
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
