"""The two sign-in forms that look an address up, so that every spelling of it finds the account."""

from __future__ import annotations

from allauth.account import forms

from accounts.spelling import one_spelling


class LoginForm(forms.LoginForm):
    """Address and password."""

    def clean_login(self) -> str:
        """The address in the spelling it is stored in."""
        return one_spelling(super().clean_login())


class RequestLoginCodeForm(forms.RequestLoginCodeForm):
    """The address a sign-in code is sent to."""

    def clean_email(self) -> str:
        """The address in the spelling it is stored in."""
        self.cleaned_data["email"] = one_spelling(self.cleaned_data["email"])
        return super().clean_email()
