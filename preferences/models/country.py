"""Country codes as columns hold them."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from preferences.rules.countries import is_country
from preferences.rules.values import ANY


def validate_country(code: str) -> None:
    """Raises ValidationError for anything but a code of ISO 3166-1 in capital letters."""
    if not is_country(code):
        raise ValidationError(
            _("%(code)s is no country: two capital letters, ISO 3166-1, such as NO."),
            code="country",
            params={"code": code},
        )


def validate_country_or_any(code: str) -> None:
    """Raises ValidationError for anything but such a code or `*`, which stands for any country."""
    if code != ANY:
        validate_country(code)
