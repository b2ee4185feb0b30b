"""The kinds of field that bodies are made of: what the schema promises is what is accepted, and nothing more."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

LARGEST_ID = 2**63 - 1
# Nothing about anybody here was said outside of these.
_YEARS = range(1950, 2200)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Body(BaseModel):
    """What is sent: fields that are not named here are refused, not passed over.

    Not the library's Schema, which is made for reading models and takes its time over each object.
    """

    model_config = ConfigDict(extra="forbid")


def _storable(text: str) -> str:
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text):
        raise PydanticCustomError("not_a_line", "This is one line of text, without control characters.")
    return text


def _storable_text(text: str) -> str:
    if any(unicodedata.category(letter) in {"Cc", "Cs"} and letter not in "\r\n\t" for letter in text):
        raise PydanticCustomError("not_text", "This is text, without control characters.")
    return text


def _as_day(value: Any) -> Any:
    # pydantic would take a number, in quotes too, for seconds since 1970.
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise PydanticCustomError("not_a_day", "This is a day as year, month and day, such as 2026-05-03.")
    return value


def _with_time(value: Any) -> Any:
    if not isinstance(value, str) or "T" not in value.upper():
        raise PydanticCustomError("not_a_time", "This is a date with a time and its offset from UTC.")
    return value


def _aware(moment: dt.datetime) -> dt.datetime:
    if moment.tzinfo is None:
        raise PydanticCustomError("no_offset", "This time needs its offset from UTC, such as Z.")
    if moment.year not in _YEARS:
        raise PydanticCustomError("not_a_time", "This time is out of range.")
    return moment.astimezone(dt.UTC)


def optional(description: str | None = None) -> Any:
    """A field that may be left out and is None then. It may not be sent as null, so it is typed as what is sent."""
    return Field(default_factory=lambda: None, description=description)


Id = Annotated[int, Field(strict=True, ge=1, le=LARGEST_ID)]
Line = Annotated[str, AfterValidator(_storable)]
Text = Annotated[str, AfterValidator(_storable_text)]
Key = Annotated[str, Field(pattern=r"^[-a-zA-Z0-9_]+$", min_length=1, max_length=50)]
Flag = Annotated[bool, Field(strict=True)]
Moment = Annotated[
    dt.datetime,
    BeforeValidator(_with_time),
    AfterValidator(_aware),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-05-03T14:00:00Z"]}),
]
Day = Annotated[
    dt.date,
    Field(examples=["2026-05-03"]),
    BeforeValidator(_as_day),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-05-03"]}),
]
