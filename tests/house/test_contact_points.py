"""A contact point is made in one way, which gives it the spelling it is found by and its keyed hash."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
THE_ONE_WAY = ROOT / "preferences" / "models" / "recipients.py"
MODULES = [
    path
    for package in ("accounts", "config", "preferences")
    for path in sorted((ROOT / package).rglob("*.py"))
    if "migrations" not in path.parts and path != THE_ONE_WAY
]


def made_otherwise(source: str) -> list[str]:
    """The calls by which a ContactPoint is made, or given another address, without `make`."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    found = []
    for call in calls:
        name = ast.unparse(call.func)
        sets = {keyword.arg for keyword in call.keywords}
        acts = name.rpartition(".")[2] in {"create", "get_or_create", "update_or_create", "update", "save"}
        if name.rpartition(".")[2] == "ContactPoint" or (acts and sets & {"normalized", "address_hash"}):
            found.append(ast.unparse(call))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_made_in_one_way(path: Path) -> None:
    assert made_otherwise(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "ContactPoint(recipient=kari)",
        "models.ContactPoint(kind='email')",
        "ContactPoint.objects.create(normalized='kari@example.com')",
        "points.update(normalized='kari@example.com')",
        "ContactPoint.objects.get_or_create(normalized=address, defaults={})",
    ],
)
def test_another_way_is_found(source: str) -> None:
    assert len(made_otherwise(source)) == 1
