"""Which country codes there are. Pure."""

from __future__ import annotations

from functools import cache

from babel import Locale

# Two letters that Unicode lists beside the countries of ISO 3166-1.
_NO_COUNTRIES = {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO", "AC", "CP", "CQ", "DG", "EA", "IC", "TA", "XK"}


@cache
def countries() -> frozenset[str]:
    """The codes of ISO 3166-1 alpha-2, two capital letters each. Source: Unicode CLDR, by way of Babel."""
    codes = {code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha()}
    # Kosovo has no code of its own in the standard, but the one everybody uses.
    return frozenset(codes - _NO_COUNTRIES | {"XK"})


def country_name(code: str, *, language: str) -> str:
    """The name of a country in a language (a language tag, such as "nb" or "pt-br"); the code where there is none."""
    return Locale.parse(language, sep="-").territories.get(code, code)


def is_country(code: str) -> bool:
    """True for a code of ISO 3166-1 alpha-2 in capital letters."""
    return code in countries()
