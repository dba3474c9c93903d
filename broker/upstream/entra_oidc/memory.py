"""What a process remembers of Entra from one sign-in to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from broker.clock import Clock
from broker.http_client import HttpClient
from broker.jose.remote_key_set import RemoteKeySets
from broker.refreshing import Background, Schedule, in_thread
from broker.upstream.entra_oidc.breaker import CircuitBreaker
from broker.upstream.entra_oidc.metadata import MetadataCache


@dataclass(frozen=True, slots=True)
class EntraMemory:
    """Discovery documents, keys, and who does not answer. True for as long as the same host is asked in the same way,
    whatever else changes.
    """

    metadata: MetadataCache
    key_sets: RemoteKeySets
    breaker: CircuitBreaker

    @classmethod
    def empty(
        cls,
        http: HttpClient,
        clock: Clock,
        authority_host: str,
        schedule: Schedule | None = None,
        background: Background = in_thread,
    ) -> Self:
        """Nothing is fetched yet."""
        return cls(
            MetadataCache(http, clock, authority_host, schedule=schedule, background=background),
            RemoteKeySets(http, clock, schedule=schedule, background=background),
            CircuitBreaker(clock),
        )
