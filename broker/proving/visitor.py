"""A browser of the probe: keeps its cookies, finds forms, and never follows a redirect by itself."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from broker.proving.wire import Wire, WireAnswer

SESSION: Final = "__Host-session"

_FIELD: Final = re.compile(r'<input[^>]*\bname="(?P<name>[^"]+)"[^>]*\bvalue="(?P<value>[^"]*)"')
_CODE: Final = re.compile(r'data-code="([a-z_]+)"')


class Visitor:
    """One browser at one broker. ``copied`` is another one with the same cookies, at another broker."""

    def __init__(self, wire: Wire, cookies: Mapping[str, str] | None = None) -> None:
        self._wire = wire
        self._cookies = dict(cookies or {})

    @property
    def is_signed_in(self) -> bool:
        """Whether it holds a session cookie; whether that opens anything is for the broker to say."""
        return bool(self._cookies.get(SESSION))

    def copied(self, wire: Wire) -> Visitor:
        return Visitor(wire, self._cookies)

    def get(self, path: str) -> WireAnswer:
        return self._keep(self._wire.send("GET", path, cookies=self._cookies))

    def post(self, path: str, form: Mapping[str, str]) -> WireAnswer:
        return self._keep(self._wire.send("POST", path, form=form, cookies=self._cookies))

    def _keep(self, answer: WireAnswer) -> WireAnswer:
        for name, value in answer.cookies.items():
            if value:
                self._cookies[name] = value
            else:
                self._cookies.pop(name, None)
        return answer


def hidden_field(answer: WireAnswer, name: str) -> str:
    """The value of a hidden field of the page; the empty text if there is none."""
    for match in _FIELD.finditer(answer.body):
        if match["name"] == name:
            return html.unescape(match["value"])
    return ""


def local_path(url: str, prefix: str) -> str:
    """The path and query of an address of the broker's own, below its public URL."""
    parts = urlsplit(url)
    path = parts.path.removeprefix(prefix)
    return f"{path}?{parts.query}" if parts.query else path


def said(answer: WireAnswer) -> str:
    """What was answered, in a few words without any secret: the status, and the code of the page or of the protocol."""
    if 300 <= answer.status < 400:
        return f"{answer.status} to {urlsplit(answer.location).path or '/'}"
    members = answer.json()
    code = members.get("error") or members.get("code")
    if isinstance(code, str):
        return f"{answer.status} {code[:60]}"
    page = _CODE.search(answer.body)
    return f"{answer.status} {page[1]}" if page else str(answer.status)
