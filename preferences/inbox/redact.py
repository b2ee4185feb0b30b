"""Take the working tokens of our links out of text that is kept: whoever reads it could use them. Pure."""

from __future__ import annotations

import re

_REDACTED = "…"
# A mail program may have broken a link over lines: what is left of its token then is of no use.
_IN_LINK = re.compile(r"(/(?:p|u|undo|confirm)/)[\w-]{16,300}(?:\.[\w-]{0,43})?", re.ASCII)
_BARE = re.compile(r"(?<![\w-])[\w-]{8,300}\.[\w-]{43}(?![\w-])", re.ASCII)


def redact(text: str) -> str:
    """The text with … for each token: in a link of ours, in an unsubscribe address, or by itself."""
    return _BARE.sub(_REDACTED, _IN_LINK.sub(rf"\1{_REDACTED}", text))
