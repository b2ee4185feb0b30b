"""Staff edit the catalogue and the templates; every edit is kept, nothing is deleted."""

import pytest
from django.urls import reverse

from preferences.enums import Channel, Kind
from preferences.models import Brand, ProfilingPurpose, Topic, WordingTemplate

pytestmark = pytest.mark.django_db

TEXTS = {
    "name_0": "Fairs",
    "name_1": "Messer",
    "description_0": "Where we meet.",
    "description_1": "Hvor vi møtes.",
}


@pytest.fixture
def editor(sign_in):
    return sign_in("editors")


def change(model, row) -> str:
    return reverse(f"admin:preferences_{model}_change", args=[row.pk])


def test_a_topic_is_added_in_two_languages(acme, editor):
    answer = editor.post(
        reverse("admin:preferences_topic_add"),
        {"key": "acme-fairs", "brand": acme.pk, "channels": ["email", "post"], "position": 1, **TEXTS},
    )

    assert answer.status_code == 302, answer.context["errors"]
    topic = Topic.objects.get(key="acme-fairs")
    assert (topic.kind, topic.channels) == (Kind.MARKETING, [Channel.EMAIL, Channel.POST])
    assert topic.name.data == {"en": "Fairs", "nb": "Messer"}
    assert topic.history.get().history_user == editor.user


def test_a_profiling_purpose_is_added(editor):
    answer = editor.post(
        reverse("admin:preferences_profilingpurpose_add"),
        {
            "key": "clicks",
            "use": "other",
            "requirement": "opt_in",
            "position": 1,
            "data_used_0": "Clicks.",
            **TEXTS,
        },
    )

    assert answer.status_code == 302, answer.context["errors"]
    assert ProfilingPurpose.objects.get(key="clicks").kind == Kind.PROFILING


def test_key_and_brand_stay_as_they_were_made(news, editor):
    other = Brand.objects.create(key="other", name="Other")

    answer = editor.post(
        change("topic", news),
        {"key": "changed", "brand": other.pk, "channels": ["email"], "position": 1, **TEXTS},
    )

    assert answer.status_code == 302
    news.refresh_from_db()
    assert (news.key, news.brand.key, str(news.name)) == ("acme-news", "acme", "Fairs")


def test_retiring_and_bringing_back(news, editor):
    form = {"channels": ["email"], "position": 1, **TEXTS}

    editor.post(change("topic", news), {**form, "retired": "on"})
    news.refresh_from_db()
    retired_at = news.retired_at
    assert retired_at is not None

    editor.post(change("topic", news), {**form, "retired": "on", "position": 2})
    news.refresh_from_db()
    assert news.retired_at == retired_at, "the day it was retired is kept"

    editor.post(change("topic", news), form)
    news.refresh_from_db()
    assert news.retired_at is None


BAD_TOPICS = {
    "no brand": {"brand": ""},
    "no channel": {"channels": []},
    "an unknown channel": {"channels": ["pigeon"]},
    "no name": {"name_0": "", "name_1": ""},
    "a key taken": {"key": "acme-news"},
    "not a key": {"key": "Acme fairs"},
}


@pytest.mark.parametrize("fields", BAD_TOPICS.values(), ids=BAD_TOPICS.keys())
def test_a_topic_that_cannot_be_is_refused(fields, acme, news, editor):
    form = {"key": "acme-fairs", "brand": acme.pk, "channels": ["email"], "position": 1, **TEXTS, **fields}

    answer = editor.post(reverse("admin:preferences_topic_add"), form)

    assert answer.status_code == 200
    assert answer.context["errors"]
    assert Topic.objects.count() == 1


@pytest.mark.parametrize("ticked", [True, False])
@pytest.mark.parametrize("field", ["offers_to_children", "tells_changes"])
def test_what_a_brand_says_by_a_switch(field, ticked, acme, editor):
    form = {
        "name": "Acme",
        "legal_entity": "Acme AS",
        "privacy_notice_url": "https://acme.example.com/privacy",
        "sender_name": "Acme",
        "sender_email": "news@acme.example.com",
        "colour": "#1f4b99",
        "position": 1,
    }
    editor.post(change("brand", acme), {**form, **({field: "on"} if ticked else {})})
    acme.refresh_from_db()
    assert getattr(acme, field) is ticked


@pytest.mark.parametrize(
    ("colour", "accepted"),
    [("#1f4b99", True), ("#000000", True), ("#ffcc00", False), ("#999999", False), ("red", False)],
)
def test_a_colour_must_carry_white_text(colour, accepted, acme, editor):
    form = {
        "name": "Acme",
        "legal_entity": "Acme AS",
        "privacy_notice_url": "https://acme.example.com/privacy",
        "sender_name": "Acme",
        "sender_email": "news@acme.example.com",
        "colour": colour,
        "position": 1,
    }

    answer = editor.post(change("brand", acme), form)

    assert (answer.status_code == 302) is accepted
    acme.refresh_from_db()
    assert (acme.colour == colour) is accepted


def test_the_history_shows_what_changed_in_which_language(news, editor):
    form = {"channels": ["email"], "position": 1, **TEXTS}
    editor.post(change("topic", news), form)
    editor.post(change("topic", news), {**form, "name_1": "Store messer"})

    page = editor.get(reverse("admin:preferences_topic_history", args=[news.pk])).content.decode()

    assert "nb: Messer" in page
    assert "nb: Store messer" in page
    assert "en: Fairs ·" not in page.split("nb: Store messer")[0][-200:]


def test_an_earlier_version_is_looked_at_and_not_put_back(news, editor):
    form = {"channels": ["email"], "position": 1, **TEXTS}
    editor.post(change("topic", news), form)
    version = news.history.latest("history_date")
    path = reverse("admin:preferences_topic_simple_history", args=[news.pk, version.pk])

    assert editor.get(path).status_code == 200
    assert b'name="_save"' not in editor.get(path).content
    assert editor.post(path, {**form, "name_0": "Back"}).status_code in {403, 405}
    news.refresh_from_db()
    assert news.name.data["en"] == "Fairs"


@pytest.mark.parametrize(
    ("key", "text", "accepted"),
    [
        ("stop_brand", "Stop {brand}.", True),
        ("stop_brand", "Stop everything.", True),
        ("stop_brand", "Stop {topic}.", False),
        ("stop_all", "Stop {brand}.", False),
        ("stop_brand", "", False),
    ],
)
def test_a_template_holds_only_placeholders_that_are_filled_in(key, text, accepted, editor):
    template = WordingTemplate.objects.get(key=key)

    answer = editor.post(change("wordingtemplate", template), {"text_0": text, "text_1": text})

    assert (answer.status_code == 302) is accepted
    template.refresh_from_db()
    assert (template.text.data["en"] == text) is accepted
