"""E-mail that came in, and the few mails we send. Both hold personal data for as long as rules/retention.csv says."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from i18nfield.fields import I18nCharField, I18nTextField
from simple_history.models import HistoricalRecords

from preferences.enums import AttemptOutcome, ContactKind, Hold, Intake, MailKind, MessageKind, MessageState
from preferences.identity import LONGEST_ADDRESS
from preferences.models.catalogue import Brand
from preferences.models.ledger import Event
from preferences.models.recipients import ContactPoint, Recipient


class MessageQuerySet(models.QuerySet["Message"]):
    def finished(self) -> MessageQuerySet:
        """Those whose content nothing needs any more. An answer that is on its way needs the sender's address."""
        on_its_way = Mail.objects.unfinished().filter(answers=OuterRef("pk"))
        waits = [MessageState.RECEIVED, MessageState.WAITING]
        return self.exclude(state__in=waits).exclude(Exists(on_its_way))

    def delete_content(self, *, now: dt.datetime) -> int:
        """Delete what names the person, in their copies too; the rows stay. Returns how many it was deleted of.

        In a transaction. What somebody else has locked at this moment is left alone.
        """
        pks = [row.pk for row in self.only("pk").select_for_update(of=("self",), skip_locked=True)]
        MessageCopy.objects.filter(message__in=pks).update(raw=None)
        return Message.objects.filter(pk__in=pks).update(
            raw=None,
            sender="",
            subject="",
            text="",
            envelope_sender="",
            recipients=[],
            evidence={},
            content_deleted_at=now,
        )


class Message(models.Model):
    """An e-mail that came in, or a report of the e-mail service about one of ours. One row for one Message-ID.

    `raw` is what was received, byte by byte: MIME, or JSON where `is_report`. The columns below it are what was
    understood. What names the person (`raw`, `sender`, `subject`, `text`, `recipients`, `evidence`) goes at the end of
    its retention; the row and its events stay.
    """

    key = models.CharField(
        _("key"), max_length=64, unique=True, help_text=_("The same message has the same key.")
    )
    received_at = models.DateTimeField(_("received at"))
    intake = models.CharField(_("came by"), max_length=8, choices=Intake)
    is_report = models.BooleanField(_("report of the e-mail service"), default=False)
    envelope_sender = models.CharField(
        _("envelope sender"), max_length=LONGEST_ADDRESS, blank=True, default=""
    )
    recipients = ArrayField(
        models.CharField(max_length=LONGEST_ADDRESS), verbose_name=_("written to"), default=list, blank=True
    )
    size = models.PositiveIntegerField(_("size in bytes"))
    raw = models.BinaryField(_("as received"), null=True, editable=False)

    state = models.CharField(_("state"), max_length=9, choices=MessageState, default=MessageState.RECEIVED)
    kind = models.CharField(_("kind"), max_length=12, choices=MessageKind, blank=True, default="")
    hold = models.CharField(_("why it waits"), max_length=17, choices=Hold, blank=True, default="")
    sender = models.CharField(_("sender"), max_length=LONGEST_ADDRESS, blank=True, default="")
    subject = models.CharField(_("subject"), max_length=500, blank=True, default="")
    text = models.TextField(
        _("text"), blank=True, default="", help_text=_("What the sender wrote, quotes included.")
    )
    language = models.CharField(
        _("language"),
        max_length=12,
        blank=True,
        default="",
        db_default="",
        help_text=_("The person's, to answer in."),
    )
    evidence = models.JSONField(
        _("evidence"),
        default=dict,
        blank=True,
        help_text=_("What the mail server found out about the sender."),
    )
    brand = models.ForeignKey(
        Brand,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("brand written to"),
    )
    recipient = models.ForeignKey(
        Recipient,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="messages",
        verbose_name=_("recipient"),
    )
    contact_point = models.ForeignKey(
        ContactPoint,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("contact point"),
    )
    suggestion = models.JSONField(
        _("suggested action"), default=list, blank=True, help_text=_("Scopes to stop.")
    )

    due_at = models.DateTimeField(_("due at"), null=True, blank=True)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("assigned to"),
    )
    handled_at = models.DateTimeField(_("handled at"), null=True, blank=True)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("handled by"),
    )
    note = models.CharField(
        _("note"), max_length=300, blank=True, default="", help_text=_("No name, address or number.")
    )
    content_deleted_at = models.DateTimeField(_("content deleted at"), null=True, blank=True)

    objects: ClassVar[MessageQuerySet] = MessageQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        permissions = [("handle_message", "Can act on messages and answer them")]
        indexes = [
            models.Index(fields=["received_at"], name="message_received", condition=Q(state="received")),
            models.Index(fields=["due_at", "id"], name="message_waiting", condition=Q(state="waiting")),
            # A message that comes in has none of these: what is stored most often is in as few indexes as can be.
            models.Index(
                fields=["recipient", "-id"], name="message_by_recipient", condition=Q(recipient__isnull=False)
            ),
            models.Index(
                fields=["contact_point"],
                name="message_by_contact_point",
                condition=Q(contact_point__isnull=False),
            ),
            models.Index(
                fields=["assigned_to"], name="message_by_assigned", condition=Q(assigned_to__isnull=False)
            ),
            models.Index(
                fields=["handled_by"], name="message_by_handler", condition=Q(handled_by__isnull=False)
            ),
            models.Index(fields=["sender", "-id"], name="message_by_sender", condition=~Q(sender="")),
            models.Index(fields=["state", "-id"], name="message_by_state"),
            models.Index(
                fields=["kind", "received_at"], name="message_to_delete", condition=Q(content_deleted_at=None)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="message_waits_for_a_reason", condition=~Q(state="waiting") | ~Q(hold="")
            ),
            models.CheckConstraint(
                name="message_handled_when_closed",
                condition=Q(state__in=["received", "waiting"]) | Q(handled_at__isnull=False),
            ),
            models.CheckConstraint(
                name="message_content_gone_when_deleted",
                condition=Q(content_deleted_at=None)
                | Q(raw=None, sender="", subject="", text="", envelope_sender="", recipients=[], evidence={}),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def answer_to(self) -> str:
        """Where an answer goes: to the address the person is known by, which may be another than that of the sender."""
        point = self.contact_point
        return point.normalized if point and point.kind == ContactKind.EMAIL else self.sender


class MessageCopy(models.Model):
    """The same message once more, with another text: kept, so that nothing anybody wrote is lost."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="copies", verbose_name=_("message"))
    digest = models.CharField(_("digest of its text"), max_length=64)
    received_at = models.DateTimeField(_("received at"))
    raw = models.BinaryField(_("as received"), null=True, editable=False)

    class Meta:
        verbose_name = _("copy of a message")
        verbose_name_plural = _("copies of messages")
        constraints = [models.UniqueConstraint(fields=["message", "digest"], name="message_copy_unique")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class MessageAct(models.Model):
    """A message led to an Event, automatically or by staff."""

    message = models.ForeignKey(Message, models.PROTECT, related_name="acts", verbose_name=_("message"))
    event = models.OneToOneField(Event, models.PROTECT, related_name="message_act", verbose_name=_("event"))

    class Meta:
        verbose_name = _("act on a message")
        verbose_name_plural = _("acts on messages")

    def __str__(self) -> str:
        return f"#{self.pk}"


class Bounce(models.Model):
    """A mail to a contact point came back: for good (hard), or for now (soft)."""

    contact_point = models.ForeignKey(
        ContactPoint, models.CASCADE, related_name="bounces", verbose_name=_("contact point")
    )
    message = models.ForeignKey(Message, models.PROTECT, related_name="bounces", verbose_name=_("message"))
    permanent = models.BooleanField(_("for good"))
    status = models.CharField(
        _("status"), max_length=16, blank=True, default="", help_text=_("Such as 5.1.1 (RFC 3463).")
    )
    bounced_at = models.DateTimeField(_("came back at"))

    class Meta:
        verbose_name = _("bounce")
        verbose_name_plural = _("bounces")
        indexes = [models.Index(fields=["contact_point", "-bounced_at"], name="bounce_by_contact_point")]
        constraints = [
            models.UniqueConstraint(fields=["message", "contact_point"], name="bounce_once_for_a_message")
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


def _ended() -> Exists:
    ends = [AttemptOutcome.SENT, AttemptOutcome.GIVEN_UP]
    return Exists(MailAttempt.objects.filter(mail=OuterRef("pk"), outcome__in=ends))


class MailQuerySet(models.QuerySet["Mail"]):
    def finished(self) -> MailQuerySet:
        """Those that were handed to the mail server, or given up: no attempt needs their text any more."""
        return self.filter(_ended())

    def unfinished(self) -> MailQuerySet:
        """Those that are still to be handed over."""
        return self.exclude(_ended())

    def delete_content(self, *, now: dt.datetime) -> int:
        """Delete what they say; the rows stay. Returns how many it was deleted of.

        In a transaction. What somebody else has locked at this moment is left alone.
        """
        pks = [row.pk for row in self.only("pk").select_for_update(of=("self",), skip_locked=True)]
        return Mail.objects.filter(pk__in=pks).update(subject="", text="", content_deleted_at=now)


class Mail(models.Model):
    """A mail of ours, as it was sent but for its tokens, which are never stored."""

    kind = models.CharField(_("kind"), max_length=12, choices=MailKind)
    recipient = models.ForeignKey(
        Recipient, models.PROTECT, null=True, blank=True, related_name="mails", verbose_name=_("recipient")
    )
    contact_point = models.ForeignKey(
        ContactPoint,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("contact point"),
    )
    brand = models.ForeignKey(
        Brand, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("brand")
    )
    answers = models.ForeignKey(
        Message, models.PROTECT, null=True, blank=True, related_name="answers", verbose_name=_("answers")
    )
    language = models.CharField(_("language"), max_length=12)
    message_id = models.CharField(
        _("Message-ID"), max_length=200, unique=True, help_text=_("A bounce of this mail names it.")
    )
    subject = models.CharField(_("subject"), max_length=500, blank=True, default="")
    text = models.TextField(_("text"), blank=True, default="", help_text=_("Without its tokens."))
    created_at = models.DateTimeField(_("created at"))
    content_deleted_at = models.DateTimeField(_("content deleted at"), null=True, blank=True)

    objects: ClassVar[MailQuerySet] = MailQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("mail of ours")
        verbose_name_plural = _("mails of ours")
        indexes = [
            models.Index(fields=["recipient", "-id"], name="mail_by_recipient"),
            models.Index(
                fields=["kind", "created_at"], name="mail_to_delete", condition=Q(content_deleted_at=None)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="mail_content_gone_when_deleted",
                condition=Q(content_deleted_at=None) | Q(subject="", text=""),
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class MailAttempt(models.Model):
    """One attempt to hand a mail of ours to the mail server."""

    mail = models.ForeignKey(Mail, models.CASCADE, related_name="attempts", verbose_name=_("mail of ours"))
    number = models.PositiveSmallIntegerField(_("attempt"))
    attempted_at = models.DateTimeField(_("attempted at"))
    outcome = models.CharField(_("outcome"), max_length=8, choices=AttemptOutcome)
    detail = models.CharField(
        _("detail"),
        max_length=80,
        blank=True,
        default="",
        help_text=_("The kind of error, without any address."),
    )

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        indexes = [
            models.Index(
                fields=["attempted_at"], name="mail_attempt_given_up", condition=Q(outcome="given_up")
            )
        ]
        constraints = [models.UniqueConstraint(fields=["mail", "number"], name="mail_attempt_unique")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class ChangeNotice(models.Model):
    """A mail that tells a person what was changed through a manage link or by staff, with the way back.

    Everything changed until it is due goes into one mail. `events` are the ids of what it will tell.
    """

    recipient = models.ForeignKey(
        Recipient, models.PROTECT, related_name="change_notices", verbose_name=_("recipient")
    )
    events = ArrayField(models.BigIntegerField(), verbose_name=_("events"))
    requested_at = models.DateTimeField(_("requested at"))
    due_at = models.DateTimeField(_("due at"))
    answered_at = models.DateTimeField(
        _("answered at"), null=True, blank=True, help_text=_("When the mail was sent, or given up.")
    )

    class Meta:
        verbose_name = _("notice of changes")
        verbose_name_plural = _("notices of changes")
        constraints = [
            models.UniqueConstraint(
                fields=["recipient"], name="change_notice_one_waiting", condition=Q(answered_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class AnswerTemplate(models.Model):
    """A text staff answer an e-mail with. Edited by staff with history."""

    key = models.SlugField(_("key"), unique=True)
    name = models.CharField(_("name"), max_length=80, help_text=_("For staff."))
    kinds = ArrayField(
        models.CharField(max_length=12, choices=MessageKind),
        verbose_name=_("suggested for"),
        default=list,
        blank=True,
    )
    subject = I18nCharField(_("subject"))
    text = I18nTextField(
        _("text"), help_text=_("{changes} stands for what was changed, {brand} for the name of the brand.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("answer template")
        verbose_name_plural = _("answer templates")

    def __str__(self) -> str:
        return self.name
