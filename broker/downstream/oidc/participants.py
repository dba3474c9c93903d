"""The applications that take part in a session and can hear that it ended (OpenID Connect Back-Channel Logout 1.0)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pydantic import TypeAdapter

from broker.downstream.oidc import indexes
from broker.downstream.oidc.grants import Grant
from broker.downstream.oidc.parties import RelyingParty
from broker.entropy import digest
from broker.identity import Stamp
from broker.store.state import StateStore

_PARTICIPANT: Final = "participant"


@dataclass(frozen=True, slots=True)
class Participant:
    """One application in one session of one person."""

    client_id: str
    sid: str
    account_id: str
    organization: str
    stamp: Stamp

    @classmethod
    def of(cls, grant: Grant) -> Participant:
        return cls(grant.client_id, grant.sid, grant.account_id, grant.organization, grant.stamp)

    @property
    def key(self) -> str:
        """The key of its record. A ``sid`` is a digest, so its length tells where it ends."""
        return digest(self.sid + self.client_id)


_RECORD: Final = TypeAdapter(Participant)


class Participants:
    """Notes, finds and forgets them. ``longest``: the longest life of a session."""

    def __init__(self, store: StateStore, longest: timedelta) -> None:
        self._store = store
        self._longest = longest

    def note(self, party: RelyingParty, grant: Grant) -> None:
        """The party is told when the session of this grant ends, if it can hear it."""
        if party.backchannel_logout_uri is None:
            return
        participant = Participant.of(grant)
        named = (indexes.of_session(grant.sid), *indexes.of_person(grant))
        self._store.put(_PARTICIPANT, participant.key, _RECORD.dump_json(participant), self._longest, indexes=named)

    def found(self, index: str) -> Sequence[Participant]:
        """Those of a session, an account or an organisation."""
        return tuple(self._find(index))

    def forget(self, participants: Sequence[Participant]) -> None:
        for participant in participants:
            self._store.delete(_PARTICIPANT, participant.key)

    def _find(self, index: str) -> Iterator[Participant]:
        for key in sorted(self._store.members(_PARTICIPANT, index)):
            record = self._store.get(_PARTICIPANT, key)
            if record is not None:
                yield _RECORD.validate_json(record)
