"""The one canonicaliser of e-mail addresses and domains, used by every door (threats FE-11 to FE-13).

An address is display data: its canonical domain takes part in home-realm discovery and in the enforcement rule, and
it never finds or links an account. What is ambiguous is refused, not guessed.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import idna

# RFC 5321 section 4.5.3.1: 64 octets of local part, 255 of domain; 254 in all (RFC 3696, erratum 1690).
MAX_LOCAL_OCTETS = 64
MAX_ADDRESS_OCTETS = 254

# RFC 5322 dot-atom, plus letters beyond ASCII (RFC 6531). Quoted strings, comments and spaces are left out on purpose.
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*")


@dataclass(frozen=True, slots=True)
class Address:
    """A canonical address: folded local part and A-label domain."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


# Domains kept in memory. The IDNA tables cost a quarter of an RSA signature each time, and the gate asks for the same
# few domains at every request.
_REMEMBERED: Final = 4096


@lru_cache(maxsize=_REMEMBERED)
def canonical_domain(text: str) -> str:
    """The domain in lower-case A-labels, without a trailing dot; raises ``ValueError`` if it is not one.

    Full-width letters and the other dots of UTS #46 are mapped first, so that every spelling that a mail system or a
    browser would take for the same domain compares equal.
    """
    folded = unicodedata.normalize("NFKC", text.strip()).removesuffix(".")
    try:
        encoded = idna.encode(folded, uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise ValueError("not a domain name") from error
    encoded = encoded.removesuffix(".")
    if "." not in encoded:
        raise ValueError("not a domain name with at least two labels")
    return encoded


def canonical_address(text: str) -> Address:
    """The canonical form of one plain address (``local@domain``); raises ``ValueError`` if it is anything else."""
    folded = unicodedata.normalize("NFKC", text.strip())
    if len(folded.encode("utf-8", "surrogatepass")) > MAX_ADDRESS_OCTETS:
        raise ValueError("an address longer than 254 octets")
    local, at, domain = folded.partition("@")
    if not at or "@" in domain:
        raise ValueError("an address has exactly one @")
    if len(local.encode("utf-8", "surrogatepass")) > MAX_LOCAL_OCTETS or not _LOCAL.fullmatch(local):
        raise ValueError("not a plain local part")
    return Address(local.casefold(), canonical_domain(domain))
