"""For how long mail is kept: a file with a row for every kind."""

import pytest

from preferences.enums import MailKind, MessageKind
from preferences.rules import retention
from preferences.rules.read import RulesInvalid
from preferences.rules.retention import days_of, read_retention

KINDS = [kind.value for kind in (*MessageKind, *MailKind)]


def file_of(*lines: str) -> bytes:
    return "\n".join(["kind,days,why", *lines, ""]).encode()


def problems(data: bytes) -> list[str]:
    with pytest.raises(RulesInvalid) as refused:
        read_retention(data)
    return list(refused.value.problems)


def test_the_kinds_of_both_sorts_of_mail_have_names_of_their_own():
    assert len(KINDS) == len(set(KINDS))


def test_the_shipped_days():
    assert {kind.value: days_of(kind) for kind in (*MessageKind, *MailKind)} == {
        "stop_link": 180,
        "stop": 1095,
        "profiling": 1095,
        "start": 365,
        "access": 1095,
        "erasure": 1095,
        "unclear": 365,
        "bounce": 180,
        "complaint": 1095,
        "auto_reply": 30,
        "mailing_list": 30,
        "link": 90,
        "confirmation": 1095,
        "change": 365,
        "answer": 1095,
    }
    assert read_retention(retention.FILE.read_bytes()).keys() == set(KINDS)


def test_every_kind_has_a_row():
    lines = [f"{kind},30,Because." for kind in KINDS]
    assert read_retention(file_of(*lines)) == dict.fromkeys(KINDS, 30)
    assert problems(file_of(*lines[1:-1])) == [
        f"There is no row for {kind}." for kind in (KINDS[0], KINDS[-1])
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("letter,30,Because.", "'letter' is no kind"),
        ("stop,30,Because.", "stop is in line"),
        ("stop,0,Because.", "'0' is no days"),
        ("stop,-30,Because.", "'-30' is no days"),
        ("stop,36526,Because.", "'36526' is no days"),
        ("stop,a year,Because.", "'a year' is no days"),
        ("stop,,Because.", "the days is missing"),
        ("stop,30,", "the why is missing"),
        ("stop,30, ", "' ' is no why"),
    ],
)
def test_a_slip_is_named_by_its_line(line, problem):
    lines = [f"{kind},30,Because." for kind in KINDS]
    (found,) = problems(file_of(*lines, line))
    assert found.startswith(f"Line {len(lines) + 2}: {problem}")
