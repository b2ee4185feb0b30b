"""Compose the words people are shown, so that the page and the history hold the same text."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _
from i18nfield.strings import LazyI18nString

from preferences.enums import Channel
from preferences.models import Brand, Purpose, WordingTemplate
from preferences.models.wording import WordingKey, WordingText

# What is said where staff have left no template: a stop must not fail for want of words. A new system's templates
# start with the same texts (migration 0003).
_SHIPPED: Mapping[WordingKey, Promise] = {
    WordingKey.PAGE: _(
        "Here you decide what marketing you get, on which channels, and whether we may tailor it to you. "
        "Where you have said nothing, the law of your country decides. You can change your mind at any time."
    ),
    WordingKey.SERVICE: _(
        "Service messages, such as order confirmations, invoices and security notices, still reach you. "
        "They are part of what you have bought and carry no advertising."
    ),
    WordingKey.STOP_TOPIC: _("Stop this: {topic}, from {brand}. Channel: {channel}."),
    WordingKey.STOP_BRAND: _(
        "Stop all marketing from {brand}, on every channel, topics added later included."
    ),
    WordingKey.STOP_CHANNEL: _("Stop all marketing on this channel, from every brand: {channel}."),
    WordingKey.STOP_ALL: _("Stop all marketing from every brand of the group, on every channel."),
    WordingKey.STOP_PROFILING: _("Refuse every use of your data to tailor marketing to you."),
}


class Words:
    """The wording templates in one language. One query when made, none afterwards."""

    def __init__(self, *, templates: Mapping[str, LazyI18nString], language: str) -> None:
        self.language = language
        self._templates = templates

    def say(self, key: WordingKey, **values: object) -> str:
        """The text of a template with its placeholders filled in; a stray brace in it is left as it is."""
        text = self._templates[key].localize(self.language) if key in self._templates else ""
        text = text or self._shipped(key)
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text

    def switch(self, *, purpose: Purpose, channel: Channel | None) -> WordingText:
        """What stands around one switch of the preference page, in the order of the page."""
        lines = [self.say(WordingKey.PAGE)]
        if purpose.brand:
            lines.append(purpose.brand.name)
        lines += [str(purpose.name), str(purpose.description)]
        if purpose.data_used:
            lines.append(str(purpose.data_used))
        if channel:
            lines.append(str(channel.label))
        return self._shown(lines)

    def stop_topic(self, *, topic: Purpose, channel: Channel) -> WordingText:
        return self._stop(WordingKey.STOP_TOPIC, brand=topic.brand, topic=topic.name, channel=channel.label)

    def stop_brand(self, *, brand: Brand) -> WordingText:
        return self._stop(WordingKey.STOP_BRAND, brand=brand.name)

    def stop_channel(self, *, channel: Channel) -> WordingText:
        return self._stop(WordingKey.STOP_CHANNEL, channel=channel.label)

    def stop_all(self) -> WordingText:
        return self._stop(WordingKey.STOP_ALL)

    def stop_profiling(self) -> WordingText:
        return self._stop(WordingKey.STOP_PROFILING)

    def _shipped(self, key: WordingKey) -> str:
        with override(self.language):
            return str(_SHIPPED[key])

    def _stop(self, key: WordingKey, **values: object) -> WordingText:
        return self._shown([self.say(key, **values)])

    def _shown(self, lines: list[str]) -> WordingText:
        return WordingText(language=self.language, text="\n".join([*lines, self.say(WordingKey.SERVICE)]))


def current_words() -> Words:
    """The templates as they stand, in the active language."""
    templates = dict(WordingTemplate.objects.values_list("key", "text"))
    return Words(templates=templates, language=get_language() or "en")
