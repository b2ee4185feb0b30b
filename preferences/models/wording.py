"""The exact words people were shown, and the templates staff write them from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _
from i18nfield.fields import I18nTextField
from simple_history.models import HistoricalRecords


@dataclass(frozen=True, slots=True, kw_only=True)
class WordingText:
    """A text in one language as it stood on a page, not yet stored."""

    language: str
    text: str

    @property
    def content_hash(self) -> str:
        """SHA-256 in hex over language and text: equal words have one row, whoever saw them."""
        return hashlib.sha256(f"{self.language}\n{self.text}".encode()).hexdigest()


class Wording(models.Model):
    """The exact text and language a person was shown, stored once and never edited (a trigger refuses)."""

    content_hash = models.CharField(_("content hash"), primary_key=True, max_length=64)
    language = models.CharField(_("language"), max_length=12)
    text = models.TextField(_("text"))
    created_at = models.DateTimeField(_("first shown at"))

    class Meta:
        verbose_name = _("wording")
        verbose_name_plural = _("wordings")

    def __str__(self) -> str:
        return self.content_hash[:12]


class WordingKey(models.TextChoices):
    """Where a wording template is used, with the placeholders it may hold."""

    PAGE = "page", _("Top of the preference page")
    SERVICE = "service", _("Service messages go on")
    STOP_TOPIC = "stop_topic", _("Stop one topic on one channel: {brand}, {topic}, {channel}")
    STOP_BRAND = "stop_brand", _("Stop everything from a brand: {brand}")
    STOP_CHANNEL = "stop_channel", _("Stop a channel: {channel}")
    STOP_ALL = "stop_all", _("Stop all marketing")
    STOP_PROFILING = "stop_profiling", _("Refuse all profiling")


class WordingTemplate(models.Model):
    """The text, by language, from which the words on a page are made. Edited by staff with history."""

    key = models.CharField(_("used for"), max_length=20, choices=WordingKey, unique=True)
    text = I18nTextField(_("text"))

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("wording template")
        verbose_name_plural = _("wording templates")

    def __str__(self) -> str:
        return self.get_key_display()
