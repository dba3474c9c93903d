"""Words in place of what says who somebody is: the same for the same word, of the same shape, and no way back.

A word is replaced, not a text: "Eleni" is the same pseudonym in a name, in an address and in another sign-in, so that
what a rule compares is still the same or still different afterwards. The key is the broker's own.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Final

# Letters of any script, or digits. Whatever stands between them stays: it is the shape.
_RUN: Final = re.compile(r"[^\W\d_]+|\d+")
_DOMAIN: Final = re.compile(r"[^\s@<>\"'`,;()]+\.[^\s@<>\"'`,;()]+")
_ADDRESS: Final = re.compile(r"([^\s<>\"'`,;()@]+)@([^\s@<>\"'`,;()]+)")
# The mark of a guest's principal name, which rules and mappings look for; around it stands the address at home.
_GUEST: Final = re.compile("#ext#", re.IGNORECASE)
_GREEK: Final = re.compile("[\u0370-\u03ff\u1f00-\u1fff]")

_LATIN_SYLLABLES: Final = ("bcdfghklmnprstvz", "aeiou")
_GREEK_SYLLABLES: Final = ("βγδζθκλμνπρσττφχ", "αειου")
_MOST_WORDS: Final = 2048
# Characters of a text that are looked at; nothing here is longer for a good reason.
_MAX: Final = 1024


class Pseudonyms:
    """Makes them with one key, which serves nothing else."""

    def __init__(self, key: bytes) -> None:
        """``key``: 32 random bytes."""
        self._key = key
        # A name is written several times in one record, and a person comes again.
        self._word = lru_cache(_MOST_WORDS)(self._letters)

    def text(self, text: str) -> str:
        """Every word and every number replaced; the domain of an address stays."""
        address = _ADDRESS.fullmatch(text)
        if address is not None and _DOMAIN.fullmatch(address[2]):
            return f"{self._local_part(address[1])}@{address[2]}"
        return _RUN.sub(self._run, text[:_MAX])

    def addresses_in(self, text: str) -> str:
        """Only what looks like an e-mail address replaced."""
        return _ADDRESS.sub(lambda found: f"{self._local_part(found[1])}@{found[2]}", text)

    def guid(self, text: str) -> str:
        """Another GUID."""
        made = self._digest("guid", text.lower(), 0).hex()
        return f"{made[:8]}-{made[8:12]}-4{made[13:16]}-a{made[17:20]}-{made[20:32]}"

    def number(self, number: int) -> int:
        """Another one with as many digits."""
        digits = self._digits(str(abs(number)))
        return int(f"{'1' if digits[0] == '0' else digits[0]}{digits[1:]}") * (-1 if number < 0 else 1)

    def _local_part(self, text: str) -> str:
        """Around the mark of a guest, if there is one."""
        return "#EXT#".join(_RUN.sub(self._run, part) for part in _GUEST.split(text[:_MAX]))

    def _run(self, found: re.Match[str]) -> str:
        return self._digits(found[0]) if found[0][0].isdigit() else self._word(found[0])

    def _digits(self, digits: str) -> str:
        for attempt in range(256):
            made = "".join(
                str(byte % 10)
                for block in range(0, len(digits), 32)
                for byte in self._digest(f"digits{block}", digits, attempt)[: len(digits) - block]
            )
            if made != digits:
                break
        return made

    def _letters(self, word: str) -> str:
        """A word that can be spoken, in the script and with the capitals of the other one, whose length it hides."""
        folded = word.casefold()
        consonants, vowels = _GREEK_SYLLABLES if _GREEK.search(word) else _LATIN_SYLLABLES
        made = folded
        for attempt in range(256):
            drawn = self._digest("letters", folded, attempt)
            pairs = range(2 + drawn[0] % 3)
            made = "".join(
                consonants[drawn[1 + 2 * pair] % len(consonants)] + vowels[drawn[2 + 2 * pair] % len(vowels)]
                for pair in pairs
            )
            if made != folded:
                break
        if len(word) > 1 and word.isupper():
            return made.upper()
        return made.capitalize() if word[0].isupper() else made

    def _digest(self, kind: str, text: str, attempt: int) -> bytes:
        content = f"{kind}\0{attempt}\0{text}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(content, key=self._key, digest_size=32).digest()
