"""The programs that may ask and tell over HTTP, and what is kept to serve them fairly."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from preferences.models.catalogue import Brand


class ApiClient(models.Model):
    """A program with a client id and a secret (OAuth 2.0 client credentials), for one brand or for the whole group.

    What it may do is the scopes of `client`, the OAuth side of it.
    """

    client = models.OneToOneField(
        "allauth_idp_oidc.Client", models.PROTECT, related_name="api_client", verbose_name=_("OAuth client")
    )
    brand = models.ForeignKey(
        Brand,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("brand"),
        help_text=_("The one brand it may ask and tell about; empty for the whole group."),
    )
    created_at = models.DateTimeField(_("created at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("revoked by"),
    )

    class Meta:
        verbose_name = _("API client")
        verbose_name_plural = _("API clients")
        permissions = [("revoke_apiclient", "Can revoke API clients")]

    def __str__(self) -> str:
        return str(self.client.name)


class ApiAllowance(models.Model):
    """How many of a client's requests of the running minute the server processes have reserved."""

    client = models.OneToOneField(
        ApiClient, models.CASCADE, primary_key=True, related_name="+", verbose_name=_("API client")
    )
    minute = models.DateTimeField(_("minute"))
    used = models.PositiveIntegerField(_("used"))
    granted = models.PositiveIntegerField(_("granted last"))

    class Meta:
        verbose_name = _("API allowance")
        verbose_name_plural = _("API allowances")

    def __str__(self) -> str:
        return f"#{self.pk}"


class ApiAnswer(models.Model):
    """The answer to a write that bore an Idempotency-Key, to be given again when the same request comes again."""

    client = models.ForeignKey(
        ApiClient, models.CASCADE, related_name="+", verbose_name=_("API client"), db_index=False
    )
    key = models.CharField(_("idempotency key"), max_length=200)
    request_hash = models.CharField(
        _("request, keyed hash"), max_length=64, help_text=_("Of method, path and body.")
    )
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    body = models.TextField(_("body"), blank=True, default="")
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("API answer")
        verbose_name_plural = _("API answers")
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="api_answer_unique")]
        indexes = [models.Index(fields=["created_at"], name="api_answer_by_time")]

    def __str__(self) -> str:
        return f"#{self.pk}"
