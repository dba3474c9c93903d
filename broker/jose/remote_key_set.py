"""The key sets of others, by address: fetched seldom, shared by all readers, renewed in time (threats UO-08, UO-09,
SS-13).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from broker.clock import Clock
from broker.http_client import HttpClient, HttpFailure
from broker.jose.errors import TokenRejected
from broker.jose.key_set import KeySetRefused, VerifyingKey, parse_key_set
from broker.refreshing import Background, Refreshing, Schedule, Unavailable, in_thread


class RemoteKeySet:
    """The keys behind one address."""

    def __init__(
        self,
        uri: str,
        http: HttpClient,
        clock: Clock,
        *,
        schedule: Schedule | None = None,
        background: Background = in_thread,
    ) -> None:
        self._uri = uri
        self._http = http
        self._keys = Refreshing(uri, self._fetch, clock, schedule, background)

    def key(self, kid: str) -> VerifyingKey:
        """The key of this name.

        Raises ``TokenRejected`` (``kid``) if there is none, also not after one new fetch; ``Unavailable`` if no key set
        can be had.
        """
        before = self._keys.attempts
        key = self._keys.get().get(kid)
        if key is None and self._keys.attempts == before:
            key = self._keys.demand().get(kid)
        if key is None:
            raise TokenRejected("kid", "no such key")
        return key

    def _fetch(self) -> Mapping[str, VerifyingKey]:
        try:
            answer = self._http.get(self._uri)
            if answer.status != 200:
                raise Unavailable("jwks", f"status {answer.status}")
            return parse_key_set(answer.json())
        except HttpFailure as failure:
            raise Unavailable("jwks", str(failure)) from failure
        except KeySetRefused as refusal:
            raise Unavailable("jwks", str(refusal)) from refusal


class RemoteKeySets:
    """One ``RemoteKeySet`` for each address. Addresses come from checked metadata, so there are no more than
    connections.
    """

    def __init__(
        self,
        http: HttpClient,
        clock: Clock,
        *,
        schedule: Schedule | None = None,
        background: Background = in_thread,
    ) -> None:
        self._http = http
        self._clock = clock
        self._schedule = schedule
        self._background = background
        self._lock = threading.Lock()
        self._sets: dict[str, RemoteKeySet] = {}

    def at(self, uri: str) -> RemoteKeySet:
        """The key set behind an address; nothing is fetched yet."""
        with self._lock:
            found = self._sets.get(uri)
            if found is None:
                found = self._sets[uri] = RemoteKeySet(
                    uri, self._http, self._clock, schedule=self._schedule, background=self._background
                )
            return found
