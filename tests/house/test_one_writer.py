"""Nobody but the ledger writes events and choices (migrations and tests aside)."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("accounts", "config", "preferences")
LEDGER = ROOT / "preferences" / "ledger"

WRITES = {
    "abulk_create",
    "acreate",
    "adelete",
    "aget_or_create",
    "aupdate",
    "aupdate_or_create",
    "bulk_create",
    "bulk_update",
    "create",
    "delete",
    "get_or_create",
    "update",
    "update_or_create",
}
MODELS = {"Event", "Choice"}
SQL = re.compile(
    r"\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE)\s+\"?preferences_(event|choice)\b", re.IGNORECASE
)


def sources() -> list[Path]:
    return [
        path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if "migrations" not in path.parts and not path.is_relative_to(LEDGER)
    ]


def writes(source: str) -> list[str]:
    """The lines of a module that write an event or a choice, as "line: what"."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value):
            found.append(f"{node.lineno}: SQL")
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in MODELS:
            found.append(f"{node.lineno}: {node.func.id}()")
        if isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            names = {part.id for part in ast.walk(node.func) if isinstance(part, ast.Name)}
            found += [f"{node.lineno}: {name}….{node.func.attr}" for name in sorted(names & MODELS)]
    return found


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_ledger_writes(path: Path) -> None:
    assert writes(path.read_text()) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Event.objects.create(a=1)", ["1: Event….create"]),
        ("Choice.objects.filter(a=1).update(b=2)", ["1: Choice….update"]),
        ("Choice(a=1)", ["1: Choice()"]),
        ("run('insert into preferences_event values (1)')", ["1: SQL"]),
        ("Event.objects.filter(a=1).count()", []),
        ("Topic.objects.create(a=1)", []),
    ],
)
def test_this_test_sees_a_writer(source: str, expected: list[str]) -> None:
    assert writes(source) == expected


def makers_of_confirm_tokens(source: str) -> list[str]:
    """The lines of a module that could make a confirmation token, as "line: how"."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ImportFrom() | ast.Import():
                names = {alias.name.rpartition(".")[2] for alias in node.names}
                found += [f"{node.lineno}: import" for name in names if name in {TOKEN_MAKER, "tokens"}]
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=name) if name in (
                TOKEN_MAKER,
                TOKEN_SALT,
            ):
                found.append(f"{node.lineno}: {name}")
    return found


TOKEN_MAKER, TOKEN_SALT = "make_confirm_token", "preferences.confirm"
# Where it is defined, and the task that puts it into the mail: nobody else can ever hold one.
TOKEN_ROOMS = {Path("preferences/tokens.py"), Path("preferences/mail/send_confirmation.py")}


@pytest.mark.parametrize(
    "path",
    [path for path in sources() if path.relative_to(ROOT) not in TOKEN_ROOMS]
    + sorted((ROOT / "preferences" / "ledger").rglob("*.py")),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_only_the_mail_makes_a_confirmation_token(path: Path) -> None:
    assert makers_of_confirm_tokens(path.read_text()) == []


@pytest.mark.parametrize("path", sorted(TOKEN_ROOMS))
def test_this_test_sees_those_who_may(path: Path) -> None:
    assert makers_of_confirm_tokens((ROOT / path).read_text())


@pytest.mark.parametrize(
    "source",
    [
        "from preferences.tokens import make_confirm_token",
        "from preferences.tokens import make_confirm_token as stop",
        "from preferences import tokens",
        "import preferences.tokens",
        "getattr(x, 'make_confirm_token')",
        "x.make_confirm_token(1)",
        "Signer(salt='preferences.confirm')",
    ],
)
def test_this_test_sees_a_maker(source: str) -> None:
    assert makers_of_confirm_tokens(source) != []
