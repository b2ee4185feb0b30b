"""What the banner says by itself: every word in every language, in an even tone."""

from pathlib import Path

import pytest

from preferences import checks
from preferences.cookies.read_words import KEYS, WORDS_FILE, read_words, shipped_words, words_in
from preferences.rules.read import RulesInvalid

LANGUAGES = ["en", "nb", "sv", "da", "fi", "de", "nl", "fr", "es", "it", "pt", "pl", "ar"]


def test_every_language_has_every_word() -> None:
    assert list(shipped_words()) == LANGUAGES
    for words in shipped_words().values():
        assert list(words) == list(KEYS)


def test_the_words_are_its_own_in_each_language() -> None:
    """No text was left in another language, but for names that are alike in some."""
    alike = {"details", "table_name", "category_marketing_name"}
    for key in set(KEYS) - alike - {"direction"}:
        texts = [words[key] for words in shipped_words().values() if len(words[key]) > 20]
        assert len(set(texts)) == len(texts), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_answers_are_as_short_as_each_other(language: str) -> None:
    words = shipped_words()[language]
    accept, refuse = len(words["accept"]), len(words["refuse"])
    assert max(accept, refuse) <= 24
    assert abs(accept - refuse) <= 4


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_signal_is_called_by_its_name_and_the_way_to_the_details_by_its_label(language: str) -> None:
    words = shipped_words()[language]
    assert "Global Privacy Control" in words["gpc"]
    assert words["details"].casefold() in words["gpc"].casefold()


def test_right_to_left() -> None:
    assert [code for code, words in shipped_words().items() if words["direction"] == "rtl"] == ["ar"]


@pytest.mark.parametrize(
    ("language", "words"),
    [("pt", "pt"), ("pt-br", "pt"), ("en-gb", "en"), ("is", None), ("", None), ("e", None), ("ptx", None)],
)
def test_the_words_of_a_region_are_those_of_its_language(language: str, words: str | None) -> None:
    assert words_in(language) is (shipped_words()[words] if words else None)


@pytest.mark.parametrize(
    ("slip", "problems"),
    [
        (("nb,refuse,Avslå alle\n", ""), ["nb has no refuse."]),
        (("nb,refuse,", "nb,decline,"), ["Line 41: 'decline' is no key (one of ", "nb has no refuse."]),
        (("nb,refuse,", "nb,accept,"), ["Line 41: nb/accept is in line 39 already.", "nb has no refuse."]),
        (("nb,refuse,Avslå alle", "nb,refuse,"), ["Line 41: the text is missing.", "nb has no refuse."]),
        (
            ("nb,refuse,Avslå alle", "nb,refuse, Avslå alle"),
            ["Line 41: ' Avslå alle' is no text", "nb has no refuse."],
        ),
        (("nb,refuse,", "NB,refuse,"), ["Line 41: 'NB' is no language", "nb has no refuse."]),
        (("nb,days,{days} dager", "nb,days,dager"), ["Line 69: {days} is missing."]),
        (("ar,direction,rtl", "ar,direction,left"), ["Line 410: the direction is one of ltr, rtl."]),
        (("language,key,text", "language,key,words"), ["Line 1: the column text is missing."]),
    ],
)
def test_a_slip_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, slip: tuple[str, str], problems: list[str]
) -> None:
    text = WORDS_FILE.read_text(encoding="utf-8")
    assert text.count(slip[0]) == 1
    edited = tmp_path / "words.csv"
    edited.write_text(text.replace(*slip), encoding="utf-8")

    with pytest.raises(RulesInvalid) as invalid:
        read_words(edited.read_bytes())
    assert len(invalid.value.problems) == len(problems)
    for found, problem in zip(invalid.value.problems, problems, strict=True):
        assert found.startswith(problem)

    monkeypatch.setattr(checks, "WORDS_FILE", edited)
    found_by_check = checks.check_cookie_words(None)
    assert {message.id for message in found_by_check} == {"preferences.E016"}
    assert found_by_check[0].msg.startswith(f"words.csv: {problems[0]}")


def test_the_shipped_words_pass_the_check() -> None:
    assert checks.check_cookie_words(None) == []
