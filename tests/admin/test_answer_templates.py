"""The texts e-mails are answered with: in every language, with no placeholder left standing, with a history."""

import pytest
from django.conf import settings
from django.urls import reverse

from preferences.admin.answer_templates import BRAND, PAGE, placeholders_in
from preferences.enums import MessageKind
from preferences.inbox.settle import CHANGES
from preferences.models import AnswerTemplate

pytestmark = pytest.mark.django_db

KEYS = ["stopped", "access", "erasure", "question", "start", "not-ours"]


@pytest.fixture
def editor(sign_in):
    return sign_in("editors")


@pytest.fixture
def template() -> AnswerTemplate:
    return AnswerTemplate.objects.get(key="access")


def page_of(template) -> str:
    return reverse("admin:preferences_answertemplate_change", args=[template.pk])


def filled_in(template, **fields) -> dict[str, object]:
    languages = [language for language, _name in settings.LANGUAGES]
    texts = {
        f"{name}_{number}": getattr(template, name).data[language]
        for name in ("subject", "text")
        for number, language in enumerate(languages)
    }
    return {"name": template.name, "kinds": template.kinds, "position": template.position, **texts, **fields}


@pytest.mark.parametrize("key", KEYS)
def test_a_new_system_can_answer_in_every_language(key):
    template = AnswerTemplate.objects.get(key=key)
    for text in (template.subject, template.text):
        assert sorted(text.data) == sorted(language for language, _name in settings.LANGUAGES)
        assert all(text.data.values())
    assert set(template.kinds) <= set(MessageKind.values)
    for words in template.text.data.values():
        assert placeholders_in(words) <= {BRAND, PAGE, CHANGES}
        assert (CHANGES in words) is (key == "stopped")
    for words in template.subject.data.values():
        assert placeholders_in(words) <= {BRAND}


def test_there_are_no_others():
    assert list(AnswerTemplate.objects.order_by("position").values_list("key", flat=True)) == KEYS


def test_an_edit_is_kept_with_who_made_it(editor, template):
    editor.post(page_of(template), filled_in(template, position=1))
    answer = editor.post(page_of(template), filled_in(template, text_0="Hello from {brand}: {page}"))

    assert answer.status_code == 302
    template.refresh_from_db()
    assert template.text.localize("en") == "Hello from {brand}: {page}"
    latest = template.history.latest()
    assert latest.history_user == editor.user
    history = editor.get(reverse("admin:preferences_answertemplate_history", args=[template.pk]))
    assert "Hello from" in history.content.decode()


@pytest.mark.parametrize(
    ("key", "field", "text"),
    [
        ("access", "text_0", "Hello {name}"),
        ("access", "text_1", "Hei {navn}"),
        ("access", "text_0", "Hello {}"),
        ("access", "subject_0", "About {changes}"),
        ("access", "subject_1", "Se {page}"),
        # The worker answers with this one, and fills in no page.
        ("stopped", "text_0", "{changes} {page}"),
    ],
)
def test_a_placeholder_that_nothing_is_filled_in_for_is_refused(editor, key, field, text):
    template = AnswerTemplate.objects.get(key=key)
    answer = editor.post(page_of(template), filled_in(template, **{field: text}))

    assert answer.status_code == 200
    assert answer.context["adminform"].form.has_error(field.partition("_")[0], "placeholder")
    assert template.history.count() == 0


def test_a_new_one_can_be_added_and_retired(editor):
    new = {
        "key": "spam",
        "name": "Spam",
        "kinds": ["unclear"],
        "subject_0": "Hello",
        "text_0": "Hello.",
        "position": 9,
    }
    answer = editor.post(reverse("admin:preferences_answertemplate_add"), new)
    assert answer.status_code == 302

    template = AnswerTemplate.objects.get(key="spam")
    editor.post(page_of(template), {**new, "key": "other", "retired": "on"})
    template.refresh_from_db()
    assert template.key == "spam", "the key stays"
    assert template.retired_at is not None


def test_support_reads_and_does_not_write(staff, template):
    assert staff.get(page_of(template)).status_code == 200
    assert staff.post(page_of(template), filled_in(template)).status_code == 403
