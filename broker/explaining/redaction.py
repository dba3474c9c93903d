"""Takes out of a record who it was, before anything of it is kept; what rules decide on stays (``staying``).

It leaves the shape: the same keys, the same types, texts where there were texts. So rules can be applied once more to
what was kept, and whoever reads it reads no name, address, telephone number or street.

It runs for every request of a sign-in, so the usual case is the short way through each function.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from broker.explaining import staying
from broker.explaining.pseudonyms import Pseudonyms
from broker.explaining.staying import Fate
from broker.location import Location
from broker.tracing import Record, Step

LEFT_OUT: Final = "(left out)"

_GUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]{10,}(\.[A-Za-z0-9_-]{10,}){1,4}")
# A telephone number, or a number of seven digits that stands alone: neither a time nor a part of a GUID.
_LONG_NUMBER: Final = re.compile(r"\+\d[\d ()/.-]{5,}\d|(?<![\w.-])\d{7,}(?![\w.-])")
_WORD: Final = re.compile(r"[^\W\d_]+|\d+")
# A number of three digits names nobody; a longer one may be a telephone or an employee.
_SMALL: Final = 1000
# Characters of one text, members of one list or mapping, and levels: beyond, it is cut, or left out.
_MAX_TEXT: Final = 1024
_MAX_DETAIL: Final = 300
_MAX_MEMBERS: Final = 1000
_MAX_DEPTH: Final = 6
# A step shows so many of a list; the sample has all of them.
_SHOWN: Final = 20
_MIN_KNOWN: Final = 3
# Characters of all texts of a sample, and of the steps: everything of a person in 1,000 groups. What comes beyond is
# left out, so that a directory that sends a lot costs no time.
_MAX_WORK: Final = 60 * 1024


class Redaction:
    """Redacts one record after the other. ``kept_claims``: names of claims that the operator wants to stay.

    ``directory``: that of the configuration, from which the places of rules are told: administrators read them, and
    where it lies on the operator's machine is not theirs to know.
    """

    def __init__(self, pseudonyms: Pseudonyms, kept_claims: Collection[str] = (), directory: str = "") -> None:
        self._pseudonyms = pseudonyms
        self._root = f"{directory}/" if directory else ""
        self._names = staying.Names(kept_claims)

    def of(self, record: Record) -> tuple[list[dict[str, Any]], dict[str, Any], bool]:
        """The steps and the sample, in values that JSON can hold, and whether the sample is whole.

        What is not whole is no sample: a rule would decide otherwise over half of somebody's groups.
        """
        run = _Run(self._pseudonyms, self._names, self._root)
        sample = {name: run.value(name, value) for name, value in record.sample.items()}
        is_whole = not run.is_cut
        run.left = _MAX_WORK
        steps = [run.step(step) for step in record.steps]
        for step in steps:  # At the end, when everything that was replaced anywhere is known.
            if step["detail"]:
                step["detail"] = run.scrubbed(step["detail"].replace(self._root, "") if self._root else step["detail"])
        return steps, sample, is_whole


class _Run:
    """One record: what was replaced in it is looked for in its free texts as well."""

    def __init__(self, pseudonyms: Pseudonyms, names: staying.Names, root: str) -> None:
        self._pseudonyms = pseudonyms
        self._names = names
        self._root = root
        self._replaced: set[str] = set()
        self._known: dict[str, str] = {}
        self.left = _MAX_WORK
        self.is_cut = False

    # -- steps ------------------------------------------------------------------------------------------------

    def step(self, step: Step) -> dict[str, Any]:
        inputs: dict[str, Any] = {}
        for name, value in step.inputs.items():
            # Hops and checks are ours: what they say of themselves are our own words.
            redacted = self._own_words if step.kind in ("hop", "check") else self.value
            inputs[str(name)] = redacted(str(name), _short(value), step.source)
        value = step.value
        if value is not None and not isinstance(value, bool):
            named = step.kind == "claim" or step.group == "attributes"
            value = self.value(step.name if named else "", _short(value), step.source)
        return {
            "kind": step.kind,
            "group": step.group,
            "name": step.name[:_MAX_TEXT],
            "outcome": step.outcome,
            "location": self._place(step.location),
            "source": step.source[:_MAX_TEXT],
            "inputs": inputs,
            "value": value,
            "detail": step.detail[:_MAX_TEXT],
        }

    def _place(self, location: Location | None) -> list[Any] | None:
        if location is None:
            return None
        return [location.file.removeprefix(self._root), location.line, location.column]

    def _own_words(self, name: str, value: Any, source: str) -> Any:
        """Of a step of ours: what its name says is personal is replaced, and what is known to be."""
        if type(value) is str and self._names.fate(name) not in (Fate.PERSONAL, Fate.LEFT_OUT):
            self.left -= len(value)
            return self.scrubbed(value[:_MAX_DETAIL]) if self.left >= 0 else LEFT_OUT
        return self.value(name, value, source)

    # -- values -----------------------------------------------------------------------------------------------

    def value(self, name: str, value: Any, source: str = "", depth: int = 0) -> Any:
        """What is kept of a value of this name. ``source``: of the rule at hand."""
        kind = type(value)
        if value is None or kind is bool:
            return value
        fate = self._names.fate(name)
        if fate is Fate.LEFT_OUT or depth > _MAX_DEPTH:
            return LEFT_OUT
        if kind is str:
            self.left -= len(value)
            return self._text(fate, name, value, source) if self.left >= 0 else self._cut()
        if self.left < 0:
            return self._cut()
        if isinstance(value, Mapping):
            return self._mapping(name, value, source, depth)
        if isinstance(value, list | tuple | set | frozenset):
            return self._list(fate, name, value, source, depth)
        return self._other(fate, value)

    def _cut(self) -> str:
        self.is_cut = True
        return LEFT_OUT

    def _mapping(self, name: str, value: Mapping[Any, Any], source: str, depth: int) -> Any:
        if len(value) > _MAX_MEMBERS:
            return self._cut()
        # What the claim ``organization`` says is in the configuration, or of the organisation.
        every = staying.canonical(name) == "organization"
        return {
            str(key): self.value("organization" if every else f"{name}.{key}", member, source, depth + 1)
            for key, member in value.items()
        }

    def _list(self, fate: Fate, name: str, value: Collection[Any], source: str, depth: int) -> Any:
        if len(value) > _MAX_MEMBERS:
            return self._cut()
        members = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
        if fate is Fate.TECHNICAL:  # Two hundred groups are the usual case, and the dear one.
            kept = list(members)
            if all(type(each) is str and len(each) <= _MAX_TEXT and "@" not in each for each in kept):
                self.left -= sum(map(len, kept))
                return kept if self.left >= 0 else self._cut()
        return [self.value(name, member, source, depth + 1) for member in members]

    def _other(self, fate: Fate, value: Any) -> Any:
        if isinstance(value, int | float):
            if not math.isfinite(value):
                return LEFT_OUT  # JSON has no word for it.
            if fate in (Fate.TECHNICAL, Fate.ORGANIZATIONAL) or (fate is Fate.UNKNOWN and abs(value) < _SMALL):
                return value
            self._replaced.add(str(abs(int(value))))
            return self._pseudonyms.number(int(value))
        if isinstance(value, datetime):
            return value.isoformat()
        return "…" if value is Ellipsis else LEFT_OUT

    def _text(self, fate: Fate, name: str, value: str, source: str) -> str:
        if fate is Fate.TECHNICAL:
            cut = value[:_MAX_TEXT]
            return self._pseudonyms.addresses_in(cut) if "@" in cut else cut
        if fate is Fate.ORGANIZATIONAL:
            return self._free(value[:_MAX_TEXT])
        if len(value) > _MAX_TEXT or _COMPACT.fullmatch(value):
            return LEFT_OUT  # A token, or as long as one.
        if fate is Fate.UNKNOWN and source and (f'"{value}"' in source or f"'{value}'" in source):
            return value
        made = self._known.get(value)
        if made is None:
            made = self._known[value] = self._pseudonym(name, value)
        return made

    def _pseudonym(self, name: str, value: str) -> str:
        if _GUID.fullmatch(value):
            if staying.canonical(name) != "sub":  # For most applications it is the account id, which names nobody.
                self._replaced.add(value.lower())
            return self._pseudonyms.guid(value)
        self._replaced.update(word.casefold() for word in _WORD.findall(value.rpartition("@")[0] or value))
        return self._pseudonyms.text(value)

    # -- free texts -------------------------------------------------------------------------------------------

    def _free(self, text: str) -> str:
        """A text of the organisation: what is an address or a telephone number in it is replaced."""
        if "@" in text:
            text = self._pseudonyms.addresses_in(text)
        return _LONG_NUMBER.sub(lambda found: self._pseudonyms.text(found[0]), text)

    def scrubbed(self, text: str) -> str:
        """A sentence for the log: whatever was replaced elsewhere is replaced in it too."""
        text = self._free(text)
        if not self._replaced:
            return text[:_MAX_DETAIL]
        if "-" in text:
            text = _GUID.sub(self._known_guid, text)
        return _WORD.sub(self._known_word, text)[:_MAX_DETAIL]

    def _known_guid(self, found: re.Match[str]) -> str:
        return self._pseudonyms.guid(found[0]) if found[0].lower() in self._replaced else found[0]

    def _known_word(self, found: re.Match[str]) -> str:
        word = found[0]
        known = len(word) >= _MIN_KNOWN and word.casefold() in self._replaced
        return self._pseudonyms.text(word) if known else word


def _short(value: Any) -> Any:
    """What a step shows of a value."""
    if isinstance(value, list | tuple) and len(value) > _SHOWN:
        return [*value[:_SHOWN], Ellipsis]
    if isinstance(value, Mapping):
        return {name: _short(member) for name, member in value.items()}
    return value
