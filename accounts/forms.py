"""Forms where we differ from allauth: any spelling finds the account, and empty claims stop nobody."""

from __future__ import annotations

from allauth.account import forms
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress

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


class ConfirmAddressForm(forms.ConfirmEmailVerificationCodeForm):
    """The code that verifies an address."""

    def clean_code(self) -> str:
        """The code, if it is right. Only an account that has verified the address stands in the way of another."""
        code: str = super(forms.ConfirmEmailVerificationCodeForm, self).clean_code()
        if EmailAddress.objects.filter(email=self.email, verified=True).exclude(user=self.user).exists():
            raise get_adapter().validation_error("email_taken")
        return code
