"""What people can choose about: brands, topics, profiling purposes. Staff edit these; every edit is kept."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from i18nfield.fields import I18nCharField, I18nTextField
from simple_history.models import HistoricalRecords

from preferences.enums import Channel, Kind, ProfilingUse, Requirement


class Brand(models.Model):
    """A company of the group: who sends."""

    key = models.SlugField(_("key"), unique=True, help_text=_("Short name for programs; never changes."))
    name = models.CharField(_("name"), max_length=80)
    legal_entity = models.CharField(_("legal entity"), max_length=160)
    privacy_notice_url = models.URLField(_("privacy notice"))
    sender_name = models.CharField(_("sender name"), max_length=80)
    sender_email = models.EmailField(_("sender address"))
    colour = models.CharField(
        _("colour"),
        max_length=7,
        default="#1f4b99",
        validators=[RegexValidator(r"^#[0-9a-f]{6}$", _("Six hexadecimal digits after a #, in lower case."))],
        help_text=_("The brand's own colour, such as #1f4b99."),
    )
    offers_to_children = models.BooleanField(
        _("offers to children"),
        default=False,
        db_default=False,
        help_text=_("What this brand sells is offered to children too, so that their age has to be known."),
    )
    tells_changes = models.BooleanField(
        _("tells people of changes"),
        default=True,
        db_default=True,
        help_text=_(
            "What is changed through a manage link or by staff is mailed to the person, with the way back."
        ),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("brand")
        verbose_name_plural = _("brands")

    def __str__(self) -> str:
        return self.name


class PurposeQuerySet(models.QuerySet["Purpose"]):
    def offered(self) -> PurposeQuerySet:
        """Those people can still opt in to."""
        return self.filter(retired_at=None).exclude(brand__retired_at__isnull=False)

    def with_children(self) -> PurposeQuerySet:
        """With `children` on each: whether any brand offers something to children."""
        return self.annotate(
            children=models.Exists(Brand.objects.filter(offers_to_children=True, retired_at=None))
        )


class Purpose(models.Model):
    """A topic or a profiling purpose: whatever a choice can be about."""

    kind = models.CharField(_("kind"), max_length=9, choices=Kind, editable=False)
    key = models.SlugField(_("key"), unique=True, help_text=_("Short name for programs; never changes."))
    brand = models.ForeignKey(
        Brand, models.PROTECT, null=True, blank=True, verbose_name=_("brand"), related_name="topics"
    )
    name = I18nCharField(_("name"))
    description = I18nTextField(
        _("description"), help_text=_("What people get or what is done, in one or two sentences.")
    )
    data_used = I18nTextField(
        _("data used"), blank=True, default="", help_text=_("Which personal data this uses.")
    )
    channels = ArrayField(
        models.CharField(max_length=10, choices=Channel), verbose_name=_("channels"), default=list, blank=True
    )
    requirement = models.CharField(
        _("default where nothing is said"),
        max_length=13,
        choices=Requirement,
        blank=True,
        default="",
        help_text=_("For profiling purposes. Topics follow the national marketing rules."),
    )
    use = models.CharField(
        _("use"),
        max_length=21,
        choices=ProfilingUse,
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "For profiling purposes: what is done with the data. National law has rules for some uses."
        ),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)

    objects: ClassVar[Any] = PurposeQuerySet.as_manager()

    # By PurposeQuerySet.with_children.
    children: bool

    class Meta:
        verbose_name = _("purpose")
        verbose_name_plural = _("purposes")
        constraints = [
            models.CheckConstraint(
                name="purpose_topic_or_profiling",
                condition=Q(
                    kind=Kind.MARKETING, brand__isnull=False, channels__len__gt=0, requirement="", use=""
                )
                | Q(kind=Kind.PROFILING, brand=None, channels=[]) & ~Q(requirement="") & ~Q(use=""),
                violation_error_message=_(
                    "A topic has a brand and at least one channel; a profiling purpose has neither, but a default"
                    " and a use."
                ),
            ),
            models.UniqueConstraint(
                fields=["use"],
                name="purpose_one_for_email_tracking",
                condition=Q(use=ProfilingUse.EMAIL_TRACKING, retired_at=None),
                violation_error_message=_("There is a purpose for e-mail tracking already."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.name)


class TopicManager(models.Manager["Topic"]):
    def get_queryset(self) -> models.QuerySet[Topic]:
        return super().get_queryset().filter(kind=Kind.MARKETING)


class Topic(Purpose):
    """What marketing is about. Belongs to a brand, offered on some channels."""

    history = HistoricalRecords()
    objects: ClassVar[TopicManager] = TopicManager()  # type: ignore[assignment]

    class Meta:
        proxy = True
        verbose_name = _("topic")
        verbose_name_plural = _("topics")


class ProfilingPurposeManager(models.Manager["ProfilingPurpose"]):
    def get_queryset(self) -> models.QuerySet[ProfilingPurpose]:
        return super().get_queryset().filter(kind=Kind.PROFILING)


class ProfilingPurpose(Purpose):
    """A use of personal data to tailor marketing, which a person may refuse on its own."""

    history = HistoricalRecords()
    objects: ClassVar[ProfilingPurposeManager] = ProfilingPurposeManager()  # type: ignore[assignment]

    class Meta:
        proxy = True
        verbose_name = _("profiling purpose")
        verbose_name_plural = _("profiling purposes")
