"""TXT records over the resolvers of this machine, or those that configuration names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import dns.exception
import dns.rdatatype
import dns.resolver
from dns.rdtypes.txtbase import TXTBase

from broker.dns.records import DnsUnanswered

# A challenge has a name of its own, where nothing else stands: more than a handful of records is somebody's mistake.
_RECORDS_AT_MOST: Final = 20
# RFC 1035 section 3.3.14 allows a record of many strings; ours is one of 43 characters.
_OCTETS_AT_MOST: Final = 1024


class DnsTextRecords:
    """The port ``TextRecords`` over dnspython, which follows CNAMEs and turns to TCP for long answers by itself.

    ``resolvers`` are addresses; without any, those of ``/etc/resolv.conf``, read at each look.
    """

    def __init__(self, resolvers: Sequence[str] = (), port: int = 53, within: timedelta = timedelta(seconds=5)) -> None:
        self._resolvers = tuple(resolvers)
        self._port = port
        self._within = within

    def lookup(self, name: str) -> Sequence[str]:
        """The texts at an absolute name, none if there is no such name or record; raises ``DnsUnanswered``."""
        try:
            answer = self._resolver().resolve(
                f"{name}.", dns.rdatatype.TXT, search=False, lifetime=self._within.total_seconds()
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except (dns.exception.DNSException, OSError) as error:
            raise DnsUnanswered(f"{name}: {type(error).__name__}") from error
        texts = []
        for record in list(answer)[:_RECORDS_AT_MOST]:
            if isinstance(record, TXTBase):
                octets = b"".join(record.strings)
                if len(octets) <= _OCTETS_AT_MOST:
                    texts.append(octets.decode("utf-8", "replace"))
        return texts

    def _resolver(self) -> dns.resolver.Resolver:
        resolver = dns.resolver.Resolver(configure=not self._resolvers)
        if self._resolvers:
            resolver.nameservers = list(self._resolvers)
            resolver.port = self._port
        # One try for each server must leave time for the next one (threats G8).
        resolver.timeout = self._within.total_seconds() / 2
        return resolver
