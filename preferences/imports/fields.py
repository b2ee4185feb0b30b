"""What the fields of a record may hold, before the database is asked. Pure."""

from __future__ import annotations

import re
import unicodedata

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*", re.IGNORECASE)
_LONGEST_LANGUAGE = 12


def is_line(text: str, *, longest: int) -> bool:
    """True for one line of text of at most `longest` characters, each of which can be stored."""
    return len(text) <= longest and not any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text)


def is_language(tag: str) -> bool:
    """True for what has the form of a language tag (BCP 47), known to us or not: en, nb, pt-br."""
    return len(tag) <= _LONGEST_LANGUAGE and _LANGUAGE.fullmatch(tag) is not None
