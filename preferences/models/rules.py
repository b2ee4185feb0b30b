"""National marketing law as rows that staff edit, and the sets of rules that have been in force."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from preferences.enums import Channel, Confidence, ProfilingUse, Relationship, Requirement
from preferences.models.country import validate_country_or_any
from preferences.rules.values import ANY, VALUES

_ANY_CHOICE = (ANY, _("Any"))


class Rule(models.Model):
    """The columns both kinds of rules share: where, what is required, and by which law.

    `shipped` holds what `load_rules` last wrote into the row (requirement, law, note, confidence); None for a row that
    staff added. A row that differs from it was edited by staff.
    """

    country = models.CharField(
        _("country"),
        max_length=2,
        validators=[validate_country_or_any],
        help_text=_("Two capital letters (ISO 3166-1), or * for any."),
    )
    requirement = models.CharField(_("required permission"), max_length=13, choices=Requirement)
    law = models.CharField(_("law"), max_length=300, help_text=_("The source relied on."))
    note = models.TextField(_("note"), blank=True, default="")
    confidence = models.CharField(_("confidence"), max_length=6, choices=Confidence, default=Confidence.LOW)
    shipped = models.JSONField(_("as shipped"), null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def values(self) -> dict[str, str]:
        """What the row says, in the shape of `shipped`."""
        return {name: str(getattr(self, name)) for name in VALUES}


class MarketingRule(Rule):
    """What marketing needs, by country, channel and relationship; `*` stands for any."""

    channel = models.CharField(_("channel"), max_length=10, choices=[_ANY_CHOICE, *Channel.choices])
    relationship = models.CharField(
        _("relationship"), max_length=17, choices=[_ANY_CHOICE, *Relationship.choices]
    )

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("marketing rule")
        verbose_name_plural = _("marketing rules")
        constraints = [
            models.UniqueConstraint(
                fields=["country", "channel", "relationship"],
                name="marketing_rule_unique",
                violation_error_message=_("There is a rule for this combination already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.country}/{self.channel}/{self.relationship}"


class ProfilingRule(Rule):
    """What one use of data for profiling needs in one country; elsewhere the purpose's own default holds."""

    use = models.CharField(_("use"), max_length=21, choices=ProfilingUse)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("profiling rule")
        verbose_name_plural = _("profiling rules")
        constraints = [
            models.UniqueConstraint(
                fields=["country", "use"],
                name="profiling_rule_unique",
                violation_error_message=_("There is a rule for this combination already."),
            ),
            models.CheckConstraint(
                name="profiling_rule_of_one_country",
                condition=~Q(country=ANY),
                violation_error_message=_("Elsewhere the purpose's own default holds: name one country."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.country}/{self.use}"


class PublishedRules(models.Model):
    """One set of rules as it came into force: decisions read the newest, and verdicts name its version.

    Never changed, never deleted (a trigger refuses), so that any verdict can be explained later.
    """

    version = models.CharField(_("version"), max_length=64, help_text=_("SHA-256 of the content."))
    content = models.JSONField(_("content"))
    in_force_from = models.DateTimeField(_("in force from"))

    class Meta:
        verbose_name = _("published rules")
        verbose_name_plural = _("published rules")
        indexes = [models.Index(fields=["-in_force_from"], name="published_rules_by_time")]

    def __str__(self) -> str:
        return self.version[:12]
