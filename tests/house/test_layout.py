"""House rules a program can check: names of files, what models may not do, docstrings, words with sentences."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.db import connection
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.functional import Promise

from preferences import checks, enums
from preferences.enums import Source
from preferences.imports.rules import publish_rules
from preferences.ledger.policy import WIDENING
from preferences.models import MarketingRule, PublishedRules, WordingTemplate
from preferences.rules import deadlines, read, retention
from tests.factories import RecipientFactory

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("accounts", "config", "preferences")
DRAWERS = {"common", "helper", "helpers", "misc", "service", "services", "shared", "util", "utils"}
DOCUMENTED = ("views", "ledger", "decisions", "links")
THE_ONE_RECEIVER = ROOT / "accounts" / "verified.py"


def modules(*packages: str) -> list[Path]:
    found = [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]
    return [path for path in found if "migrations" not in path.parts]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text()))


def test_no_file_for_odds_and_ends() -> None:
    paths = [path for package in (*PACKAGES, "tests") for path in (ROOT / package).rglob("*")]
    assert [name_of(path) for path in paths if path.stem in DRAWERS] == []


@pytest.mark.parametrize("path", modules(*PACKAGES), ids=name_of)
def test_no_signal_but_the_one(path: Path) -> None:
    imported = set()
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
        elif isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
    signals = {name for name in imported if name.endswith(".signals") or name.startswith("django.dispatch")}
    expected = {"allauth.account.signals", "django.dispatch"} if path == THE_ONE_RECEIVER else set()
    assert signals == expected


@pytest.mark.parametrize("path", modules(*PACKAGES), ids=name_of)
def test_nothing_happens_in_save(path: Path) -> None:
    overridden = [
        f"{node.name}.{part.name}"
        for node in nodes(path)
        if isinstance(node, ast.ClassDef)
        for part in node.body
        if isinstance(part, ast.FunctionDef) and part.name in {"save", "asave", "delete", "adelete"}
    ]
    assert overridden == []


@pytest.mark.parametrize("path", modules(*PACKAGES), ids=name_of)
def test_no_order_that_nobody_asked_for(path: Path) -> None:
    ordered = [
        part.lineno
        for node in nodes(path)
        if isinstance(node, ast.ClassDef) and node.name == "Meta"
        for part in node.body
        if isinstance(part, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "ordering" for target in part.targets)
    ]
    assert ordered == []


def documented() -> list[Path]:
    """The modules whose functions other rooms call."""
    return [path for path in modules("preferences") if {path.parent.name, path.stem} & set(DOCUMENTED)]


@pytest.mark.parametrize("path", documented(), ids=name_of)
def test_public_functions_have_docstrings(path: Path) -> None:
    silent = [
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


def stored_words() -> list[type[TextChoices]]:
    return [
        value
        for value in vars(enums).values()
        if inspect.isclass(value) and issubclass(value, TextChoices) and value is not TextChoices
    ]


@pytest.mark.parametrize("words", stored_words(), ids=lambda words: words.__name__)
def test_every_stored_word_has_a_sentence_to_translate(words: type[TextChoices]) -> None:
    # A word without a sentence gets one that Django makes of its name, which is no translatable string.
    assert [word.name for word in words if not isinstance(word._label_, Promise)] == []
    assert len({str(word.label) for word in words}) == len(words)
    assert words.__doc__


def test_every_source_has_a_policy() -> None:
    assert set(WIDENING) == set(Source)
    assert checks.check_widening(None) == []


def test_a_source_without_a_policy_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(WIDENING, Source.GPC)
    assert [message.id for message in checks.check_widening(None)] == ["preferences.E001"]


@pytest.mark.parametrize(
    "name",
    [
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
    ],
)
def test_a_day_or_cap_of_none_is_found(settings, name: str) -> None:
    assert checks.check_numbers(None) == []
    setattr(settings, name, 0)
    assert [message.msg for message in checks.check_numbers(None)] == [
        f"{name} is 0; it has to be at least 1."
    ]


@pytest.mark.parametrize("name", ["TRUSTED_PROXIES", "NOTICE_DELAY_MINUTES", "ANSWERS_PER_DAY"])
def test_a_negative_number_is_found(settings, name: str) -> None:
    setattr(settings, name, 0)
    assert checks.check_numbers(None) == []
    setattr(settings, name, -1)
    assert [message.msg for message in checks.check_numbers(None)] == [
        f"{name} is -1; it has to be at least 0."
    ]


@pytest.mark.parametrize(
    ("file", "slip", "problem"),
    [
        ("MARKETING_FILE", ("NO,email,*,opt_in", "NO,email,*,optin"), "'optin' is no requirement"),
        ("MARKETING_FILE", ("SE,*,*,opt_in", "se,*,*,opt_in"), "'se' is no country"),
        ("PROFILING_FILE", ("FR,email_tracking", "FR,e-mail"), "'e-mail' is no use"),
    ],
)
def test_a_slip_in_the_national_rules_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str, slip: tuple[str, str], problem: str
) -> None:
    edited = tmp_path / "rules.csv"
    edited.write_text(getattr(read, file).read_text(encoding="utf-8").replace(*slip), encoding="utf-8")
    monkeypatch.setattr(read, file, edited)

    found = checks.check_rules(None)

    assert {message.id for message in found} == {"preferences.E003"}
    assert "rules.csv: Line" in found[0].msg
    assert problem in found[0].msg


def test_the_national_rules_are_sound() -> None:
    assert checks.check_rules(None) == []


@pytest.mark.parametrize(
    ("file", "slip"),
    [
        ("PHRASES_FILE", ("stop,", "stopp,")),
        ("QUOTES_FILE", ("en,", "xx,")),
    ],
)
def test_a_slip_in_what_people_write_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str, slip: tuple[str, str]
) -> None:
    assert checks.check_phrases(None) == []
    edited = tmp_path / "words.csv"
    edited.write_text(getattr(checks, file).read_text(encoding="utf-8").replace(*slip), encoding="utf-8")
    monkeypatch.setattr(checks, file, edited)

    found = checks.check_phrases(None)

    assert {message.id for message in found} == {"preferences.E015"}
    assert found[0].msg.startswith("words.csv: Line ")


def test_every_kind_of_mail_has_its_days_and_every_request_its_deadline() -> None:
    assert checks.check_retention(None) == []
    assert checks.check_deadlines(None) == []


@pytest.mark.parametrize(
    ("slip", "problem"),
    [
        (("bounce,180,", "bounces,180,"), "retention.csv: Line 9: 'bounces' is no kind"),
        (("bounce,180,", "bounce,0,"), "retention.csv: Line 9: '0' is no days"),
        (("link,90,", "stop,90,"), "retention.csv: Line 13: stop is in line 3 already"),
        (("change,365,", "change,,"), "retention.csv: Line 15: the days is missing"),
    ],
)
def test_a_slip_in_the_retention_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, slip: tuple[str, str], problem: str
) -> None:
    edited = tmp_path / "retention.csv"
    edited.write_text(retention.FILE.read_text(encoding="utf-8").replace(*slip), encoding="utf-8")
    monkeypatch.setattr(retention, "FILE", edited)

    found = checks.check_retention(None)

    assert {message.id for message in found} == {"preferences.E010"}
    assert found[0].msg.startswith(problem)
    assert found[1].msg.startswith("retention.csv: There is no row for ")


def test_a_slip_in_the_deadlines_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    edited = tmp_path / "deadlines.csv"
    shipped = deadlines.FILE.read_text(encoding="utf-8")
    edited.write_text(shipped.replace("US,stop,10,", "US,stop,ten,"), encoding="utf-8")
    monkeypatch.setattr(deadlines, "FILE", edited)

    (found,) = checks.check_deadlines(None)

    assert found.id == "preferences.E011"
    assert "'ten' is no amount" in found.msg


@pytest.mark.parametrize(
    ("address", "sound"),
    [
        ("", True),
        ("stop@example.com", True),
        ("Stop@EXAMPLE.com", True),
        ("stop@elsewhere.example", True),
        ("stop@grønn.example", True),
        ("stop@xn--grnn-hra.example", False),
        ("stop@mail.example.com", False),
        ("stop@example.org", False),
        ("stop", False),
        ("@example.com", False),
    ],
)
def test_a_stop_address_where_nothing_arrives_is_found(settings, address: str, sound: bool) -> None:
    settings.MAIL_DOMAIN = "example.com"
    settings.MAIL_DOMAINS = ["Elsewhere.example", "grønn.example"]
    settings.STOP_ADDRESS = address
    expected = [] if sound else ["preferences.E012"]
    assert [message.id for message in checks.check_stop_address(None)] == expected


def test_rules_that_are_not_in_force_are_found(db: None) -> None:
    def found() -> list[str | None]:
        return [message.id for message in checks.check_published_rules(None, databases=["default"])]

    assert found() == []
    MarketingRule.objects.filter(country="NO", channel="email").update(law="ours")
    assert found() == ["preferences.E008"]
    publish_rules(now=timezone.now())
    assert found() == []
    MarketingRule.objects.filter(country="NO", channel="email").update(law="theirs")
    assert checks.check_published_rules(None) == [], "without --database nothing is asked of one"


def test_an_install_without_rules_is_found(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE preferences_publishedrules DISABLE TRIGGER append_only")
    PublishedRules.objects.all().delete()
    found = checks.check_published_rules(None, databases=["default"])
    assert [(message.id, message.hint) for message in found] == [
        ("preferences.E004", "Run manage.py load_rules.")
    ]


def test_what_is_wrong_in_production_is_found(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEMO = True
    settings.BASE_URL = "http://preferences.example.com"
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "config.embedded_postgres")
    assert [message.id for message in checks.check_production(None)] == [
        "preferences.E005",
        "preferences.W001",
        "preferences.W002",
    ]
    settings.DEMO = False
    settings.BASE_URL = "https://preferences.example.com"
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.postgresql")
    assert checks.check_production(None) == []


def test_an_unguarded_history_is_found(db: None) -> None:
    def found(kind: type[CheckMessage]) -> list[str | None]:
        return [
            message.id
            for message in checks.check_history(None, databases=["default"])
            if type(message) is kind
        ]

    assert found(Error) == []
    # The tests own the tables.
    assert found(CheckWarning) == ["preferences.W003"] * 6
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE preferences_event DISABLE TRIGGER append_only")
    WordingTemplate.objects.filter(key="page").delete()
    assert found(Error) == ["preferences.E006", "preferences.E007"]


def test_another_address_key_is_found(db: None, settings) -> None:
    RecipientFactory()
    assert checks.check_address_key(None, databases=["default"]) == []
    settings.ADDRESS_KEY = "another"
    assert [message.id for message in checks.check_address_key(None, databases=["default"])] == [
        "preferences.E009"
    ]
