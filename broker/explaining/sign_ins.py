"""Finds recorded sign-ins again: by their id, by the reference of one of their requests, or the newest ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

import structlog

from broker.clock import Clock
from broker.explaining.recorded import RecordedRequest, SignIn, from_bytes, in_order, short_id
from broker.explaining.recorder import KIND, Sealing, of_day, of_hour, of_ref, of_sign_in
from broker.store.state import StateStore

# How much of one sign-in is read: many times more than one has.
_MOST_REQUESTS: Final = 200

_log = structlog.get_logger()


class RecordedSignIns:
    """Reads what ``Recorder`` kept. Every method raises ``StateUnavailable`` if the store does not answer."""

    def __init__(self, store: StateStore, sealing: Sealing, clock: Clock, keep: timedelta) -> None:
        """``keep``: for how long sign-ins are kept, which is how far back is looked."""
        self._store = store
        self._sealing = sealing
        self._clock = clock
        self._keep = keep

    @property
    def is_on(self) -> bool:
        """Whether any are recorded."""
        return self._keep > timedelta(0)

    @property
    def keep_days(self) -> int:
        return self._keep.days

    def of(self, written: str) -> SignIn | None:
        """The sign-in of this id, or the one to which the request with this reference belongs; None if none is kept.

        As people write it: with or without the dash, in any case.
        """
        wanted = short_id(written)
        if wanted is None:
            return None
        found = self._read(wanted)
        if found is not None:
            return found
        keys = self._store.members(KIND, of_ref(wanted))
        return self._read(min(keys).partition(".")[0]) if keys else None

    def recent(self, limit: int) -> Iterator[SignIn]:
        """The newest ``limit`` sign-ins, the newest first: those that were begun or went on last."""
        return self._newest(of_hour, timedelta(hours=1), limit)

    def of_organization(self, organization: str, limit: int) -> Iterator[SignIn]:
        """The newest ones of one organisation, the newest first, without anything of another one."""
        for found in self._newest(lambda at: of_day(organization, at), timedelta(days=1), limit):
            own = found.seen_by(organization)
            if own is not None:
                yield own

    def _newest(self, bucket: Callable[[datetime], str], step: timedelta, limit: int) -> Iterator[SignIn]:
        """By the buckets of time, so that nothing is scanned: one read each, until there are enough."""
        at = self._clock.now()
        oldest = at - self._keep - step
        seen: set[str] = set()
        while at >= oldest and len(seen) < limit:
            for key in sorted(self._store.members(KIND, bucket(at)), key=_when, reverse=True):
                name = key.partition(".")[0]
                if name in seen or len(seen) >= limit:
                    continue
                found = self._read(name)
                if found is not None:
                    seen.add(name)
                    yield found
            at -= step

    def _read(self, sign_in: str) -> SignIn | None:
        keys = sorted(self._store.members(KIND, of_sign_in(sign_in)))[:_MOST_REQUESTS]
        requests = [found for key in keys if (found := self._request(sign_in, key)) is not None]
        return SignIn(sign_in, in_order(requests)) if requests else None

    def _request(self, sign_in: str, key: str) -> RecordedRequest | None:
        sealed = self._store.get(KIND, key)
        if sealed is None:
            return None
        try:
            found = from_bytes(self._sealing.open(sealed, sign_in))
        except (ValueError, KeyError, TypeError) as error:
            # Another sealing key, another version, or a record that was put under another id.
            _log.warning("explanation_unreadable", reason="seal", detail=type(error).__name__, sign_in=sign_in)
            return None
        return found if found.sign_in == sign_in else None


def _when(key: str) -> str:
    return key.partition(".")[2]
