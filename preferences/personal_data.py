"""Find addresses and numbers in a text that goes into the history, where no personal data may stand."""

from __future__ import annotations

import re

_EMAIL = re.compile(r"[^\s@<>]+\s?(?:@|\(at\)|\[at\])\s?[^\s@<>]+\.[^\s@<>]{2,}", re.IGNORECASE)
_DATE = re.compile(r"\b(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d{2}))\b")
# Seven digits and more in a row, as people write numbers: with blanks, dots, hyphens and brackets between them.
_NUMBER = re.compile(r"(?:\d[\s\u00a0().\-/]{0,2}){6,}\d")


def names_personal_data(text: str) -> bool:
    """True where `text` holds an e-mail address or a run of digits long enough for a phone or identity number.

    Dates are left out. A reference to a case passes while it has fewer than seven digits in a row. Names cannot be
    recognised; the forms ask for none.
    """
    return bool(_EMAIL.search(text) or _NUMBER.search(_DATE.sub(" ", text)))
