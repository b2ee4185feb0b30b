"""What became of the messages of the corpus, counted by language."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.inbox.cases import LANGUAGES, Case

HEADINGS = ("language", "messages", "sure requests", "recognised", "share", "queued", "wrongly acted")


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one message. `wrong` says that it led to a statement, a bounce or a mail that nobody asked for."""

    case: Case
    recognised: bool
    queued: bool
    wrong: bool


@dataclass(frozen=True, kw_only=True)
class Count:
    """The results of some messages. `recognised` counts among the `sure` alone."""

    messages: int
    sure: int
    recognised: int
    queued: int
    wrong: int

    @property
    def share(self) -> float:
        return self.recognised / self.sure if self.sure else 1.0


def count(results: Iterable[Result]) -> Count:
    results = list(results)
    sure = [result for result in results if result.case.is_sure]
    return Count(
        messages=len(results),
        sure=len(sure),
        recognised=sum(result.recognised for result in sure),
        queued=sum(result.queued for result in results),
        wrong=sum(result.wrong for result in results),
    )


def table(results: Sequence[Result]) -> str:
    """The figures for people to read: a line for each language, one for the rest, one for all."""
    parts = {
        language: [result for result in results if result.case.language == language] for language in LANGUAGES
    }
    parts["others"] = [result for result in results if result.case.language not in LANGUAGES]
    parts["in all"] = list(results)
    lines = [HEADINGS, *(_line(name, count(part)) for name, part in parts.items())]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    text = "\n".join(
        "  ".join(
            [
                line[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
            ]
        )
        for line in lines
    )
    missed = [result.case.file for result in results if result.case.is_sure and not result.recognised]
    wrong = [result.case.file for result in results if result.wrong]
    return (
        f"{text}\nnot recognised: {', '.join(missed) or 'none'}\nwrongly acted: {', '.join(wrong) or 'none'}"
    )


def _line(name: str, part: Count) -> tuple[str, ...]:
    share = f"{part.share:.0%}" if part.sure else ""
    return (
        name,
        *map(str, (part.messages, part.sure, part.recognised)),
        share,
        *map(str, (part.queued, part.wrong)),
    )
