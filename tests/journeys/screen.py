"""A browser without script, as small as will do: it reads a page's text, links and forms, and sends the forms.

visitor = Visitor()
page = visitor.open(manage_url)
page.untick("Product news", "E-mail")
saved = page.press("Save my choices")
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any, Self
from urllib.parse import urldefrag, urljoin, urlsplit

from django.test import Client

_VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
_INLINE = {"a", "abbr", "b", "em", "i", "span", "strong", "time", "wbr"}


class Element:
    """One element of a page. Its children are elements and pieces of text."""

    def __init__(self, tag: str, attributes: Mapping[str, str], parent: Element | None) -> None:
        self.tag = tag
        self.attributes = attributes
        self.parent = parent
        self.children: list[Element | str] = []

    def all(self, *tags: str) -> Iterator[Element]:
        """The elements below this one, in the order of the page; only those of the tags given."""
        for child in self.children:
            if isinstance(child, Element):
                if not tags or child.tag in tags:
                    yield child
                yield from child.all(*tags)

    def inside(self, tag: str) -> Element | None:
        """The nearest element around this one with that tag."""
        around = self.parent
        while around is not None and around.tag != tag:
            around = around.parent
        return around

    @property
    def text(self) -> str:
        """The text as it is read: white space collapsed."""
        return " ".join("".join(self._pieces()).split())

    def _pieces(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.tag in _INLINE:
                yield from child._pieces()
            elif child.tag not in {"script", "style", "title"}:
                yield " "
                yield from child._pieces()
                yield " "


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.open = Element("", {}, None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.open)
        self.open.children.append(element)
        if tag not in _VOID:
            self.open = element

    def handle_endtag(self, tag: str) -> None:
        around: Element | None = self.open
        while around is not None and around.tag != tag:
            around = around.parent
        if around is not None and around.parent is not None:
            self.open = around.parent

    def handle_data(self, data: str) -> None:
        self.open.children.append(data)


class Screen:
    """An answer of the site, read as a page."""

    def __init__(self, *, response: Any, url: str, visitor: Visitor) -> None:
        self.response = response
        self.status: int = response.status_code
        self.url = url
        self._visitor = visitor
        reader = _Reader()
        reader.feed(response.content.decode())
        self.root = reader.root
        self._ticked = {
            id(box): "checked" in box.attributes for box in self.root.all("input") if _is(box, "checkbox")
        }

    @property
    def text(self) -> str:
        return self.root.text

    @property
    def heading(self) -> str:
        return next(self.root.all("h1")).text

    @property
    def language(self) -> str:
        return next(self.root.all("html")).attributes["lang"]

    @property
    def outcome(self) -> str:
        """The part of the preference page that says what became of what was sent; "" where there is none."""
        return self.by_id("outcome").text if self._has("outcome") else ""

    @property
    def history(self) -> list[str]:
        """The entries of the history, newest first."""
        return [
            item.text
            for entries in self.root.all("ol")
            if "history" in entries.attributes.get("class", "")
            for item in entries.all("li")
        ]

    def by_id(self, name: str) -> Element:
        return next(element for element in self.root.all() if element.attributes.get("id") == name)

    def _has(self, name: str) -> bool:
        return any(element.attributes.get("id") == name for element in self.root.all())

    def link(self, text: str) -> str:
        """Where the first link whose text begins with `text` leads."""
        return next(
            urljoin(self.url, link.attributes["href"])
            for link in self.root.all("a")
            if link.text.startswith(text)
        )

    def has_link(self, text: str) -> bool:
        return any(link.text.startswith(text) for link in self.root.all("a"))

    @property
    def buttons(self) -> list[str]:
        return [button.text for button in self.root.all("button")]

    # The switches of a preference page

    def switch(self, name: str, channel: str = "") -> Element:
        """The checkbox of a topic on a channel, or of a profiling purpose, by what stands beside it."""
        for label in self.root.all("label"):
            fieldset = label.inside("fieldset")
            legend = next(fieldset.all("legend")).text if fieldset else ""
            if (legend, label.text) == ((name, channel) if channel else ("", name)):
                return self.by_id(label.attributes["for"])
        raise LookupError(f"No switch {name!r} {channel!r} on {self.text!r}")

    def is_on(self, name: str, channel: str = "") -> bool:
        return self._ticked[id(self.switch(name, channel))]

    def says(self, name: str, channel: str = "") -> str:
        """What the page says about the state of a switch."""
        return self.by_id(self.switch(name, channel).attributes["aria-describedby"]).text

    def tick(self, name: str, channel: str = "") -> Self:
        box = self.switch(name, channel)
        assert "disabled" not in box.attributes, "a person cannot tick this"
        self._ticked[id(box)] = True
        return self

    def untick(self, name: str, channel: str = "") -> Self:
        self._ticked[id(self.switch(name, channel))] = False
        return self

    # Forms

    def press(self, text: str, **typed: str) -> Screen:
        """Press the button that says `text`, with `typed` in the fields of its form.

        Where none says just that, the first that begins so: buttons often name what they are about.
        """
        beginning = [button for button in self.root.all("button") if button.text.startswith(text)]
        assert beginning, f"no button {text!r} among {self.buttons}"
        button = next((button for button in beginning if button.text == text), beginning[0])
        form = self._form_of(button)
        assert form.attributes["method"] == "post"
        data = self.data(form)
        if "name" in button.attributes:
            data.setdefault(button.attributes["name"], []).append(button.attributes["value"])
        for name, value in typed.items():
            assert name in data, f"the form has no field {name}"
            data[name] = [value]
        return self._visitor.post(urljoin(self.url, form.attributes.get("action", "")), data)

    def data(self, form: Element) -> dict[str, list[str]]:
        """What the browser sends of a form as it is now, without any button."""
        data: dict[str, list[str]] = {}
        for field in self.root.all("input"):
            if self._form_of(field) is not form or "disabled" in field.attributes:
                continue
            if _is(field, "checkbox") and not self._ticked[id(field)]:
                continue
            data.setdefault(field.attributes["name"], []).append(field.attributes.get("value", ""))
        return data

    @property
    def choices(self) -> dict[str, list[str]]:
        """What the form with the switches would send."""
        return self.data(
            next(form for form in self.root.all("form") if form.attributes["class"] == "choices")
        )

    def _form_of(self, element: Element) -> Element | None:
        named = element.attributes.get("form")
        return self.by_id(named) if named else element.inside("form")


class Visitor:
    """Somebody at a browser. Forms need what they need in a real one: cookies, and CSRF tokens where asked for.

    `headers` go with every request.
    """

    def __init__(self, *, language: str = "en", client: Client | None = None) -> None:
        self.client = client or Client(enforce_csrf_checks=True)
        self.headers = {"accept-language": language}

    def open(self, url: str) -> Screen:
        return self._screen(self.client.get(_path(url), headers=self.headers, follow=True), url)

    def post(self, url: str, data: Mapping[str, Any], **more: Any) -> Screen:
        """Send a form as a browser does; for sending what no form on the page would."""
        headers = {"sec-fetch-site": "same-origin", **self.headers}
        return self._screen(self.client.post(_path(url), data, headers=headers, follow=True, **more), url)

    def _screen(self, response: Any, url: str) -> Screen:
        chain = getattr(response, "redirect_chain", [])
        at = urljoin(_path(url), chain[-1][0]) if chain else _path(url)
        return Screen(response=response, url=at, visitor=self)


def _is(field: Element, kind: str) -> bool:
    return field.attributes.get("type") == kind


def _path(url: str) -> str:
    parts = urlsplit(urldefrag(url).url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
