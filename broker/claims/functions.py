"""The helper functions of the rules. Each is bounded, and each refuses what it cannot do by raising.

Their documentation is printed in ``docs/rules.md``. A map of groups to roles stays where it is: a function looks into
it, and the language never sees it whole.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from broker.addresses import canonical_address, canonical_domain
from broker.claims.vocabulary import MAX_LIST, MAX_TEXT

Maps = Mapping[str, Mapping[str, tuple[str, ...]]]
Parameter = Literal["text", "texts", "truth"]

# Characters of any text that a function takes or gives.
MAX_FUNCTION_TEXT: Final = 8 * MAX_TEXT


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a helper. ``function`` gets the group maps first, if the helper ``looks_up``."""

    id: str
    parameters: tuple[Parameter, ...]
    result: Parameter
    function: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Helper:
    """A function of the rules. ``looks_up``: its first argument is the name of a map, which is checked at load.

    ``example``: an expression with what it gives, run by a test.
    """

    name: str
    overloads: tuple[Overload, ...]
    documentation: str
    example: tuple[str, object]
    looks_up: bool = False


class Refused(ValueError):
    """A function cannot do what it was asked. The text quotes no value: it may end in a log."""


def _lookup(maps: Maps, name: str, key: str) -> str:
    found = maps[name].get(key)
    if found is None:
        raise Refused("the key is not in the map")
    return _the_one(found)


def _lookup_or(maps: Maps, name: str, key: str, otherwise: str) -> str:
    found = maps[name].get(key)
    return otherwise if found is None else _the_one(found)


def _the_one(found: tuple[str, ...]) -> str:
    if len(found) != 1:
        raise Refused("the key has several values in the map")
    return _short(found[0])


def _lookup_all(maps: Maps, name: str, keys: list[str]) -> list[str]:
    entries = maps[name]
    return _bounded({value for key in _texts(keys) for value in entries.get(key, ())})


def _is_listed(maps: Maps, name: str, key: str) -> bool:
    return key in maps[name]


def _any_of(held: list[str], wanted: list[str]) -> bool:
    return not set(_texts(held)).isdisjoint(_texts(wanted))


def _all_of(held: list[str], wanted: list[str]) -> bool:
    needed = set(_texts(wanted))
    return bool(needed) and needed <= set(_texts(held))


def _common(one: list[str], other: list[str]) -> list[str]:
    return _bounded(set(_texts(one)) & set(_texts(other)))


def _starting_with(texts: list[str], beginning: str) -> list[str]:
    if not beginning:
        raise Refused("every text starts with the empty text")
    return _bounded({text for text in _texts(texts) if text.startswith(beginning)})


def _unique(texts: list[str]) -> list[str]:
    return _bounded(set(_texts(texts)))


def _first_of(texts: list[str]) -> str:
    return _short(next((text for text in _texts(texts) if text.strip()), ""))


@lru_cache(maxsize=4096)
def _domain(address: str) -> str:
    return canonical_address(address).domain


def _domain_of(address: str) -> str:
    try:
        return _domain(address)
    except ValueError:
        raise Refused("this is no e-mail address") from None


def _in_domain(address: str, domain: str) -> bool:
    try:
        return _domain_of(address) == canonical_domain(domain)
    except ValueError:
        raise Refused("this is no e-mail address or no domain") from None


def _lower(text: str) -> str:
    return _short(_short(text).lower())


def _upper(text: str) -> str:
    return _short(_short(text).upper())


def _without_accents(text: str) -> str:
    split = unicodedata.normalize("NFD", _short(text))
    return _short(unicodedata.normalize("NFC", "".join(c for c in split if unicodedata.category(c) != "Mn")))


def _short(text: str) -> str:
    if len(text) > MAX_FUNCTION_TEXT:
        raise Refused("the text is too long")
    if "\0" in text:
        raise Refused("the text has a NUL in it")
    return text


def _texts(values: Iterable[Any]) -> list[str]:
    # A list of claims is one of unknown members for the language, so that they are looked at here.
    texts = list(values)
    try:
        "".join(texts)  # The quickest way to ask it of thousands.
    except TypeError:
        raise Refused("a member of the list is no text") from None
    return texts


def _bounded(texts: set[str]) -> list[str]:
    lengths = [len(text) for text in texts]
    if len(lengths) > MAX_LIST or sum(lengths) > MAX_FUNCTION_TEXT or max(lengths, default=0) > MAX_TEXT:
        raise Refused("the list becomes too long")
    if any("\0" in text for text in texts):
        raise Refused("the text has a NUL in it")
    return sorted(texts)


HELPERS: Final[tuple[Helper, ...]] = (
    Helper(
        "lookup",
        (
            Overload("lookup_text", ("text", "text"), "text", _lookup),
            Overload("lookup_text_or", ("text", "text", "text"), "text", _lookup_or),
        ),
        "The value of a key in a map of `config/claim_rules/`. Without the third argument a key that is not there "
        "refuses; with it, that is the value instead. A key with several values refuses.",
        ('lookup("cities", "ATH")', "Athens"),
        looks_up=True,
    ),
    Helper(
        "lookup_all",
        (Overload("lookup_all_texts", ("text", "texts"), "texts", _lookup_all),),
        "All values that a map has for any of the keys, each once and in order of the alphabet. Keys that are not "
        "there add nothing.",
        ('lookup_all("roles", ["3c1f0c1e-8f3a-4a52-9d0e-0d1f6a3f7c01"])', ["editor", "viewer"]),
        looks_up=True,
    ),
    Helper(
        "is_listed",
        (Overload("is_listed_text", ("text", "text"), "truth", _is_listed),),
        "Whether a map has this key.",
        ('is_listed("cities", "SKG")', False),
        looks_up=True,
    ),
    Helper(
        "any_of",
        (Overload("any_of_texts", ("texts", "texts"), "truth", _any_of),),
        "Whether two lists have a member in common; never with an empty list.",
        ('any_of(["a", "b"], ["b", "c"])', True),
    ),
    Helper(
        "all_of",
        (Overload("all_of_texts", ("texts", "texts"), "truth", _all_of),),
        "Whether the first list has every member of the second; an empty second list is never had.",
        ('all_of(["a", "b"], ["b", "c"])', False),
    ),
    Helper(
        "common",
        (Overload("common_texts", ("texts", "texts"), "texts", _common),),
        "The members that two lists have in common, each once and in order of the alphabet.",
        ('common(["b", "a"], ["b", "c"])', ["b"]),
    ),
    Helper(
        "starting_with",
        (Overload("starting_with_text", ("texts", "text"), "texts", _starting_with),),
        "The members that start with a text, each once and in order of the alphabet.",
        ('starting_with(["connect.admin", "docs.reader"], "connect.")', ["connect.admin"]),
    ),
    Helper(
        "unique",
        (Overload("unique_texts", ("texts",), "texts", _unique),),
        "The members of a list, each once and in order of the alphabet.",
        ('unique(["b", "a", "b"])', ["a", "b"]),
    ),
    Helper(
        "first_of",
        (Overload("first_of_texts", ("texts",), "text", _first_of),),
        "The first member that is not blank; empty if there is none.",
        ('first_of(["", "Athens"])', "Athens"),
    ),
    Helper(
        "domain_of",
        (Overload("domain_of_text", ("text",), "text", _domain_of),),
        "The domain of an e-mail address in its canonical spelling. What is no address refuses.",
        ('domain_of("Eleni@AEGEANFOODS.example")', "aegeanfoods.example"),
    ),
    Helper(
        "in_domain",
        (Overload("in_domain_text", ("text", "text"), "truth", _in_domain),),
        "Whether an e-mail address is of exactly this domain, however either is spelt. Sub-domains are other domains.",
        ('in_domain("eleni@evil-aegeanfoods.example", "aegeanfoods.example")', False),
    ),
    Helper(
        "lower",
        (Overload("lower_text", ("text",), "text", _lower),),
        "The text in small letters, Greek and accented ones too.",
        ('lower("ΑΘΗΝΑ")', "αθηνα"),
    ),
    Helper(
        "upper",
        (Overload("upper_text", ("text",), "text", _upper),),
        "The text in capitals, Greek and accented ones too.",
        ('upper("αθήνα")', "ΑΘΉΝΑ"),
    ),
    Helper(
        "without_accents",
        (Overload("without_accents_text", ("text",), "text", _without_accents),),
        "The text without its accents, for applications that cannot show them.",
        ('without_accents("Ελένη Müller")', "Ελενη Muller"),
    ),
)
