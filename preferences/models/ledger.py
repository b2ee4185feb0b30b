"""The history and the current state. Only `preferences.ledger` writes these tables."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from preferences.enums import Actor, Channel, Kind, LegalBasis, Route, Source, State
from preferences.models.catalogue import Brand, Purpose
from preferences.models.recipients import Recipient
from preferences.models.wording import Wording, WordingText
from preferences.scope import Scope


def legal_basis_of(state: State) -> LegalBasis | None:
    """What a statement of this state is in law; None where it says nothing."""
    match state:
        case State.OPTED_IN | State.PENDING:
            return LegalBasis.CONSENT
        case State.OPTED_OUT:
            return LegalBasis.OBJECTION
        case _:
            return None


class Statement(models.Model):
    """The columns that Event and Choice share: who, about what, which answer."""

    recipient = models.ForeignKey(
        Recipient, models.PROTECT, db_index=False, verbose_name=_("recipient"), related_name="%(class)ss"
    )
    kind = models.CharField(_("kind"), max_length=9, choices=Kind)
    brand = models.ForeignKey(
        Brand,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("brand"),
    )
    purpose = models.ForeignKey(
        Purpose,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("purpose"),
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, null=True, blank=True)  # noqa: DJ001 - null is "all", as in brand and purpose
    state = models.CharField(_("state"), max_length=9, choices=State)
    occurred_at = models.DateTimeField(_("occurred at"), help_text=_("When the person said it."))
    confirmed = models.BooleanField(
        _("confirmed"),
        default=False,
        db_default=False,
        help_text=_("A yes that was confirmed through a link mailed to the person (double opt-in)."),
    )

    class Meta:
        abstract = True

    @property
    def scope(self) -> Scope:
        """What this covers, as the value the ledger and the decisions reckon with."""
        return Scope(
            kind=Kind(self.kind),
            brand=self.brand_id,
            purpose=self.purpose_id,
            channel=Channel(self.channel) if self.channel else None,
        )


class EventQuerySet(models.QuerySet["Event"]):
    def standing(self) -> EventQuerySet:
        """Those that Choices can rest on: statements that were not undone.

        A yes that came too late stays out for good. It needed no evidence because it moved nothing, so it must not
        come to life when the newer statement is undone. A no that came too late does: a stop is never lost.
        """
        return self.filter(undoes=None, undone_by=None).filter(Q(superseded=False) | Q(state=State.OPTED_OUT))


class Event(Statement):
    """One statement as it was made. Never changed, never deleted: triggers refuse UPDATE, DELETE and TRUNCATE."""

    previous_state = models.CharField(_("state before"), max_length=9, choices=State)
    source = models.CharField(_("source"), max_length=13, choices=Source)
    actor = models.CharField(_("actor"), max_length=9, choices=Actor)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("staff member"),
    )
    route = models.CharField(_("route"), max_length=9, choices=Route, blank=True, default="")
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="")
    wording = models.ForeignKey(
        Wording,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("wording"),
    )
    undoes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="undone_by", verbose_name=_("undoes")
    )
    superseded = models.BooleanField(
        _("superseded"),
        default=False,
        help_text=_("Something newer had been said when this was recorded, so it moved nothing."),
    )
    recorded_at = models.DateTimeField(_("recorded at"), help_text=_("When we knew it."))

    objects: ClassVar[EventQuerySet] = EventQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        permissions = [("export_event", "Can export events")]
        indexes = [
            models.Index(fields=["recipient", "-id"], name="event_by_recipient"),
            BrinIndex(fields=["recorded_at"], name="event_by_time"),
        ]
        constraints = [
            models.CheckConstraint(
                name="event_scope_has_a_meaning",
                condition=Q(kind=Kind.PROFILING, brand=None, channel=None)
                | (Q(kind=Kind.MARKETING) & (Q(purpose=None) | Q(brand__isnull=False))),
            ),
            models.CheckConstraint(
                name="event_unstated_only_by_undo",
                condition=~Q(state=State.UNSTATED) | Q(source=Source.UNDO),
            ),
            models.CheckConstraint(
                name="event_undo_names_its_event",
                condition=Q(source=Source.UNDO, undoes__isnull=False)
                | (~Q(source=Source.UNDO) & Q(undoes=None)),
            ),
            models.CheckConstraint(
                name="event_confirmed_is_a_yes", condition=Q(confirmed=False) | Q(state=State.OPTED_IN)
            ),
            models.CheckConstraint(
                name="event_staff_evidence",
                condition=~Q(source=Source.STAFF) | (Q(staff__isnull=False) & ~Q(route="") & ~Q(reason="")),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def legal_basis(self) -> LegalBasis | None:
        """What the statement was in law; None where it said nothing."""
        return legal_basis_of(State(self.state))

    @property
    def shown(self) -> WordingText | None:
        """The words the person was shown, as a value; None where nothing of ours was shown."""
        return WordingText(language=self.wording.language, text=self.wording.text) if self.wording else None


class Choice(Statement):
    """The current statement of one recipient for one scope; rests on an Event."""

    event = models.ForeignKey(
        Event, models.PROTECT, db_index=False, related_name="+", verbose_name=_("event")
    )

    class Meta:
        verbose_name = _("choice")
        verbose_name_plural = _("choices")
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "kind", "brand", "purpose", "channel"],
                name="choice_unique",
                nulls_distinct=False,
            ),
            models.CheckConstraint(name="choice_is_stated", condition=~Q(state=State.UNSTATED)),
            models.CheckConstraint(
                name="choice_confirmed_is_a_yes", condition=Q(confirmed=False) | Q(state=State.OPTED_IN)
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class Merge(models.Model):
    """Two recipients turned out to be one person. Stands in the history of both; append-only like Event."""

    surviving = models.ForeignKey(
        Recipient, models.PROTECT, related_name="merges", verbose_name=_("surviving recipient")
    )
    absorbed = models.OneToOneField(
        Recipient, models.PROTECT, related_name="merge", verbose_name=_("absorbed recipient")
    )
    reason = models.CharField(_("reason"), max_length=200)
    recorded_at = models.DateTimeField(_("recorded at"))

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")

    def __str__(self) -> str:
        return f"#{self.absorbed_id} → #{self.surviving_id}"
