"""The words on a page and the words in the history are composed in one place."""

import pytest
from django.utils import translation
from i18nfield.strings import LazyI18nString

from preferences.decisions.wording import Words, current_words
from preferences.enums import Channel
from preferences.models import WordingTemplate
from preferences.models.wording import WordingKey, WordingText

TEMPLATES = {
    "page": {"en": "You decide.", "nb": "Du bestemmer."},
    "service": {"en": "Service goes on.", "nb": "Service fortsetter."},
    "stop_topic": {
        "en": "Stop {topic} of {brand} by {channel}.",
        "nb": "Stopp {topic} fra {brand} på {channel}.",
    },
    "stop_brand": {"en": "Stop {brand}, {topic}, {brand}."},
    "stop_channel": {"en": "Stop {channel}."},
    "stop_all": {"en": "Stop {all}, {}, {0}, {{brand}}."},
    "stop_profiling": {"en": "100 % {profiling!r:>9}"},
}


@pytest.fixture
def words() -> Words:
    templates = {key: LazyI18nString(text) for key, text in TEMPLATES.items()}
    return Words(templates=templates, language="en")


def test_switch_says_what_stands_around_it(words, news):
    assert words.switch(purpose=news, channel=Channel.EMAIL) == WordingText(
        language="en",
        text="\n".join(
            ["You decide.", "Acme", "Product news", str(news.description), "E-mail", "Service goes on."]
        ),
    )


def test_switch_of_a_profiling_purpose_names_the_data(words, activity):
    assert words.switch(purpose=activity, channel=None).text.splitlines() == [
        "You decide.",
        "Your activity",
        str(activity.description),
        "Pages visited and clicks.",
        "Service goes on.",
    ]


def test_stops_are_filled_in_and_end_with_the_service_sentence(words, news, acme):
    assert words.stop_topic(topic=news, channel=Channel.SMS).text == (
        "Stop Product news of Acme by Text message.\nService goes on."
    )
    assert words.stop_channel(channel=Channel.POST).text == "Stop Letter.\nService goes on."


def test_braces_that_are_no_placeholder_stay(words, acme):
    """Staff write these texts: nothing they write may break a page, or reach into a value."""
    assert words.stop_brand(brand=acme).text.startswith("Stop Acme, {topic}, Acme.")
    assert words.stop_all().text.startswith("Stop {all}, {}, {0}, {{brand}}.")
    assert words.stop_profiling().text.startswith("100 % {profiling!r:>9}")


def test_a_name_that_looks_like_a_placeholder_stays_a_name(words, acme):
    acme.name = "{channel}"
    assert words.stop_brand(brand=acme).text.startswith("Stop {channel}, {topic}, {channel}.")


@pytest.mark.parametrize("language", ["en", "nb"])
@pytest.mark.django_db
def test_words_are_in_the_active_language(language, news):
    with translation.override(language):
        words = current_words()
        wording = words.stop_topic(topic=news, channel=Channel.EMAIL)
    assert words.language == wording.language == language
    assert {"en": "Product news", "nb": "Produktnytt"}[language] in wording.text


@pytest.mark.parametrize("key", WordingKey)
@pytest.mark.django_db
def test_every_template_is_there_in_both_languages_from_the_start(key):
    for language in ("en", "nb"):
        with translation.override(language):
            text = current_words().say(key, brand="B", topic="T", channel="C")
        assert text
        assert "{" not in text


@pytest.mark.parametrize("language", ["en", "nb"])
@pytest.mark.parametrize("key", WordingKey)
@pytest.mark.django_db
def test_a_missing_template_is_made_up_for_by_the_words_a_new_system_starts_with(key, language):
    shipped = WordingTemplate.objects.get(key=key).text.localize(language)
    for templates in ({}, {key: LazyI18nString("")}, {key: LazyI18nString({"en": "", "nb": ""})}):
        assert Words(templates=templates, language=language).say(key) == shipped


@pytest.mark.django_db
def test_words_without_a_single_template(news, acme):
    WordingTemplate.objects.all().delete()
    words = current_words()
    assert words.stop_brand(brand=acme).text.startswith("Stop all marketing from Acme, on every channel")
    assert "Product news" in words.switch(purpose=news, channel=Channel.EMAIL).text


def test_same_words_in_two_languages_are_two_wordings():
    one, other = WordingText(language="en", text="OK"), WordingText(language="nb", text="OK")
    assert one.content_hash != other.content_hash
    assert one.content_hash == WordingText(language="en", text="OK").content_hash
