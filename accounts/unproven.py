"""An account that never proved its address gives it up to the one that does."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser


def drop_unproven_claims(*, user: AbstractBaseUser, address: str) -> None:
    """Free an address that `user` has just verified from accounts that only claim it.

    Otherwise anybody could sign up with somebody's address, never verify it, and keep the owner from making
    it the address they sign in with. An account goes altogether where nobody has ever signed in to it and no
    other address of it is verified; staff are left alone, since a colleague made their account.
    """
    EmailAddress.objects.filter(email__iexact=address, verified=False).exclude(user_id=user.pk).delete()
    get_user_model().objects.filter(email__iexact=address, is_staff=False, last_login=None).exclude(
        pk=user.pk
    ).exclude(emailaddress__verified=True).delete()
