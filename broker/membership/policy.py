"""What a new password must be: long, and not the first thing that somebody else would try.

NIST SP 800-63B-4 section 3.1.1.2: no rules of composition, every character counts once, a comparison with what is
commonly used and with what is known of the person. We leave it at one point: it asks for 15 characters where the
password is the only factor, we for 12; OWASP ASVS 5.0 6.2.1 asks for 8 and recommends 15.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from broker.membership.hashing import normalised

MIN_CHARACTERS: Final = 12

# Fewer different characters than this in the whole password: "aaaaaaaaaaaa", "121212121212".
_FEW_DIFFERENT: Final = 5
# So many characters of the password at most may come from one row of the keyboard, the alphabet, or a known word.
_GIVEN_AWAY: Final = 4

_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_ROWS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "αβγδεζηθικλμνξοπρστυφχψω",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn",
)
_WORDS: Final = (
    "password", "passw0rd", "p@ssw0rd", "passphrase", "kodikos", "κωδικος", "κωδικός", "welcome", "letmein", "changeme",
    "iloveyou", "administrator", "trustno", "sunshine", "princess", "football", "baseball", "superman", "batman",
    "monkey", "dragon", "master", "shadow", "secret", "login", "hello", "summer", "winter", "spring", "autumn",
    "pobuca", "company", "olympiakos", "panathinaikos", "kalimera", "ellada",
)  # fmt: skip


class Unsuitable(ValueError):
    """The new password will not do. ``why``: ``too_short``, ``too_long`` or ``too_easy``."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def require_suitable(password: str, known: Sequence[str] = ()) -> str:
    """The password, if it will do; raises ``Unsuitable``.

    ``known``: what others know of the person, such as address, names and organisation.
    """
    try:
        form = normalised(password)
    except ValueError as error:
        raise Unsuitable("too_long") from error
    if len(form) < MIN_CHARACTERS:
        raise Unsuitable("too_short")
    folded = form.casefold()
    words = [word.casefold() for text in known for word in _parts(text)]
    if len(set(folded)) < _FEW_DIFFERENT or len(_without(folded, [*words, *_WORDS])) <= _GIVEN_AWAY:
        raise Unsuitable("too_easy")
    return password


def _parts(text: str) -> list[str]:
    """The words in an address or a name that are long enough to mean something."""
    split = "".join(c if c.isalnum() else " " for c in text).split()
    return [text, *(part for part in split if len(part) >= _GIVEN_AWAY)]


def _without(folded: str, words: Sequence[str]) -> str:
    """What is left of a password without known words, runs of a row, and repetitions."""
    for word in sorted(filter(None, words), key=len, reverse=True):
        folded = folded.replace(word, "\0")
    left = _YEAR.sub("", folded.replace("\0", ""))
    for row in _ROWS:
        for line in (row, row[::-1]):
            left = _without_runs(left, line)
    return "".join(c for i, c in enumerate(left) if i == 0 or c != left[i - 1])


def _without_runs(text: str, line: str) -> str:
    """The text without pieces of the line of four characters or more."""
    kept, at = [], 0
    while at < len(text):
        length = 1
        while at + length < len(text) and text[at : at + length + 1] in line:
            length += 1
        if length < _GIVEN_AWAY:
            kept.append(text[at : at + length])
        at += length
    return "".join(kept)
