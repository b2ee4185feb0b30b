"""What we change in allauth's own course of things."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY, clear_login, unstash_login
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.privacy_signal import record_signal
from accounts.spelling import one_spelling
from accounts.verified import link_and_say


class AccountAdapter(DefaultAccountAdapter):
    """allauth's accounts, with addresses spelled as recipients' are, and verification all or nothing."""

    def clean_email(self, email: str) -> str:
        """The one spelling of an address somebody typed."""
        return one_spelling(super().clean_email(email))

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Verify and link in one transaction; say whether the address is verified now."""
        try:
            with transaction.atomic():
                return super().confirm_email(request, email_address)
        except IntegrityError:
            # Another account verified the same address in the same moment.
            self.add_message(
                request,
                messages.ERROR,
                "account/messages/email_confirmation_failed.txt",
                {"email": email_address.email},
            )
            return False

    def save_user(
        self, request: HttpRequest, user: AbstractBaseUser, form: BaseForm, commit: bool = True
    ) -> AbstractBaseUser:
        """Store somebody who signs up. A password chosen here counts as typed here: see `keep_one_way_in`."""
        user = super().save_user(request, user, form, commit)
        if user.has_usable_password():
            record_authentication(request, user, method="password")
        return user

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **login: Any) -> HttpResponse:
        """Let a person in, and put the privacy signal of the browser on record if it sends one."""
        response: HttpResponse = super().post_login(request, user, **login)
        record_signal(request=request, user=user)
        return response

    def get_login_stages(self) -> list[str]:
        """What stands between a sign-in that has begun and its end: nothing any more where the account is gone."""
        request = self.request or context.request
        begun = unstash_login(request, peek=True)
        # The user is None as well where nobody is, so that known and unknown addresses look the same.
        if begun and begun.user is None and request.session[LOGIN_SESSION_KEY]["user_pk"]:
            clear_login(request)
            raise ImmediateHttpResponse(redirect(settings.LOGIN_URL))
        stages: list[str] = super().get_login_stages()
        return stages

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send one of the mails in templates/account/email."""
        super().send_mail(template_prefix, email, {"base_url": settings.BASE_URL, **context})


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Sign-in through an OpenID Connect server."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Believe that an address is verified only where the server says exactly so."""
        for address in sociallogin.email_addresses:
            # Some servers send the word "false", which is true in Python.
            address.verified = address.verified is True

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> AbstractBaseUser:
        """Store somebody who signs up this way; what the server verified is linked as if verified here.

        Where it verified nothing, the account is not connected with the server until its address is: whoever
        comes through with the address of somebody else must have nothing that waits for the owner.
        """
        with transaction.atomic():
            user: AbstractBaseUser = super().save_user(request, sociallogin, form)
            verified = list(EmailAddress.objects.filter(user_id=user.pk, verified=True))
            for address in verified:
                link_and_say(request=request, user=user, address=address.email)
            if not verified:
                sociallogin.account.delete()
        return user
