from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.spelling import one_spelling


class UserManager(BaseUserManager["User"]):
    """Creates users whose login is their e-mail address."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """The one spelling in which an address signs in; Django's would keep the case before the @."""
        return one_spelling(email or "")

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Store and return a user; no password means login by code or passkey only.

        Raises ValueError when the address is empty.
        """
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Store and return a user with every right (called by `createsuperuser`)."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """The user whose login is this address, in whatever letter case."""
        return self.get(email__iexact=username)


class User(AbstractUser):
    """Somebody who can sign in: an account holder, or staff. The login is the e-mail address."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_unique",
                violation_error_message=_("Another account uses this e-mail address."),
            )
        ]

    def __str__(self) -> str:
        return self.email
