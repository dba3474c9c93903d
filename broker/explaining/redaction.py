"""Takes out of a record who it was, before anything of it is kept; what rules decide on stays (``staying``).

It leaves the shape: the same keys, the same types, texts where there were texts. So rules can be applied once more to
what was kept, and whoever reads it reads no name, address, telephone number or street.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from broker.explaining import staying
from broker.explaining.pseudonyms import Pseudonyms
from broker.location import Location
from broker.tracing import Record, Step

LEFT_OUT: Final = "(left out)"

_GUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]{10,}(\.[A-Za-z0-9_-]{10,}){1,4}")
_LITERAL: Final = re.compile(r"\"([^\"\\\n]*)\"|'([^'\\\n]*)'")
# A telephone number, or a number of seven digits that stands alone: neither a time nor a part of a GUID.
_LONG_NUMBER: Final = re.compile(r"\+\d[\d ()/.-]{5,}\d|(?<![\w.-])\d{7,}(?![\w.-])")
# A number of three digits names nobody; a longer one may be a telephone or an employee.
_SMALL: Final = 1000
# Characters of one text, members of one list or mapping, and levels: beyond, it is cut, or left out.
_MAX_TEXT: Final = 1024
_MAX_DETAIL: Final = 300
_MAX_MEMBERS: Final = 1000
# A step shows so many of a list; the sample has all of them.
_SHOWN: Final = 20
_MAX_DEPTH: Final = 6
_MIN_KNOWN: Final = 3
# Characters of all texts of a sample, and of the steps: everything of a person in 1,000 groups. What comes beyond is
# left out, so that a directory that sends a lot costs no time.
_MAX_WORK: Final = 60 * 1024
_WORD: Final = re.compile(r"[^\W\d_]+|\d+")


class Redaction:
    """Redacts one record after the other. ``kept_claims``: names of claims that the operator wants to stay.

    ``directory``: that of the configuration, from which the places of rules are told: administrators read them, and
    where it lies on the operator's machine is not theirs to know.
    """

    def __init__(self, pseudonyms: Pseudonyms, kept_claims: Collection[str] = (), directory: str = "") -> None:
        self._pseudonyms = pseudonyms
        self._root = f"{directory}/" if directory else ""
        self._kept = frozenset(staying.canonical(name) for name in kept_claims) - staying.PERSONAL

    def of(self, record: Record) -> tuple[list[dict[str, Any]], dict[str, Any], bool]:
        """The steps and the sample, in values that JSON can hold, and whether the sample is whole.

        What is not whole is no sample: a rule would decide otherwise over half of somebody's groups.
        """
        run = _Run(self._pseudonyms, self._kept)
        sample = {name: run.value(name, value, ()) for name, value in record.sample.items()}
        is_whole = not run.is_cut
        run.left = _MAX_WORK
        steps = [run.step(step) for step in record.steps]
        for step in steps:  # At the end, when everything that was replaced anywhere is known.
            if self._root:
                step["detail"] = step["detail"].replace(self._root, "")
                if step["location"] is not None:
                    step["location"][0] = step["location"][0].removeprefix(self._root)
            step["detail"] = run.scrubbed(step["detail"])
            if step["kind"] in ("hop", "check"):
                step["inputs"] = {
                    name: run.scrubbed(value) if isinstance(value, str) else value
                    for name, value in step["inputs"].items()
                }
        return steps, sample, is_whole


class _Run:
    """One record: what was replaced in it is looked for in its free texts as well."""

    def __init__(self, pseudonyms: Pseudonyms, kept: frozenset[str]) -> None:
        self._pseudonyms = pseudonyms
        self._kept = kept
        self._replaced: set[str] = set()
        self.left = _MAX_WORK
        self.is_cut = False

    def step(self, step: Step) -> dict[str, Any]:
        literals = frozenset(first or second for first, second in _LITERAL.findall(step.source))
        named = step.kind == "claim" or step.group == "attributes"
        # Hops and checks are ours: what they say of themselves are our own words.
        ours = step.kind in ("hop", "check")
        inputs = {str(name): _short(value) for name, value in step.inputs.items()}
        return {
            "kind": step.kind,
            "group": step.group,
            "name": step.name[:_MAX_TEXT],
            "outcome": step.outcome,
            "location": _place(step.location),
            "source": step.source[:_MAX_TEXT],
            "inputs": {
                name: self.own_words(name, value) if ours else self.value(name, value, literals)
                for name, value in inputs.items()
            },
            "value": self.value(step.name if named else "", _short(step.value), literals),
            "detail": step.detail[:_MAX_TEXT],
        }

    def own_words(self, name: str, value: Any) -> Any:
        """Of a step of ours: what its name says is personal is replaced, and so are addresses and long numbers."""
        if isinstance(value, str) and staying.canonical(name) not in staying.PERSONAL and not staying.is_left_out(name):
            self.left -= len(value)
            return self._free(value[:_MAX_DETAIL]) if self.left >= 0 else LEFT_OUT
        return self.value(name, value, ())

    def value(self, name: str, value: Any, literals: Collection[str], depth: int = 0) -> Any:
        """What is kept of a value of this name."""
        if staying.is_left_out(name) or depth > _MAX_DEPTH:
            return LEFT_OUT if value not in (None, "") else value
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            self.left -= len(value)
        if self.left < 0:
            self.is_cut = True
            return LEFT_OUT
        if isinstance(value, Mapping | list | tuple | set | frozenset) and len(value) > _MAX_MEMBERS:
            self.is_cut = True
        if isinstance(value, Mapping):
            every = staying.canonical(name) in staying.OF_THE_CONFIGURATION
            return {
                str(key): self._text("organization", member)
                if every and isinstance(member, str)
                else self.value(f"{name}.{key}", member, literals, depth + 1)
                for key, member in list(value.items())[:_MAX_MEMBERS]
            }
        if isinstance(value, list | tuple | set | frozenset):
            members = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
            if self._stays(name):  # Two hundred groups are the usual case, and the dear one.
                return [self._member(name, member, literals, depth) for member in members[:_MAX_MEMBERS]]
            return [self.value(name, member, literals, depth + 1) for member in members[:_MAX_MEMBERS]]
        return self._scalar(name, value, literals)

    def _member(self, name: str, member: Any, literals: Collection[str], depth: int) -> Any:
        if isinstance(member, str) and "@" not in member and len(member) <= min(_MAX_TEXT, self.left):
            self.left -= len(member)
            return member
        return self.value(name, member, literals, depth + 1)

    def _scalar(self, name: str, value: Any, literals: Collection[str]) -> Any:
        if isinstance(value, int | float):
            if not math.isfinite(value):
                return LEFT_OUT  # JSON has no word for it.
            stays = self._stays(name) or (abs(value) < _SMALL and staying.canonical(name) not in staying.PERSONAL)
            return value if stays else self._number(value)
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, str):
            return self._text(name, value, literals)
        return "…" if value is Ellipsis else LEFT_OUT

    def _text(self, name: str, value: str, literals: Collection[str] = ()) -> str:
        if self._stays(name):
            bare, cut = staying.canonical(name), value[:_MAX_TEXT]
            return self._free(cut) if bare in staying.ORGANIZATIONAL else self._pseudonyms.addresses_in(cut)
        if len(value) > _MAX_TEXT or _COMPACT.fullmatch(value):
            return LEFT_OUT  # A token, or as long as one.
        if value in literals and staying.canonical(name) not in staying.PERSONAL:
            return value
        if _GUID.fullmatch(value):
            if staying.canonical(name) != "sub":  # For most applications it is the account id, which names nobody.
                self._replaced.add(value.lower())
            return self._pseudonyms.guid(value)
        self._replaced.update(word.casefold() for word in _WORD.findall(value.rpartition("@")[0] or value))
        return self._pseudonyms.text(value)

    def _stays(self, name: str) -> bool:
        if name.startswith(("organization.", "application.")):
            return True
        bare = staying.canonical(name)
        return bare in staying.TECHNICAL or bare in staying.ORGANIZATIONAL or bare in self._kept

    def _number(self, value: float) -> float:
        whole = int(value)
        self._replaced.add(str(abs(whole)))
        return self._pseudonyms.number(whole)

    def _free(self, text: str) -> str:
        """A text of the organisation: what is an address or a telephone number in it is replaced."""
        return _LONG_NUMBER.sub(lambda found: self._pseudonyms.word(found[0]), self._pseudonyms.addresses_in(text))

    def scrubbed(self, detail: str) -> str:
        """A sentence for the log: whatever was replaced elsewhere is replaced in it too."""
        text = _GUID.sub(
            lambda found: self._pseudonyms.guid(found[0]) if found[0].lower() in self._replaced else found[0],
            self._free(detail),
        )
        return _WORD.sub(self._known, text)[:_MAX_DETAIL]

    def _known(self, found: re.Match[str]) -> str:
        word = found[0]
        known = len(word) >= _MIN_KNOWN and word.casefold() in self._replaced
        return self._pseudonyms.word(word) if known else word


def _short(value: Any) -> Any:
    """What a step shows of a value."""
    if isinstance(value, Mapping):
        return {name: _short(member) for name, member in value.items()}
    if isinstance(value, list | tuple) and len(value) > _SHOWN:
        return [*value[:_SHOWN], Ellipsis]
    return value


def _place(location: Location | None) -> list[Any] | None:
    return [location.file, location.line, location.column] if location is not None else None
