"""What looks like a secret in a file, where only the names of secrets belong (threats CF-05).

The text is searched as it is written, comments and all: a secret that is commented out is out all the same. What is
found is told by its place and its kind, and taken out of whatever else is said of the file.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from broker.federation.findings import Finding

_KEY: Final = "a private key"
# What says by itself what it is: its kind, a text that it never lacks, and how it looks (as the issuers document it).
_KNOWN: Final = tuple(
    (kind, mark, re.compile(pattern))
    for kind, mark, pattern in (
        (_KEY, "PRIVATE KEY", r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"),
        ("a signed token", "eyJ", r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)*"),
        ("a password in an address", "@", r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/@:'\"]{0,64}:[^\s/@'\"]{1,128}@"),
        ("a client secret of Microsoft Entra", "Q~", r"[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}"),
        ("a key of Azure Storage", "AccountKey=", r"\bAccountKey=[A-Za-z0-9+/=]{20,}"),
        ("a webhook secret", "whsec_", r"\bwhsec_[A-Za-z0-9+/=_-]{16,}"),
        ("a token of GitHub", "gh", r"\bgh[opusr]_[A-Za-z0-9_]{20,}"),
        ("a token of GitHub", "github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{20,}"),
        ("a token of GitLab", "glpat-", r"\bglpat-[A-Za-z0-9_-]{16,}"),
        ("a token of Slack", "xox", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
        ("an access key of AWS", "AKIA", r"\bAKIA[A-Z0-9]{16}\b"),
        ("a key of Google", "AIza", r"\bAIza[A-Za-z0-9_-]{35}"),
        ("a secret key of Stripe", "_live_", r"\b[rs]k_live_[A-Za-z0-9]{16,}"),
        ("credentials of HTTP Basic", "Basic ", r"\bBasic [A-Za-z0-9+/]{16,}={0,2}"),
    )
)
# And what is long and random, which nobody has typed.
_LONG: Final = re.compile("(?<![A-Za-z0-9+/_~-])[A-Za-z0-9+/_~-]{32,}+={0,2}")
_GUID: Final = re.compile("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_HEXADECIMAL: Final = re.compile("[0-9a-f]{32,}|[0-9A-F]{32,}")
_ONE_CASE: Final = re.compile("[0-9a-z]{32,}|[0-9A-Z]{32,}")
_SHORTEST: Final = 32
_PEM_END: Final = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
# Bits per character: random base64 of 32 characters has some 4.5.
_RANDOM: Final = 4.0
_RANDOM_ONE_CASE: Final = 3.7
_RANDOM_HEXADECIMAL: Final = 2.6
# A part of a secret of so many characters is worth hiding.
_TELLING: Final = 8


@dataclass(frozen=True, slots=True)
class Leak:
    """Something that looks like a secret: where it begins, of what kind it is, and the texts that must not be shown."""

    line: int
    column: int
    kind: str
    texts: tuple[str, ...]


def find_leaks(text: str) -> list[Leak]:
    """Everything in the text of a file that looks like a secret."""
    return [
        Leak(
            text.count("\n", 0, start) + 1,
            start - text.rfind("\n", 0, start),
            kind,
            _texts(text, start, end, is_key=kind == _KEY),
        )
        for start, end, kind in _found(text)
    ]


def _found(text: str) -> Iterator[tuple[int, int, str]]:
    taken: list[tuple[int, int]] = []
    for kind, mark, pattern in _KNOWN:
        for match in pattern.finditer(text) if mark in text else ():
            taken.append((match.start(), _end_of_key(text, match.end()) if kind == _KEY else match.end()))
            yield *match.span(), kind
    for match in _LONG.finditer(text):
        if any(start < match.end() and match.start() < end for start, end in taken):
            continue
        if any(_is_random(piece) for piece in {match.group(), *match.group().split("/")}):
            yield *match.span(), "a long random text"


def _end_of_key(text: str, begin: int) -> int:
    over = _PEM_END.search(text, begin)
    return over.start() if over else len(text)


def _is_random(token: str) -> bool:
    if len(token) < _SHORTEST or _GUID.fullmatch(token):
        return False
    if _HEXADECIMAL.fullmatch(token):
        return _bits(token) >= _RANDOM_HEXADECIMAL
    digits = sum(character.isdecimal() for character in token)
    upper = sum(character.isupper() for character in token)
    lower = sum(character.islower() for character in token)
    if _ONE_CASE.fullmatch(token):
        return 3 <= digits <= len(token) - 5 and _bits(token) >= _RANDOM_ONE_CASE
    return digits >= 1 and upper >= 3 and lower >= 3 and _bits(token) >= _RANDOM


def _bits(token: str) -> float:
    counts = Counter(token).values()
    return -sum(count / len(token) * math.log2(count / len(token)) for count in counts)


def _texts(text: str, start: int, end: int, *, is_key: bool) -> tuple[str, ...]:
    if is_key:
        end = _end_of_key(text, end)
        return tuple(line.strip() for line in text[start:end].splitlines()[1:] if len(line.strip()) >= _TELLING)
    return (text[start:end],)


def findings_of(file: str, leaks: Sequence[Leak], told: Sequence[Finding]) -> Iterator[Finding]:
    """One finding for each leak, unless its line has one already that says where secrets belong."""
    refused = {finding.line for finding in told if finding.file == file and finding.code in ("secret", "value")}
    for leak in leaks:
        if leak.line not in refused:
            sentence = f"this looks like {leak.kind}: files name secrets (env:NAME, file:PATH) and never hold them"
            yield Finding(file, leak.line, leak.column, "secret", sentence)


def without(finding: Finding, leaks: Sequence[Leak]) -> Finding:
    """The finding with every piece of a leak taken out of its sentence."""
    sentence = finding.sentence
    for secret in (text for leak in leaks for text in leak.texts):
        start = 0
        while (start := sentence.find(secret[:_TELLING], start)) >= 0:
            end = start + _TELLING
            while end < len(sentence) and end - start < len(secret) and sentence[end] == secret[end - start]:
                end += 1
            sentence = f"{sentence[:start]}…{sentence[end:]}"
            start += 1
    return finding if sentence == finding.sentence else replace(finding, sentence=sentence)
