"""Turn the HTML of an e-mail into plain text: nothing is fetched, nothing hidden is shown, quotes stay quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

_LONGEST = 524_288
_DEEPEST_QUOTE = 5

_TAG = re.compile(r"</?([a-zA-Z][^\s/>]*)")
_ATTRIBUTE = re.compile(
    r"""\b(class|id|style|hidden|name|color)\b(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""",
    re.IGNORECASE,
)
_HIDDEN = re.compile(
    r"display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden|mso-hide\s{0,9}:\s{0,9}all"
    r"|font-size\s{0,9}:\s{0,9}0(?![\d.]{0,9}[1-9])"
)
# Hardly to be seen: too small, or in the colour of the paper. Some of it is the writer's own, in a dark mail program.
_UNSEEN = re.compile(
    r"visibility\s{0,9}:\s{0,9}collapse"
    r"|font-size\s{0,9}:\s{0,9}(?:[0-3](?:\.\d{1,9})?|\.\d{1,9})\s{0,9}(?:px|pt)?\s{0,9}(?:!|;|\Z)"
    r"|font-size\s{0,9}:\s{0,9}0?\.[0-3]\d{0,9}\s{0,9}(?:em|rem)"
    r"|font-size\s{0,9}:\s{0,9}(?:\d|[1-2]\d)(?:\.\d{1,9})?\s{0,9}%"
    r"|(?<![\w-])font\s{0,9}:[^;]{0,60}?(?<![\d.])[0-3](?:\.\d{1,9})?(?:px|pt)\b"
    r"|opacity\s{0,9}:\s{0,9}(?:0(?!\.?\d)|0?\.[0-2])"
    r"|(?<![\w-])(?:max-)?(?:height|width)\s{0,9}:\s{0,9}[01](?:\.0{1,9})?\s{0,9}(?:px|pt|em|%)?\s{0,9}(?:!|;|\Z)"
    r"|(?<![\w-])color\s{0,9}:\s{0,9}(?:transparent|white\b|snow\b|ivory\b|#f{3}\b|#f{4}\b|#f[a-f\d]f[a-f\d]f[a-f\d]\b"
    r"|#[\da-f]{6}00\b|#[\da-f]{3}0\b|rgba?\(\s{0,9}25[0-5]\s{0,9}[, ]\s{0,9}25[0-5]\s{0,9}[, ]\s{0,9}25[0-5]"
    r"|rgba\([^)]{0,40}[,/]\s{0,9}0?(?:\.0{1,9})?\s{0,9}\)|hsla?\([^)]{0,40}100%\s{0,9}[,)])"
    r"|text-indent\s{0,9}:\s{0,9}-\d{3}"
    r"|(?<![\w-])(?:left|top|right|margin-left|margin-top)\s{0,9}:\s{0,9}-\d{3}"
    r"|clip(?:-path)?\s{0,9}:\s{0,9}(?:rect\(\s{0,9}[01]|inset\(\s{0,9}(?:50|100)%)"
    r"|transform\s{0,9}:\s{0,9}scale\(\s{0,9}0"
)
_PALE = re.compile(r"white|snow|ivory|transparent|#?f{3}|#?f[a-f\d]f[a-f\d]f[a-f\d]", re.IGNORECASE)
# A rule of a style sheet, and the classes and ids it is for.
_STYLE_RULE = re.compile(r"([^{}]{1,500})\{([^{}]{0,2000})\}")
_LONGEST_STYLE_SHEET = 50_000
_IS_ADDRESS = re.compile(
    r"\s{0,9}(?:mailto:)?[^\s<>@]{1,100}@[^\s<>@]{1,200}\s{0,9}\Z|\s{0,9}(?:https?://|www\.)\S{1,500}\s{0,9}\Z",
    re.IGNORECASE,
)
_SELECTOR = re.compile(r"[.#]([\w-]{1,100})")
_SPACE = re.compile(r"[\s\u00a0]+")

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "wbr"}
_SILENT = {
    "head",
    "math",
    "noframes",
    "object",
    "script",
    "select",
    "style",
    "svg",
    "template",
    "textarea",
    "title",
}
# Their content is no HTML: a tag in it means nothing.
_RAW = {"script", "style", "textarea", "title"}
_BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset", "footer",
    "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li", "main", "ol", "p", "pre", "section",
    "table", "tbody", "tr", "ul",
}  # fmt: skip
_APART = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "blockquote"}

# How mail programs mark what is quoted; "x_" is what Outlook puts before the names it quotes.
_QUOTES = {
    "gmail_attr", "gmail_quote", "gmail_quote_container", "mail-quote", "moz-cite-prefix", "moz-forward-container",
    "outlookmessageheader", "protonmail_quote", "quote", "reply-intro", "tutanota_quote", "yahoo_quoted", "zmail_extra",
}  # fmt: skip
# What follows these, to the end of the message, is quoted.
_REST_QUOTED = {"appendonsend", "divrplyfwdmsg", "mail-editor-reference-message-container", "stopspelling"}
_SIGNATURES = {
    "applemailsignature", "gmail_signature", "moz-signature", "ms-outlook-mobile-signature",
    "protonmail_signature_block",
    "signature", "ymail_android_signature", "ymail_ios_signature",
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class _Element:
    name: str
    silent: bool
    quoted: bool
    foreign: bool


def html_to_text(html: str) -> str:
    """The text of an HTML message: a quote's lines begin with ">", a signature comes after a line of "-- ".

    What may be somebody else's words stands in square brackets: the text of a link, unless it is an address, and text
    that is hardly to be seen. Pictures are left out. Only the first half million characters are read.
    """
    return _Writer().write(html[:_LONGEST])


class _Writer:
    """Writes text while it walks through tags; never descends, so nothing is too deep."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.opened: list[_Element] = []
        self.silent = self.quoted = self.foreign = self.preformatted = 0
        self.unseen: set[str] = set()
        self.rest_quoted = False

    def write(self, html: str) -> str:
        for is_tag, piece in _pieces(html):
            if is_tag:
                self._tag(piece)
            elif not self.silent:
                self._text(unescape(piece))
            elif self.opened and self.opened[-1].name == "style":
                self.unseen |= _unseen_marks(piece)
        self._end_line()
        return "\n".join(self.lines).strip("\n")

    def _text(self, text: str) -> None:
        if self.foreign and text.strip() and not _IS_ADDRESS.match(text):
            text = f"[{text}]"
        if self.preformatted:
            first, *others = text.split("\n")
            self.line.append(first)
            for other in others:
                self._end_line(always=True)
                self.line.append(other)
        else:
            self.line.append(_SPACE.sub(" ", text))

    def _end_line(self, *, always: bool = False) -> None:
        text = "".join(self.line)
        self.line = []
        text = text.rstrip() if self.preformatted else re.sub(r" {2,}", " ", text).strip()
        if text or always:
            depth = min(self.quoted, _DEEPEST_QUOTE) or int(self.rest_quoted)
            self.lines.append(f"{'>' * depth} {text}" if depth else text)

    def _gap(self) -> None:
        self._end_line()
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def _tag(self, tag: str) -> None:
        match = _TAG.match(tag)
        if match is None:
            return
        name = match[1].lower().rpartition(":")[2]
        if name in _BLOCKS and not self.silent:
            (self._gap if name in _APART else self._end_line)()
        if tag.startswith("</"):
            self._close(name)
        elif name == "br":
            if not self.silent:
                self._end_line(always=True)
        else:
            self._open(name, tag[match.end() :])

    def _open(self, name: str, rest: str) -> None:
        attributes = {
            found[1].lower(): next((value for value in found.groups()[1:] if value is not None), "")
            for found in _ATTRIBUTE.finditer(rest[:2_000])
        }
        if name in _VOID:
            return
        if name in {"p", "li", "tr", "td"}:
            self._close_open_one(name)
        marks = _marks(attributes)
        style = unescape(attributes.get("style", "")).lower()
        foreign = (
            name == "a"
            or bool(marks & self.unseen)
            or _UNSEEN.search(style) is not None
            or _PALE.fullmatch(attributes.get("color", "")) is not None
        )
        silent = name in _SILENT or "hidden" in attributes or _HIDDEN.search(style) is not None
        quoted = name == "blockquote" or bool(marks & _QUOTES)
        if marks & _REST_QUOTED and not self.silent:
            self._end_line()
            self.rest_quoted = True
        if marks & _SIGNATURES and not (self.silent or self.quoted or self.rest_quoted):
            self._end_line()
            self.lines.append("-- ")
        if quoted and not self.silent:
            self._end_line()
        if name == "td" and not self.silent:
            self.line.append(" ")
        self.opened.append(_Element(name=name, silent=silent, quoted=quoted, foreign=foreign))
        self.silent += silent
        self.foreign += foreign
        self.quoted += quoted
        self.preformatted += name == "pre"

    def _close_open_one(self, name: str) -> None:
        """A paragraph, item, row or cell ends where the next one of its kind begins."""
        if self.opened and self.opened[-1].name == name:
            self._close(name)

    def _close(self, name: str) -> None:
        # An end without a beginning means nothing. Looking back is bounded, so that many of those cost little.
        names = [element.name for element in reversed(self.opened[-100:])]
        if name not in names:
            return
        depth = names.index(name) + 1
        if not self.silent and any(element.quoted for element in self.opened[-depth:]):
            self._gap()
        for element in self.opened[-depth:]:
            self.silent -= element.silent
            self.foreign -= element.foreign
            self.quoted -= element.quoted
            self.preformatted -= element.name == "pre"
        del self.opened[-depth:]


def _unseen_marks(style_sheet: str) -> set[str]:
    """The classes and ids that a style sheet hides, or makes hardly to be seen."""
    return {
        selector[1].lower()
        for rule in _STYLE_RULE.finditer(style_sheet[:_LONGEST_STYLE_SHEET].lower())
        if _HIDDEN.search(rule[2]) or _UNSEEN.search(rule[2])
        for selector in _SELECTOR.finditer(rule[1])
    }


def _marks(attributes: dict[str, str]) -> set[str]:
    names = [attributes.get("id", ""), attributes.get("name", ""), *attributes.get("class", "").split()]
    return {name.lower().removeprefix("x_") for name in names if name}


def _pieces(html: str) -> Iterator[tuple[bool, str]]:
    """(is it a tag, its text) from beginning to end. Comments and declarations are left out.

    Each search that finds nothing is the last of its kind, so that the time taken grows with the length only.
    """
    at, length = 0, len(html)
    while at < length:
        start = html.find("<", at)
        if start < 0:
            yield False, html[at:]
            return
        if start > at:
            yield False, html[at:start]
        if html.startswith("<!--", start):
            end = html.find("-->", start + 2)
            if end < 0:
                return
            at = end + 3
        elif html.startswith(("<!", "<?"), start):
            end = html.find(">", start)
            if end < 0:
                return
            at = end + 1
        elif match := _TAG.match(html, start):
            end = _tag_end(html, match.end())
            tag = html[start:end]
            yield True, tag
            at = end
            name = match[1].lower()
            if name in _RAW and not tag.startswith("</"):
                closing = re.compile(rf"</{name}", re.IGNORECASE).search(html, at)
                if closing is None:
                    return
                yield False, html[at : closing.start()]
                at = closing.start()
        else:
            yield False, "<"
            at = start + 1


_PLAIN = re.compile(r"""[^"'>]*""")


def _tag_end(html: str, at: int) -> int:
    """Where the tag ends whose name ends at `at`. A > between quotation marks does not end it."""
    begun = at
    while True:
        at = _PLAIN.match(html, at).end()  # type: ignore[union-attr]
        if at >= len(html):
            return len(html)
        if html[at] == ">":
            return at + 1
        closing = html.find(html[at], at + 1, begun + 20_000)
        if closing < 0:
            # The mark is never closed: then the next > ends the tag.
            end = html.find(">", at)
            return end + 1 if end >= 0 else len(html)
        at = closing + 1
