"""From sources to catalogues, in a little project of its own."""

from pathlib import Path

import pytest

from config import translations

PO = """msgid ""
msgstr ""
"Language: nb\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for source in translations.SOURCES:
        (tmp_path / source).mkdir()
    (tmp_path / "config" / "locale" / "nb" / "LC_MESSAGES").mkdir(parents=True)
    write_po(tmp_path, "")
    return tmp_path


def write_po(root: Path, entries: str) -> None:
    po_file(root).write_text(PO + entries)


def po_file(root: Path) -> Path:
    return root / "config" / "locale" / "nb" / "LC_MESSAGES" / "django.po"


def flaws(root: Path) -> list[tuple[str, str]]:
    found = translations.flaws(root=root, locale_folder=root / "config" / "locale")
    return [(flaw.kind, flaw.message) for flaw in found]


def messages(root: Path) -> set[object]:
    return {(message.id, message.context) for message in translations.extract_all(root) if message.id}


def test_python_sources(root: Path) -> None:
    (root / "preferences" / "words.py").write_text(
        "_('One')\ngettext_lazy('Two')\nngettext('%(n)d thing', '%(n)d things', 2)\npgettext('verb', 'Stop')\n"
    )
    assert messages(root) == {
        ("One", None),
        ("Two", None),
        (("%(n)d thing", "%(n)d things"), None),
        ("Stop", "verb"),
    }


def test_templates(root: Path) -> None:
    (root / "templates" / "page.html").write_text(
        """{% extends "base.html" %}{% load i18n %}
        <h1 title="{% translate 'Your choices' %}">It's</h1>
            {% blocktranslate trimmed with name=brand.name %}
                Mail from {{ name }}
            {% endblocktranslate %}
          {% if a > 1 %}{% translate "Stop" context "verb" %}{% endif %}
        {% blocktranslate count n=n %}{{ n }} thing{% plural %}{{ n }} things{% endblocktranslate %}
      <p>(unbalanced " {{ _("In an expression")|upper }}
        """
    )
    assert messages(root) == {
        ("Your choices", None),
        ("Mail from %(name)s", None),
        ("Stop", "verb"),
        (("%(n)s thing", "%(n)s things"), None),
        ("In an expression", None),
    }


def test_flaws_of_each_kind(root: Path) -> None:
    (root / "accounts" / "words.py").write_text("_('New')\n_('Guessed')\n_('For %(name)s')\n_('Good')\n")
    write_po(
        root,
        """msgid "Good"
msgstr "God"

#, fuzzy
msgid "Guessed"
msgstr "Gjettet"

#, python-format
msgid "For %(name)s"
msgstr "Til %(navn)s"

msgid "Gone"
msgstr "Borte"
""",
    )
    assert sorted(flaws(root)) == [
        ("broken", "For %(name)s"),
        ("fuzzy", "Guessed"),
        ("missing", "New"),
        ("obsolete", "Gone"),
    ]


def test_checking_writes_nothing(root: Path) -> None:
    (root / "accounts" / "words.py").write_text("_('New')\n")
    before = po_file(root).read_bytes()
    flaws(root)
    assert po_file(root).read_bytes() == before
    assert not po_file(root).with_suffix(".mo").exists()


def test_updating_keeps_translations_and_settles(root: Path) -> None:
    locale_folder = root / "config" / "locale"
    (root / "accounts" / "words.py").write_text("_('Good')\n_('New')\n")
    write_po(root, 'msgid "Good"\nmsgstr "God"\n\nmsgid "Gone"\nmsgstr "Borte"\n')
    assert translations.update(root=root, locale_folder=locale_folder) == [po_file(root)]
    text = po_file(root).read_text()
    assert 'msgstr "God"' in text
    assert "Gone" not in text
    assert "words.py" not in text
    assert translations.update(root=root, locale_folder=locale_folder) == []
    assert flaws(root) == [("missing", "New")]


def test_compiling_once(root: Path) -> None:
    locale_folder = root / "config" / "locale"
    assert translations.compile_all(locale_folder=locale_folder) == [po_file(root).with_suffix(".mo")]
    assert translations.compile_all(locale_folder=locale_folder) == []
