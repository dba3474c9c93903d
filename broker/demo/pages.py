"""What a script sees of a page: its forms, and texts by their element's id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin

_VOID: Final = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})


@dataclass(slots=True)
class Form:
    """Where it goes, and what it sends when nobody touches it; ``buttons`` maps a button's id to what it adds."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was read."""

    title: str
    forms: Sequence[Form]
    texts: dict[str, str]
    """Text of every element that has an id."""
    definitions: Sequence[tuple[str, str]]
    """Term and description of every ``dt`` and ``dd`` that follow each other."""

    def form_of(self, button: str) -> Form:
        """The form that has this button; raises ``LookupError`` when the page has no such button."""
        for form in self.forms:
            if button in form.buttons:
                return form
        raise LookupError(f"the page {self.title!r} has no button {button!r}")


def read_page(html: str, url: str) -> Page:
    """The page; ``url`` is where it came from, and makes addresses absolute."""
    reader = _Reader(url)
    reader.feed(html)
    reader.close()
    return Page(
        title=_tidy(reader.title),
        forms=reader.forms,
        texts={name: _tidy(parts) for name, parts in reader.texts.items()},
        definitions=list(zip(map(_tidy, reader.terms), map(_tidy, reader.descriptions), strict=False)),
    )


class _Reader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.url = url
        self.title: list[str] = []
        self.forms: list[Form] = []
        self.texts: dict[str, list[str]] = {}
        self.terms: list[list[str]] = []
        self.descriptions: list[list[str]] = []
        self._open: list[tuple[str, list[str] | None]] = []
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = urljoin(self.url, attributes.get("action", ""))
            self._form = Form(action, attributes.get("method", "get").upper())
            self.forms.append(self._form)
        elif tag == "input" and self._form is not None and "name" in attributes:
            if attributes.get("type") not in ("submit", "button", "image", "reset"):
                self._form.fields[attributes["name"]] = attributes.get("value", "")
        elif tag == "button" and self._form is not None:
            added = {attributes["name"]: attributes.get("value", "")} if "name" in attributes else {}
            self._form.buttons[attributes.get("id", "")] = added
        if tag not in _VOID:
            self._open.append((tag, self._sink(tag, attributes)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        while any(name == tag for name, _ in self._open):
            if self._open.pop()[0] == tag:
                break

    def handle_data(self, data: str) -> None:
        for _, sink in self._open:
            if sink is not None:
                sink.append(data)

    def _sink(self, tag: str, attributes: dict[str, str]) -> list[str] | None:
        sink: list[str] = []
        if tag == "title":
            self.title = sink
        elif tag == "dt":
            self.terms.append(sink)
        elif tag == "dd":
            self.descriptions.append(sink)
        elif "id" not in attributes:
            return None
        if "id" in attributes:
            self.texts[attributes["id"]] = sink
        return sink


def _tidy(parts: list[str]) -> str:
    return " ".join("".join(parts).split())
