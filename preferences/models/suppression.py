"""Addresses and domains that must not get marketing, whoever they belong to."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from preferences.enums import SuppressionKind, SuppressionReason


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def in_force(self) -> SuppressionQuerySet:
        """Those that nobody has lifted."""
        return self.filter(lifted_at=None)

    def for_the_same(self, suppression: Suppression) -> SuppressionQuerySet:
        """Those for the address or the domain that `suppression` is for."""
        return self.filter(address_hash=suppression.address_hash, domain=suppression.domain)

    def put_in_force(self, suppression: Suppression) -> bool:
        """Store a new one, unless one for the same address or domain is in force already; whether it was stored."""
        if self.in_force().for_the_same(suppression).exists():
            return False
        try:
            with transaction.atomic():
                suppression.save()
        except IntegrityError:
            if self.in_force().for_the_same(suppression).exists():
                return False
            raise
        return True


class Suppression(models.Model):
    """Marketing to one address (known by its keyed hash alone) or to every e-mail address of a domain is off.

    Survives the erasure of the person. Lifted by staff, never deleted.
    """

    kind = models.CharField(_("kind"), max_length=7, choices=SuppressionKind)
    address_hash = models.BinaryField(_("keyed hash"), max_length=32, null=True, editable=False)
    domain = models.CharField(
        _("domain"), max_length=253, blank=True, default="", help_text=_("In its ASCII form, in lower case.")
    )
    reason = models.CharField(_("reason"), max_length=10, choices=SuppressionReason)
    note = models.CharField(
        _("note"), max_length=300, blank=True, default="", help_text=_("No name, address or number.")
    )
    created_at = models.DateTimeField(_("created at"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("created by"),
    )
    lifted_at = models.DateTimeField(_("lifted at"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("lifted by"),
    )

    history = HistoricalRecords()
    objects: ClassVar[SuppressionQuerySet] = SuppressionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        # Those that were lifted are asked too: what held at an earlier moment, and what staff look for. A query says
        # that the domain is not empty: most rows have none, and PostgreSQL would rather read the whole table.
        indexes = [
            models.Index(fields=["address_hash"], name="suppression_by_address"),
            models.Index(fields=["domain"], name="suppression_by_domain", condition=~Q(domain="")),
        ]
        constraints = [
            models.CheckConstraint(
                name="suppression_address_or_domain",
                condition=Q(kind=SuppressionKind.ADDRESS, address_hash__isnull=False, domain="")
                | Q(kind=SuppressionKind.DOMAIN, address_hash=None) & ~Q(domain=""),
            ),
            models.UniqueConstraint(
                fields=["address_hash"],
                name="suppression_of_address_unique",
                condition=Q(lifted_at=None, address_hash__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["domain"],
                name="suppression_of_domain_unique",
                condition=Q(lifted_at=None) & ~Q(domain=""),
                violation_error_message=_("This domain is suppressed already."),
            ),
        ]

    def __str__(self) -> str:
        return self.domain or f"#{self.pk}"
