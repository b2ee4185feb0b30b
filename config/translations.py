"""The catalogues of translated strings: from the sources to `django.po` to `django.mo`.

Django's own commands need GNU gettext on the machine; this does the same with Babel.
"""

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

# Where our own strings are; libraries bring their own catalogues.
SOURCES = ("config", "accounts", "preferences", "templates")
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
TEMPLATE_SUFFIXES = {".html", ".txt"}
WIDTH = 100
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}|%[sd]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One thing wrong with a catalogue: `kind` is missing, fuzzy, obsolete or broken."""

    locale: str
    kind: str
    message: str


def po_files(locale_folder: Path) -> list[Path]:
    """The catalogues below a locale folder, by locale."""
    return sorted(locale_folder.glob("*/LC_MESSAGES/django.po"))


def update(*, root: Path, locale_folder: Path) -> list[Path]:
    """Bring every catalogue up to date with the sources; return those whose file changed."""
    template = extract_all(root)
    changed = []
    for path in po_files(locale_folder):
        catalog = _read(path)
        _merge(catalog, template)
        output = BytesIO()
        # Line numbers and files would change with every edit and tell a translator little.
        write_po(output, catalog, width=WIDTH, no_location=True, sort_output=True, ignore_obsolete=True)
        if output.getvalue() != path.read_bytes():
            path.write_bytes(output.getvalue())
            changed.append(path)
    return changed


def flaws(*, root: Path, locale_folder: Path) -> list[Flaw]:
    """Everything that keeps a catalogue from being complete; writes nothing."""
    template = extract_all(root)
    found = []
    for path in po_files(locale_folder):
        catalog = _read(path)
        locale = path.parent.parent.name
        _merge(catalog, template)
        for message in catalog:
            if not message.id:
                continue
            source = (message.id,) if isinstance(message.id, str) else tuple(message.id)
            strings = [message.string] if isinstance(message.string, str) else list(message.string or [""])
            if not all(strings):
                found.append(Flaw(locale=locale, kind="missing", message=source[0]))
            elif message.fuzzy:
                found.append(Flaw(locale=locale, kind="fuzzy", message=source[0]))
            elif list(message.check(catalog)) or _invents_placeholder(source, strings):
                found.append(Flaw(locale=locale, kind="broken", message=source[0]))
        for key in catalog.obsolete:
            text = key if isinstance(key, str) else key[0]
            found.append(Flaw(locale=locale, kind="obsolete", message=text))
    return found


def compile_all(*, locale_folder: Path) -> list[Path]:
    """Write every `django.mo` that is older than its `django.po`; return what was written."""
    written = []
    for path in po_files(locale_folder):
        target = path.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= path.stat().st_mtime:
            continue
        output = BytesIO()
        write_mo(output, _read(path))
        # In one move: a server or a parallel test run may be reading it.
        fresh = target.with_name(f"{target.name}.{os.getpid()}")
        fresh.write_bytes(output.getvalue())
        fresh.replace(target)
        written.append(target)
    return written


def extract_all(root: Path) -> Catalog:
    """Every translatable string of our own packages and templates."""
    template = Catalog(charset="utf-8")
    for path in _source_files(root):
        text = path.read_text()
        if path.suffix in TEMPLATE_SUFFIXES:
            text = _as_python(text, path)
        for _line, message, comments, context in extract(
            "python",
            BytesIO(text.encode()),
            keywords=KEYWORDS,
            comment_tags=["Translators:"],
            strip_comment_tags=True,
        ):
            template.add(message, context=context, auto_comments=comments)
    return template


def _source_files(root: Path) -> Iterator[Path]:
    for source in SOURCES:
        for path in sorted((root / source).rglob("*")):
            inside = path.relative_to(root).parts
            if path.suffix == ".py" or (path.suffix in TEMPLATE_SUFFIXES and "templates" in inside):
                yield path


def _as_python(text: str, path: Path) -> str:
    """A template as lines Python's tokenizer accepts: Django's form of it without the indentation."""
    return re.sub(r"(?m)^[ \t]+", "", templatize(text, origin=str(path)))


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def _merge(catalog: Catalog, template: Catalog) -> None:
    with contextlib.suppress(KeyError):
        del catalog.obsolete[""]
    catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)


def _invents_placeholder(source: tuple[str, ...], strings: list[str]) -> bool:
    """A placeholder in the translation that the source does not have fails when the string is used."""
    return any(
        set(PLACEHOLDER.findall(text)) - set(PLACEHOLDER.findall(" ".join(source))) for text in strings
    )
