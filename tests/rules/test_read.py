"""Files of rules: refused whole, with every mistake named by its line."""

import pytest

from preferences.enums import Confidence, ProfilingUse, Requirement
from preferences.rules.read import (
    MARKETING_FILE,
    PROFILING_FILE,
    MarketingLine,
    ProfilingLine,
    RulesInvalid,
    read_marketing_rules,
    read_profiling_rules,
)

HEAD = "country,channel,relationship,requirement,law,note,confidence"
WORLD = "*,*,*,opt_in,none on file,,low"
NORWAY = '"NO",*,*,opt_in,"GDPR 6, 7","min_age=15; dnc=The register",medium'
PROFILING_HEAD = "country,use,requirement,law,note,confidence"


def file_of(*lines: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *lines, ""]).encode()


def problems(data: bytes, read=read_marketing_rules) -> list[str]:
    with pytest.raises(RulesInvalid) as refused:
        read(data)
    assert refused.value.code == "rules_invalid"
    return list(refused.value.problems)


def test_the_shipped_files():
    assert len(read_marketing_rules(MARKETING_FILE.read_bytes())) == 645
    assert [
        (line.country, line.use, line.requirement)
        for line in read_profiling_rules(PROFILING_FILE.read_bytes())
    ] == [
        ("FR", ProfilingUse.EMAIL_TRACKING, Requirement.OPT_IN),
        ("IT", ProfilingUse.EMAIL_TRACKING, Requirement.OPT_IN),
    ]


@pytest.mark.parametrize("data", [file_of(WORLD, NORWAY), b"\xef\xbb\xbf" + file_of(WORLD, NORWAY)])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_a_sound_file(data, newline):
    assert read_marketing_rules(data.replace(b"\n", newline))[1] == MarketingLine(
        country="NO",
        channel="*",
        relationship="*",
        requirement=Requirement.OPT_IN,
        law="GDPR 6, 7",
        note="min_age=15; dnc=The register",
        confidence=Confidence.MEDIUM,
    )


def test_columns_may_stand_in_any_order_and_more_may_stand_beside():
    data = file_of(
        "x,opt_in,FR,email_tracking,medium,law,", head="owner,requirement,country,use,confidence,law,note"
    )
    assert read_profiling_rules(data) == [
        ProfilingLine(
            country="FR",
            use=ProfilingUse.EMAIL_TRACKING,
            requirement=Requirement.OPT_IN,
            law="law",
            note="",
            confidence=Confidence.MEDIUM,
        )
    ]


WHERE = "two capital letters, ISO 3166-1"
BAD = {
    "lower-case country": ("no,*,*,opt_in,l,,low", [f"Line 3: 'no' is no country ({WHERE}, or *)."]),
    "no such country": ("XX,*,*,opt_in,l,,low", [f"Line 3: 'XX' is no country ({WHERE}, or *)."]),
    "no country": (",*,*,opt_in,l,,low", ["Line 3: the country is missing."]),
    "a blank beside": ("NO ,*,*,opt_in,l,,low", [f"Line 3: 'NO ' is no country ({WHERE}, or *)."]),
    "unknown channel": (
        "*,e-mail,*,opt_in,l,,low",
        ["Line 3: 'e-mail' is no channel (one of *, email, sms, phone, post, in_product, web, social)."],
    ),
    "unknown relationship": (
        "*,email,friend,opt_in,l,,low",
        [
            (
                "Line 3: 'friend' is no relationship (one of "
                "*, consumer_prospect, consumer_customer, business_prospect, business_customer)."
            )
        ],
    ),
    "unknown requirement": (
        "*,email,*,optin,l,,low",
        ["Line 3: 'optin' is no requirement (one of double_opt_in, opt_in, soft_opt_in, opt_out)."],
    ),
    "unknown confidence": (
        "*,email,*,opt_in,l,,sure",
        ["Line 3: 'sure' is no confidence (one of high, medium, low)."],
    ),
    "no law": ("*,email,*,opt_in,,,low", ["Line 3: the law is missing."]),
    "a law too long": (
        f"*,email,*,opt_in,{'x' * 301},,low",
        [f"Line 3: '{'x' * 301}' is no law (at most 300 characters)."],
    ),
    "a note that cannot be stored": (
        "*,email,*,opt_in,l,\x00,low",
        ["Line 3: '\\x00' is no note (characters that can be stored)."],
    ),
    "too few columns": ("*,email,*,opt_in", ["Line 3: not 7 columns."]),
    "too many columns": ("*,email,*,opt_in,l,,low,more", ["Line 3: not 7 columns."]),
    "twice": ("*,*,*,opt_out,l,,low", ["Line 3: */*/* is in line 2 already."]),
    "a country without its general row": (
        "NO,email,*,opt_in,l,,low",
        ["There is no row NO,*,*: some combinations would have no answer."],
    ),
    "a country without its facts": (
        "NO,*,*,opt_in,l,min_age=soon,low",
        [
            "Line 3: the note lacks min_age=NUMBER (or none).",
            "Line 3: the note lacks dnc=REGISTER (or none).",
        ],
    ),
    "several at once": (
        "NO,fax,*,optin,l,,low\nno,*,*,opt_in,l,,low",
        [
            "Line 3: 'fax' is no channel (one of *, email, sms, phone, post, in_product, web, social).",
            "Line 3: 'optin' is no requirement (one of double_opt_in, opt_in, soft_opt_in, opt_out).",
            f"Line 4: 'no' is no country ({WHERE}, or *).",
        ],
    ),
    "laxer for the unknown": (
        "*,web,*,opt_out,l,,low\n*,web,business_prospect,opt_in,l,,low",
        [
            (
                "Line 3: */web/* is laxer than business_prospect in line 4;"
                " an unknown relationship must get the strictest."
            )
        ],
    ),
    "a quotation mark left open": ('*,email,*,opt_in,"l,,low\n', ["Line 3: unexpected end of data."]),
}


@pytest.mark.parametrize(("lines", "expected"), BAD.values(), ids=BAD.keys())
def test_a_bad_file(lines, expected):
    assert problems(file_of(WORLD, lines)) == expected


def test_a_file_without_a_row_for_all_the_world():
    assert problems(file_of(NORWAY)) == ["There is no row *,*,*: some combinations would have no answer."]
    assert problems(file_of()) == ["There is no row *,*,*: some combinations would have no answer."]


def test_a_file_that_lacks_columns():
    assert problems(b"country,channel\nNO,email\n") == [
        f"Line 1: the column {name} is missing."
        for name in ("relationship", "requirement", "law", "note", "confidence")
    ]
    assert len(problems(b"")) == 7
    assert len(problems(b"", read=read_profiling_rules)) == 6


def test_a_file_in_another_encoding():
    data = file_of(WORLD, NORWAY.replace("The register", "Brønnøysund")).decode().encode("latin-1")
    assert problems(data) == ["Line 3: not UTF-8."]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("*,email_tracking,opt_in,l,,low", f"Line 2: '*' is no country ({WHERE})."),
        ("fr,email_tracking,opt_in,l,,low", f"Line 2: 'fr' is no country ({WHERE})."),
        (
            "FR,tracking,opt_in,l,,low",
            "Line 2: 'tracking' is no use (one of activity, customer_relationship, email_tracking, other).",
        ),
        ("FR,other,opt_in,l,,low\nFR,other,opt_out,l,,low", "Line 3: FR/other is in line 2 already."),
    ],
)
def test_a_bad_file_for_profiling(line, expected):
    assert problems(file_of(line, head=PROFILING_HEAD), read=read_profiling_rules) == [expected]


def test_a_file_for_profiling_may_be_empty():
    assert read_profiling_rules(file_of(head=PROFILING_HEAD)) == []
