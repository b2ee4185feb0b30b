"""`manage.py load_rules`: what it says, and that a bad file changes nothing."""

import json

import pytest

from preferences.decisions.rules_in_force import current_rules
from preferences.models import MarketingRule, ProfilingRule, PublishedRules
from preferences.rules.read import MARKETING_FILE

pytestmark = pytest.mark.django_db

NO_EMAIL = "NO,email,*,opt_in,Markedsføringsloven § 15,,high"


@pytest.fixture
def file(tmp_path):
    """Makes a file of the shipped rules in which some text stands for another."""

    def made(*replaced: tuple[str, str], encoding: str = "utf-8") -> str:
        text = MARKETING_FILE.read_text(encoding="utf-8")
        for old, new in replaced:
            assert text.count(old) == 1
            text = text.replace(old, new)
        path = tmp_path / "rules.csv"
        # Names in Greek letters and the like have no place in Latin-1.
        path.write_text(text, encoding=encoding, errors="replace")
        return str(path)

    return made


def everything() -> tuple[list[dict], list[dict], int]:
    return (
        list(MarketingRule.objects.order_by("pk").values()),
        list(ProfilingRule.objects.order_by("pk").values()),
        PublishedRules.objects.count(),
    )


def no_email() -> MarketingRule:
    return MarketingRule.objects.get(country="NO", channel="email", relationship="*")


def test_loading_again_changes_nothing(run):
    before = everything()

    ended = run("load_rules", "--json")

    assert (ended.status, ended.err) == (0, "")
    assert ended.json == {
        "added": [],
        "changed": [],
        "removed": [],
        "kept": [],
        "version": current_rules().version,
    }
    assert everything() == before


def test_an_empty_install_gets_the_shipped_rules(run):
    MarketingRule.objects.all().delete()
    ProfilingRule.objects.all().delete()
    shipped = current_rules().version

    ended = run("load_rules")

    assert ended.out == f"added\t647\nchanged\t0\nremoved\t0\nversion\t{shipped}\n"


def test_another_file(run, file):
    path = file((NO_EMAIL, NO_EMAIL.replace("opt_in", "double_opt_in")))

    ended = run("load_rules", "--marketing", path, "--json")

    assert ended.json["changed"] == ["NO/email/*"]
    assert ended.json["version"] == current_rules().version
    assert no_email().requirement == "double_opt_in"


def test_what_staff_edited_is_shown(run):
    rule = no_email()
    rule.requirement, rule.note = "double_opt_in", "ours"
    rule.save()

    listed, as_json = run("load_rules"), run("load_rules", "--json")

    assert "kept\tNO/email/*\trequirement\tdouble_opt_in\topt_in\n" in listed.out
    assert "kept\tNO/email/*\tnote\tours\t-\n" in listed.out
    assert as_json.json["kept"] == [
        {
            "rule": "NO/email/*",
            "ours": {"requirement": "double_opt_in", "note": "ours"},
            "theirs": {"requirement": "opt_in", "note": ""},
        }
    ]
    assert no_email().requirement == "double_opt_in"


def test_check_says_what_would_change_and_changes_nothing(run, file):
    path = file((NO_EMAIL, NO_EMAIL.replace("opt_in", "double_opt_in")))
    before = everything()

    same, other = run("load_rules", "--check"), run("load_rules", "--check", "--json", "--marketing", path)

    assert (same.status, same.err) == (0, "")
    assert (other.status, other.err) == (1, "CommandError: The rules differ from the files.\n")
    assert json.loads(other.out)["changed"] == ["NO/email/*"]
    assert everything() == before


def test_check_finds_rules_that_were_never_published(run):
    """A hand in the tables, past the admin."""
    MarketingRule.objects.filter(pk=no_email().pk).update(law="ours")
    assert run("load_rules", "--check").status == 1
    assert run("load_rules").status == 0
    assert run("load_rules", "--check").status == 0


@pytest.mark.parametrize(
    ("replaced", "encoding", "complaint"),
    [
        ([("SE,email,*,opt_in", "SE,email,*,optin")], "utf-8", "'optin' is no requirement"),
        ([("SE,email,*,opt_in", "se,email,*,opt_in")], "utf-8", "'se' is no country"),
        ([("SE,*,*,opt_in", "SE,social,*,opt_in")], "utf-8", "There is no row SE,*,*"),
        ([("country,channel", "land,channel")], "utf-8", "the column country is missing"),
        ([], "utf-16", "not UTF-8"),
        ([], "latin-1", "not UTF-8"),
    ],
    ids=["wrong word", "lower case", "missing combination", "missing column", "UTF-16", "Latin-1"],
)
def test_a_bad_file_is_refused_whole(run, file, replaced, encoding, complaint):
    """Though what comes before and after the mistake is sound, and new."""
    new = (NO_EMAIL, NO_EMAIL.replace("opt_in", "double_opt_in"))
    path = file(new, *replaced, encoding=encoding)
    before = everything()

    ended = run("load_rules", "--marketing", path)

    assert (ended.status, ended.out) == (1, "")
    assert complaint in ended.err
    assert "Traceback" not in ended.err
    assert everything() == before


def test_every_mistake_is_named(run, file):
    path = file(("SE,email,*,opt_in", "SE,e-mail,*,optin"), ("DK,phone,*,opt_in", "dk,phone,*,opt_in"))

    lines = run("load_rules", "--marketing", path).err.splitlines()

    assert [line.split(" is no ")[0] for line in lines] == [
        "CommandError: rules.csv: Line 20: 'e-mail'",
        "rules.csv: Line 20: 'optin'",
        "rules.csv: Line 44: 'dk'",
    ]


def test_a_bad_file_for_profiling_stops_the_other_as_well(run, file, tmp_path):
    profiling = tmp_path / "profiling.csv"
    profiling.write_text("country,use,requirement,law,note,confidence\nFR,reading,opt_in,law,,low\n")
    path = file((NO_EMAIL, NO_EMAIL.replace("opt_in", "double_opt_in")))
    before = everything()

    ended = run("load_rules", "--marketing", path, "--profiling", str(profiling))

    assert ended.status == 1
    assert "profiling.csv: Line 2: 'reading' is no use" in ended.err
    assert everything() == before


def test_a_file_that_is_not_there(run, tmp_path):
    ended = run("load_rules", "--marketing", str(tmp_path / "nowhere.csv"))
    assert (ended.status, ended.err) == (
        1,
        "CommandError: nowhere.csv cannot be read: No such file or directory.\n",
    )
    assert run("load_rules", "--profiling", str(tmp_path)).status == 1
