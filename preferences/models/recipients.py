"""People, and the addresses and numbers by which they are reached: all personal data lives here."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from preferences.enums import ContactKind, Relationship
from preferences.identity import address_hash, mask_address, normalize_address
from preferences.models.catalogue import Brand
from preferences.models.country import validate_country


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
        validators=[validate_country],
    )
    relationship = models.CharField(
        _("relationship"), max_length=17, choices=Relationship, blank=True, default=""
    )
    organisation = models.CharField(_("organisation"), max_length=160, blank=True, default="")
    born_on = models.DateField(
        _("born on"),
        null=True,
        blank=True,
        help_text=_("Only asked for where a brand offers something to children."),
    )
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

    def make(self, *, recipient: int, kind: ContactKind, value: str, now: dt.datetime) -> ContactPoint:
        """A new contact point of a recipient (primary key), not saved yet: every one is made here.

        Raises AddressInvalid where the text is no such address.
        """
        kind = ContactKind(kind)
        normalized = normalize_address(kind=kind, value=value)
        return ContactPoint(
            recipient_id=recipient,
            kind=kind,
            value=value.strip(),
            normalized=normalized,
            address_hash=address_hash(kind=kind, normalized=normalized),
            created_at=now,
        )


class ContactPoint(models.Model):
    """An address or number of a recipient. One address belongs to one recipient."""

    recipient = models.ForeignKey(
        Recipient, models.CASCADE, related_name="contact_points", verbose_name=_("recipient")
    )
    kind = models.CharField(_("kind"), max_length=6, choices=ContactKind)
    value = models.CharField(_("address or number"), max_length=320)
    normalized = models.CharField(_("spelling it is found by"), max_length=320)
    address_hash = models.BinaryField(_("keyed hash"), max_length=32, editable=False)
    verified_at = models.DateTimeField(_("verified at"), null=True, blank=True)
    unreachable_at = models.DateTimeField(
        _("unreachable since"),
        null=True,
        blank=True,
        help_text=_("Messages came back for good (hard bounce)."),
    )
    screened_at = models.DateTimeField(
        _("screened at"),
        null=True,
        blank=True,
        help_text=_("When the number was last looked up in the do-not-call register of its country."),
    )
    on_register = models.BooleanField(_("in the do-not-call register"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))

    objects: ClassVar[ContactPointQuerySet] = ContactPointQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")
        constraints = [
            models.UniqueConstraint(
                fields=["normalized", "kind"],
                name="contact_point_unique",
                violation_error_message=_("This address or number belongs to a recipient already."),
            ),
            models.CheckConstraint(
                name="contact_point_screening_has_a_result",
                condition=Q(screened_at=None, on_register=None)
                | Q(kind=ContactKind.PHONE, screened_at__isnull=False, on_register__isnull=False),
                violation_error_message=_("A phone number was looked up with a result, or not at all."),
            ),
        ]

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        """The address with most of it hidden, fit for a page opened by a link."""
        return mask_address(kind=ContactKind(self.kind), value=self.value)

    @property
    def domain(self) -> str:
        """The domain of an e-mail address, in the spelling suppressions are found by; empty for other kinds."""
        return self.normalized.rpartition("@")[2] if self.kind == ContactKind.EMAIL else ""


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


class Sale(models.Model):
    """A sale by one brand to one person: the fact that soft opt-in rests on (Directive 2002/58 article 13(2))."""

    recipient = models.ForeignKey(
        Recipient, models.CASCADE, related_name="sales", verbose_name=_("recipient")
    )
    brand = models.ForeignKey(Brand, models.PROTECT, related_name="+", verbose_name=_("brand"))
    sold_on = models.DateField(_("sold on"))
    subject = models.CharField(
        _("subject"), max_length=160, help_text=_("What was sold. No name, address or number.")
    )
    refusal_offered = models.BooleanField(
        _("refusal offered"),
        default=False,
        help_text=_("The person could refuse marketing when the address was collected."),
    )
    recorded_at = models.DateTimeField(_("recorded at"))

    class Meta:
        verbose_name = _("sale")
        verbose_name_plural = _("sales")
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "brand", "sold_on", "subject"],
                name="sale_unique",
                violation_error_message=_("This sale is on record already."),
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class ConfirmationRequest(models.Model):
    """A mail that asks a person to confirm what they said yes to (double opt-in). Holds no token and no address."""

    recipient = models.ForeignKey(
        Recipient, models.CASCADE, related_name="confirmation_requests", verbose_name=_("recipient")
    )
    requested_at = models.DateTimeField(_("requested at"))
    due_at = models.DateTimeField(_("due at"), help_text=_("When the mail may go out, after the cool-down."))
    answered_at = models.DateTimeField(
        _("answered at"), null=True, blank=True, help_text=_("When the mail was sent, or given up.")
    )
    sent = models.BooleanField(_("sent"), default=False)

    class Meta:
        verbose_name = _("confirmation request")
        verbose_name_plural = _("confirmation requests")
        indexes = [models.Index(fields=["recipient", "-due_at"], name="confirmation_by_recipient")]
        constraints = [
            models.UniqueConstraint(
                fields=["recipient"], name="confirmation_one_waiting", condition=Q(answered_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
