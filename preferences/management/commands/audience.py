from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from preferences.enums import Channel, Kind
from preferences.exports.audience import Audience, Format, stream_audience
from preferences.management.commands.decide import ask_in_words
from preferences.management.program import ProgramCommand
from preferences.models import Brand
from preferences.rules.countries import is_country


class Command(ProgramCommand):
    """Write everyone who may be sent something about a topic now.

    CSV with a head, or with --format ndjson one JSON object a line. Columns: recipient, external_id, address, language,
    tracking (whether opens and clicks of an e-mail may be measured), reason (a word of docs/words.md), and with --links
    stop_url and manage_url. Each person comes once, in no order, at the address to use. --output writes the file whole
    or not at all.
    """

    help = "Write everyone who may be sent something about a topic on a channel now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--topic", metavar="KEY", required=True, help="a topic's key (see `catalogue`)")
        parser.add_argument("--channel", required=True, help=", ".join(Channel.values))
        parser.add_argument("--brand", metavar="KEY", help="refuse a topic that is not this brand's")
        parser.add_argument("--country", help="only people of this country: ISO 3166-1, such as NO")
        parser.add_argument("--format", default=Format.CSV.value, help="csv (default) or ndjson")
        parser.add_argument("--links", action="store_true", help="add the stop and the manage link of each")
        parser.add_argument("--output", metavar="FILE", type=Path, help="write to a file instead of stdout")

    def handle(
        self,
        *args: Any,
        topic: str,
        channel: str,
        brand: str | None,
        country: str | None,
        format: str,  # noqa: A002 - the option's name
        links: bool,
        output: Path | None,
        **options: Any,
    ) -> None:
        ask = ask_in_words(key=topic, channel=channel)
        if ask.scope.kind is not Kind.MARKETING:
            raise CommandError(f"{topic!r} is no topic.")
        if brand is not None:
            found = Brand.objects.filter(key=brand).first()
            if found is None:
                raise CommandError(f"There is no brand {brand!r}; `catalogue` lists them.")
            if found.pk != ask.scope.brand:
                raise CommandError(f"The topic {topic!r} is not of the brand {brand!r}.")
        if country is not None and not is_country(country):
            raise CommandError(f"{country!r} is no country: two capital letters, ISO 3166-1.")
        if format not in {known.value for known in Format}:
            raise CommandError(f"There is no format {format!r}; known are csv and ndjson.")
        if ask.not_offered:
            raise CommandError(f"{topic!r} on {channel}: {ask.not_offered.label}")
        audience = Audience(ask=ask, country=country or "", format=Format(format), links=links)
        blocks = _watched(stream_audience(audience=audience, now=timezone.now()), head=format == "csv")
        if output is None:
            _write_out(blocks)
        else:
            _write_file(blocks, output=output)


def _write_out(blocks: Iterator[bytes]) -> None:
    """To stdout. Whoever reads may stop reading; that is no error."""
    out: BinaryIO = sys.stdout.buffer
    try:
        out.writelines(blocks)
        out.flush()
    except BrokenPipeError:
        # Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_file(blocks: Iterator[bytes], *, output: Path) -> None:
    """To a file beside the one wanted, which takes its name when it is whole. Only its owner may read it."""
    try:
        descriptor, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
    except OSError as error:
        raise CommandError(f"{output} cannot be written: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(blocks)
        Path(name).replace(output)
    except BaseException as error:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        if isinstance(error, OSError):
            raise CommandError(f"{output} cannot be written: {error.strerror}.") from error
        raise


def _watched(blocks: Iterator[bytes], *, head: bool) -> Iterator[bytes]:
    """The same blocks, with a count of people on a terminal's stderr."""
    if not sys.stderr.isatty():
        yield from blocks
        return
    people, started, shown = -1 if head else 0, time.monotonic(), 0.0
    for block in blocks:
        people += block.count(b"\n")
        now = time.monotonic()
        if now - shown > 0.2:
            rate = people / max(now - started, 0.001)
            sys.stderr.write(f"\r{people:>12,} people  {rate:>10,.0f} a second")
            shown = now
        yield block
    sys.stderr.write(f"\r{people:>12,} people  {time.monotonic() - started:>10,.1f} seconds  \n")
