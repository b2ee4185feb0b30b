"""People, and the addresses and numbers by which they are reached: all personal data lives here."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from preferences.enums import ContactKind, Relationship
from preferences.identity import mask_address, normalize_address


class Recipient(models.Model):
    """The person (data subject), with or without an account."""

    account = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("account"),
        related_name="recipient",
    )
    external_id = models.CharField(
        _("external id"),
        max_length=80,
        null=True,
        blank=True,
        unique=True,
        help_text=_("This person's id in the customer system."),
    )
    language = models.CharField(_("language"), max_length=12, blank=True, default="")
    country = models.CharField(
        _("country"),
        max_length=2,
        blank=True,
        default="",
        validators=[RegexValidator(r"^[A-Z]{2}$", _("Two capital letters, ISO 3166-1."))],
    )
    relationship = models.CharField(
        _("relationship"), max_length=17, choices=Relationship, blank=True, default=""
    )
    organisation = models.CharField(_("organisation"), max_length=160, blank=True, default="")
    created_at = models.DateTimeField(_("created at"))
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, verbose_name=_("merged into"), related_name="absorbed"
    )
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True)

    class Meta:
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        permissions = [
            ("act_on_behalf", "Can change choices on a person's behalf"),
            ("erase_recipient", "Can erase a person's data"),
        ]
        constraints = [
            models.CheckConstraint(
                name="recipient_not_merged_into_itself", condition=~Q(merged_into=models.F("id"))
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class ContactPointQuerySet(models.QuerySet["ContactPoint"]):
    def at(self, *, kind: ContactKind, value: str) -> ContactPointQuerySet:
        """The contact point with this address or number, however it is spelled.

        Raises AddressInvalid where the text is no such address.
        """
        return self.filter(kind=kind, normalized=normalize_address(kind=kind, value=value))


class ContactPoint(models.Model):
    """An address or number of a recipient. One address belongs to one recipient."""

    recipient = models.ForeignKey(
        Recipient, models.CASCADE, related_name="contact_points", verbose_name=_("recipient")
    )
    kind = models.CharField(_("kind"), max_length=6, choices=ContactKind)
    value = models.CharField(_("address or number"), max_length=320)
    normalized = models.CharField(_("spelling it is found by"), max_length=320)
    verified_at = models.DateTimeField(_("verified at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))

    objects: ClassVar[models.Manager[ContactPoint]] = ContactPointQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")
        constraints = [
            models.UniqueConstraint(
                fields=["normalized", "kind"],
                name="contact_point_unique",
                violation_error_message=_("This address or number belongs to a recipient already."),
            )
        ]

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        """The address with most of it hidden, fit for a page opened by a link."""
        return mask_address(kind=ContactKind(self.kind), value=self.value)


class LinkRequest(models.Model):
    """One request on the lost-link page. Holds no address, only keyed hashes to count by."""

    mailbox_hash = models.CharField(_("mailbox, keyed hash"), max_length=64)
    client_hash = models.CharField(_("client, keyed hash"), max_length=64)
    requested_at = models.DateTimeField(_("requested at"))
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)

    class Meta:
        verbose_name = _("link request")
        verbose_name_plural = _("link requests")
        indexes = [
            models.Index(fields=["mailbox_hash", "requested_at"], name="link_request_by_mailbox"),
            models.Index(fields=["client_hash", "requested_at"], name="link_request_by_client"),
            models.Index(fields=["requested_at"], condition=Q(answered_at=None), name="link_request_waiting"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
