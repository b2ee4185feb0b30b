"""Split a text into sentences and clauses, and both into words as they are compared. Says nothing of what they mean."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from preferences.inbox.read_phrases import ADDRESS_TOKEN, NAME_TOKEN, words_of

# Of a text so many characters are read. What is longer is for a person anyway.
LONGEST_READ = 4_000
# Lines shorter than this were ended by their writer, longer ones may be by the mail program.
_WRAPPED = 50

_SENTENCE_END = re.compile(r"(?<=[.!?…;])(?<!\b[A-Z]\.)\s+(?=\D)")
_CLAUSE_END = re.compile(r"[,:.!…;]+(?=\s|\Z)|\s[-–—/]+\s|[–—]|\A[-–—/]+\s?")
# The article of the law they refer to says nothing more.
_LEGAL_REFERENCE = re.compile(
    r"\((?:under |cf\. |jf\. )?(?:article|articulo|artículo|artikel|artikkel|art\.?) ?21"
    r"(?: (?:of the|du|del|av|der|abs\. ?2))? ?(?:gdpr|dsgvo|ds-gvo|rgpd|rodo|avg)?\)"
    r"|\(tietosuoja-asetuksen 21 artikla\)",
    re.IGNORECASE,
)
# Any other character than these may mean anything: a quotation, a link, a smiley, another script's words.
_ORDINARY_TEXT = re.compile(r"[\w\s.,:;!?¡¿…'’´`/&+–—-]*")
# Stands for the writer's own address, and for a name that may be named, while a sentence is cut into words.
_OWN_ADDRESS, _NAMED = "\ue000", "\ue001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What may be named without saying anything new: the writer's addresses and name, the name of the brand."""

    addresses: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, texts: Collection[str]) -> Known:
        longest_first = sorted(
            {text.strip() for text in texts if text.strip()}, key=lambda text: (-len(text), text)
        )
        return cls(
            addresses=tuple(text for text in longest_first if "@" in text),
            names=tuple(text for text in longest_first if "@" not in text),
        )

    def words(self, *, language: str) -> frozenset[str]:
        """The words of the names, and of what stands before the @ of the addresses."""
        texts = [*self.names, *(address.partition("@")[0] for address in self.addresses)]
        return frozenset(word for text in texts for word in words_of(text, language=language))


@dataclass(frozen=True, kw_only=True)
class Clause:
    """A part of a text, and its words: a whole sentence, or what stands between its commas.

    `follows` is set where only a comma stands between it and the one before.
    """

    text: str
    language: str
    follows: bool = False

    @cached_property
    def words(self) -> tuple[str, ...]:
        found: list[str] = []
        for piece in re.split(f"([{_OWN_ADDRESS}{_NAMED}])", self.text):
            if piece == _OWN_ADDRESS:
                found.append(ADDRESS_TOKEN)
            elif piece == _NAMED:
                found.append(NAME_TOKEN)
            else:
                found += words_of(piece, language=self.language)
        return tuple(found)

    @property
    def line(self) -> str:
        """The words with a space around each, as phrases are looked for."""
        return f" {' '.join(self.words)} "

    @property
    def is_question(self) -> bool:
        return "?" in self.text

    @property
    def is_ordinary_text(self) -> bool:
        bare = self.text.replace(_OWN_ADDRESS, "").replace(_NAMED, "")
        return _ORDINARY_TEXT.fullmatch(bare) is not None


def sentences_of(text: str, *, language: str) -> list[Clause]:
    """The sentences of a text. A line its writer ended is the end of a sentence, one a mail program broke is not."""
    return [
        Clause(text=sentence, language=language)
        for line in _whole_lines(text[:LONGEST_READ])
        for sentence in _SENTENCE_END.split(line)
        if sentence.strip()
    ]


def clauses_of(text: str, *, language: str, known: Known) -> list[Clause]:
    """The clauses of a text, from which known names and addresses and references to the law have been taken out."""
    clauses = []
    for sentence in sentences_of(_with_known(text[:LONGEST_READ], known=known), language=language):
        bare = _LEGAL_REFERENCE.sub(" ", sentence.text)
        at = 0
        for end in [*_CLAUSE_END.finditer(bare), None]:
            piece = bare[at : end.start() if end else len(bare)].strip()
            clause = Clause(text=piece, language=language, follows=bare[:at].endswith(","))
            if clause.words or clause.is_question or not clause.is_ordinary_text:
                clauses.append(clause)
            at = end.end() if end else at
    return clauses


def _with_known(text: str, *, known: Known) -> str:
    text = text.replace(_OWN_ADDRESS, "�").replace(_NAMED, "�")
    for address in known.addresses:
        text = re.sub(
            rf"(?<![\w.+-]){re.escape(address)}(?![\w-]|\.\w)", _OWN_ADDRESS, text, flags=re.IGNORECASE
        )
    for name in known.names:
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", _NAMED, text, flags=re.IGNORECASE)
    return text


def _whole_lines(text: str) -> list[str]:
    lines: list[str] = []
    broken = False
    for line in text.splitlines():
        stripped = " ".join(line.split())
        if broken and stripped:
            lines[-1] += f" {stripped}"
        elif stripped:
            lines.append(stripped)
        broken = len(stripped) >= _WRAPPED and stripped[-1] not in ".!?:;"
    return lines
