"""Until an account has proven an address, anybody may have made it: what its owner gets, and what others lose."""

from __future__ import annotations

from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest


def has_proven_another(*, address: EmailAddress) -> bool:
    """Whether the account of `address` has shown before that some other address is its own."""
    others = EmailAddress.objects.filter(user_id=address.user_id, verified=True)
    return others.exclude(pk=address.pk).exists()


def keep_one_way_in(*, request: HttpRequest, user: AbstractBaseUser) -> None:
    """Leave an account that proves its first address no way in but the one this browser has just taken.

    A stranger may have signed up with the address, by password or through a sign-in server that vouches for
    nothing, and waited for the owner of the mailbox to prove it. What the browser that proved it did last shows
    which way in is the owner's: a password typed here stays, the server come through here gets connected.
    Everything else goes, and every other session ends.
    """
    records = get_authentication_records(request, user)
    last = records[-1] if records else {"method": None}
    if last["method"] != "password" and user.has_usable_password():
        # Sessions that are only just being opened with it end as well: each is tied to the password.
        user.set_unusable_password()
        user.save(update_fields=["password"])
    SocialAccount.objects.filter(user_id=user.pk).delete()
    if last["method"] == "socialaccount":
        SocialAccount.objects.get_or_create(
            provider=last["provider"], uid=last["uid"], defaults={"user": user}
        )
    Authenticator.objects.filter(user_id=user.pk).delete()
    others = UserSession.objects.filter(user_id=user.pk).exclude(session_key=request.session.session_key)
    for session in others:
        session.end()


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
