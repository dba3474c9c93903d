"""How often a door may be tried: per person, per client and in all (threats WE-03).

A limit slows down and never locks: what is counted is forgotten when its window ends. Only an attempt that the
narrower limits let pass is counted by the wider ones, so that one client cannot use up what a person may try from
everywhere else. Known and unknown addresses are counted alike (threats WE-04). The counters are in the shared store,
so it does not matter which worker is asked.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from broker.clock import Clock, epoch_seconds
from broker.entropy import digest
from broker.errors import TooMany
from broker.store.state import StateStore

# One customer of a provider usually has a /64 of IPv6 to choose addresses from (RFC 6177, RFC 7934).
_IPV6_CUSTOMER: Final = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """So many attempts within ``window``: by one client for one person, for one person, by one client, in all."""

    window: timedelta
    person_and_client: int
    person: int
    client: int
    everybody: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who tries, as far as anybody knows. ``person``: a canonical address or an account id. ``client``: an IP address.

    Each is None where nothing is known.
    """

    person: str | None = field(repr=False)
    client: str | None


class RateLimits:
    """Counts attempts at doors, each for itself."""

    def __init__(self, store: StateStore, clock: Clock, doors: Mapping[str, Limits]) -> None:
        self._store = store
        self._clock = clock
        self._doors = dict(doors)

    def require(self, door: str, attempt: Attempt) -> None:
        """Counts an attempt before it is made; raises ``TooMany`` if it is one too many.

        Counted before, so that a thousand attempts at once are not a thousand free ones. Raises ``KeyError`` for a door
        without limits: none is left open by forgetting it.
        """
        limits = self._doors[door]
        seconds = int(limits.window.total_seconds())
        now = epoch_seconds(self._clock.now())
        for what, value, most in _countings(limits, attempt):
            key = digest(f"{door} {what} {now // seconds} {value}")
            if self._store.increment("rate", key, limits.window) > most:
                raise TooMany("rate", f"{door}: {what}", retry_after_seconds=seconds - now % seconds)


def _countings(limits: Limits, attempt: Attempt) -> Iterator[tuple[str, str, int]]:
    """What is counted of an attempt, from the narrowest to the widest: its kind, its value, and how many may be."""
    client = _customer(attempt.client)
    if attempt.person is not None and client is not None:
        yield "person and client", f"{attempt.person} {client}", limits.person_and_client
    if client is not None:
        yield "client", client, limits.client
    if attempt.person is not None:
        yield "person", attempt.person, limits.person
    yield "all", "", limits.everybody


def _customer(client: str | None) -> str | None:
    """The part of an address that stands for one customer."""
    if client is None:
        return None
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client[:64]
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), _IPV6_CUSTOMER), strict=False))
