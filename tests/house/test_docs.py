"""The documents name what there is, and nothing else."""

import re
from enum import Enum
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver
from django.urls.resolvers import RoutePattern

from config.urls import urlpatterns
from preferences import enums
from preferences.ledger.policy import WIDENING

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
PACKAGES = ("config", "accounts", "preferences")

README, CONTRIBUTING = (ROOT / "README.md").read_text(), (ROOT / "CONTRIBUTING.md").read_text()
WORDS, DEPLOYMENT = (ROOT / "docs/words.md").read_text(), (ROOT / "docs/deployment.md").read_text()


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, its head left out."""
    section = re.split(r"^#+ ", page.split(f"# {heading}\n", 1)[1], flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def first_words(page: str, heading: str) -> list[str]:
    """What stands in backticks in the first column of a table."""
    return [word for row in rows(page, heading) for word in re.findall(r"`([^`]+)`", row[0])]


def values(enum: type[Enum]) -> list[str]:
    return [member.value for member in enum]


def test_settings() -> None:
    source = (ROOT / "config/settings.py").read_text()
    read = set(re.findall(r"\b(?:env\.\w+|required)\(\s*\"([A-Z_]+)\"", source))
    assert len(read) > 20
    assert sorted(first_words(DEPLOYMENT, "Settings")) == sorted(read)


def test_commands() -> None:
    ours = {
        path.stem
        for package in PACKAGES
        for path in (ROOT / package).glob("management/commands/*.py")
        if path.stem != "__init__"
    }
    assert set(first_words(DEPLOYMENT, "Commands")) == ours
    for page in PAGES:
        for name in re.findall(r"manage\.py ([a-z_]+)", page.read_text()):
            assert name in ours | LIBRARY_COMMANDS, f"{page.name} names manage.py {name}"


LIBRARY_COMMANDS = {
    "check",
    "clearsessions",
    "collectstatic",
    "createsuperuser",
    "db_worker",
    "migrate",
    "prune_db_task_results",
}


def test_library_commands_exist() -> None:
    from django.core.management import get_commands

    assert get_commands().keys() >= LIBRARY_COMMANDS


def addresses(patterns: list[URLPattern | URLResolver]) -> set[str]:
    """The addresses of the site; of an included library, and of a regular expression, the fixed beginning."""
    found = set()
    for pattern in patterns:
        if (
            isinstance(pattern, URLResolver)
            and getattr(pattern.urlconf_name, "__name__", "") == "preferences.urls"
        ):
            found |= addresses(pattern.url_patterns)
        elif isinstance(pattern.pattern, RoutePattern):
            # Of what may stand in an address the documents tell the name and not the kind.
            found.add(re.sub(r"<\w+:", "<", f"/{pattern.pattern}"))
        else:
            fixed = re.match(r"\^([\w/]+/)", str(pattern.pattern))
            assert fixed, f"no fixed beginning: {pattern.pattern}"
            found.add(f"/{fixed[1]}")
    return found


def test_addresses() -> None:
    assert set(first_words(README, "The pages")) == addresses(urlpatterns)


@pytest.mark.parametrize(
    ("heading", "enum"),
    [
        ("Sources", enums.Source),
        ("States", enums.State),
        ("Outcomes", enums.Outcome),
        ("Refusals", enums.Refusal),
        ("Reasons", enums.Reason),
    ],
)
def test_stored_words(heading: str, enum: type[Enum]) -> None:
    assert first_words(WORDS, heading) == values(enum)


def test_who_and_how() -> None:
    assert first_words(WORDS, "Who and how") == [
        *values(enums.Actor),
        *values(enums.Route),
        *values(enums.LegalBasis),
    ]


def test_facts_and_lists() -> None:
    assert first_words(WORDS, "Facts and lists") == [
        *values(enums.Confidence),
        *values(enums.ProfilingUse),
        *values(enums.MessageClass),
        *values(enums.SuppressionKind),
        *values(enums.SuppressionReason),
    ]


def test_words_of_cookies() -> None:
    assert first_words(WORDS, "Cookies") == [*values(enums.CookieCategory), *values(enums.CookieAction)]


def test_refusals_of_cookie_consents() -> None:
    from preferences.cookies.replies import REFUSALS

    page = (ROOT / "docs/cookies.md").read_text()
    documented = {row[0].strip("`"): int(row[1]) for row in rows(page, "Refusals")}
    assert list(documented.items()) == [(code, status) for code, (status, _detail) in REFUSALS.items()]


def test_words_of_mail() -> None:
    assert first_words(WORDS, "E-mail") == [
        *values(enums.Intake),
        *values(enums.MessageKind),
        *values(enums.MessageState),
        *values(enums.Hold),
        *values(enums.MailKind),
        *values(enums.AttemptOutcome),
    ]


def test_what_lets_a_source_start_things() -> None:
    documented = {row[0].strip("`"): row[2] for row in rows(WORDS, "Sources")}
    assert documented == {source.value: policy.value for source, policy in WIDENING.items()}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Kind", values(enums.Kind)),
        ("Channel", values(enums.Channel)),
        ("Relationship", values(enums.Relationship)),
        ("Contact point", values(enums.ContactKind)),
        ("Choice", [state for state in values(enums.State) if state != "unstated"]),
        ("Source", values(enums.Source)),
        ("Rule", values(enums.Requirement)),
        ("Message class", values(enums.MessageClass)),
    ],
)
def test_words_of_the_readme(word: str, expected: list[str]) -> None:
    sentence = next(row[1] for row in rows(README, "The words") if row[0] == word)
    assert sorted(re.findall(r"`([^`]+)`", sentence)) == sorted(expected)


def test_make_targets() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(next(re.finditer(r"^\.PHONY: (.+)$", makefile, re.MULTILINE))[1].split())
    mentioned = set(re.findall(r"(?:^|`|\d )make ([a-z]+)", README + CONTRIBUTING, re.MULTILINE))
    assert mentioned == targets


@pytest.mark.parametrize("room", re.findall(r"^  (\w+)/ ", README, re.MULTILINE))
def test_rooms_of_the_readme_exist(room: str) -> None:
    assert (ROOT / "preferences" / room).is_dir()


def test_every_room_is_in_the_readme() -> None:
    rooms = {path.parent.name for path in (ROOT / "preferences").glob("*/__init__.py")}
    assert rooms - {"migrations", "templatetags"} == set(re.findall(r"^  (\w+)/ ", README, re.MULTILINE))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as web views of Markdown make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"\w+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_api() -> None:
    """Every route, scope and problem of the API has its row, and no row has nothing behind it."""
    from preferences.api.caller import ApiScope
    from preferences.api.problems import PROBLEMS
    from preferences.api.v1 import api

    page = (ROOT / "docs/api.md").read_text()
    routes = {
        f"{method.upper()} {path.removeprefix('/api/v1')}": details["security"][0]["oauth2"] or ["any"]
        for path, methods in api.get_openapi_schema()["paths"].items()
        for method, details in methods.items()
    }
    documented = {row[0].strip("`"): [row[1].strip("`")] for row in rows(page, "The routes")}
    assert documented == routes
    assert first_words(page, "Getting in") == values(ApiScope)
    assert [row[0].strip("`") for row in rows(page, "Problems")] == list(PROBLEMS)


def test_groups_of_staff(db: None) -> None:
    from django.contrib.auth.models import Group

    for name in Group.objects.values_list("name", flat=True):
        assert f"{name} (" in DEPLOYMENT
