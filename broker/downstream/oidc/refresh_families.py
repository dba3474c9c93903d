"""Refresh tokens: one at a time for each grant, another one at every use (RFC 9700 section 4.14, threats DO-06, L1).

A token is the handle of its family and a secret, 256 bits each. The store knows digests of both. Whoever holds the
family's handle and not its present secret holds a spent token, and that ends the family: of thief and victim, one has
to come second.

An answer may be lost on its way. For ten seconds, therefore, the token that was spent last answers once more with the
very token that followed it, as long as that one has not been used: nothing new is given out. To do so, the store keeps
the next token sealed with a key that only the spent one yields, so that it is in the clear nowhere.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter

from broker.admission import Admission
from broker.clock import Clock
from broker.downstream.oidc import indexes
from broker.downstream.oidc.errors import TokenRefused
from broker.downstream.oidc.grants import REFRESH_FAMILY, CodeGrant, Grant, Grants, require_own
from broker.entropy import Entropy, digest
from broker.jose.sealing import Sealer
from broker.store.state import StateStore

GRACE: Final = timedelta(seconds=10)
"""How long a retry of the same client is answered: longer than it waits for an answer, shorter than a theft takes."""

# 256 bits in base64url, twice.
_HALF: Final = 43


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshGrant(Grant):
    """What a family of refresh tokens stands for. ``scopes`` are those that were granted at first.

    ``current``, ``spent``: digests of the secrets of the present token and of the one before. ``sealed``: the present
    token, for whoever has the one before.
    """

    grant_id: str
    current: str
    issued_at: datetime
    used_at: datetime
    expires_at: datetime
    spent: str | None = None
    sealed: str | None = None


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A refresh token that is good, or was until a moment ago (``is_retry``), with what it stands for."""

    token: str = field(repr=False)
    grant: RefreshGrant
    record: bytes = field(repr=False)
    is_retry: bool


@dataclass(frozen=True, slots=True)
class RefreshLifetimes:
    """``absolute`` from the sign-in on, and ``idle`` from the last use on (threats DO-06)."""

    absolute: timedelta
    idle: timedelta


_GRANT: Final = TypeAdapter(RefreshGrant)


class RefreshFamilies:
    """Opens, finds, rotates and ends them."""

    def __init__(
        self, store: StateStore, clock: Clock, entropy: Entropy, grants: Grants, lifetimes: RefreshLifetimes
    ) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._grants = grants
        self._lifetimes = lifetimes

    def issue_refresh_token(self, admission: Admission, grant: CodeGrant, grant_id: str) -> str:
        """The first token of a grant; raises ``TokenRefused`` if its code was presented again meanwhile."""
        require_own(admission, grant)
        handle, secret, now = self._entropy.token(), self._entropy.token(), self._clock.now()
        shared = {name.name: getattr(grant, name.name) for name in fields(Grant)} | {"nonce": None}
        opened = RefreshGrant(
            **shared,
            grant_id=grant_id,
            current=digest(secret),
            issued_at=now,
            used_at=now,
            expires_at=now + self._lifetimes.absolute,
        )
        named = (indexes.of_grant(grant_id), *indexes.of_person(opened))
        self._store.put(REFRESH_FAMILY, digest(handle), _GRANT.dump_json(opened), self._left(opened), indexes=named)
        # As in ``Grants.issue_access_token``: whoever ends the grant sees the record, or we see the mark.
        if self._grants.is_revoked(grant_id):
            self._store.delete(REFRESH_FAMILY, digest(handle))
            raise TokenRefused("invalid_grant", "code_replay", "The code is not valid.", detail="presented again")
        return handle + secret

    def find(self, token: str) -> RefreshGrant | None:
        """What the family of a token stands for, whether or not this token is spent; it may be told, not used."""
        found = self._read(token)
        return found[0] if found is not None else None

    def found(self, index: str) -> Sequence[RefreshGrant]:
        """Those of an account or an organisation."""
        records = [self._store.get(REFRESH_FAMILY, key) for key in sorted(self._store.members(REFRESH_FAMILY, index))]
        return tuple(_GRANT.validate_json(record) for record in records if record is not None)

    def is_current(self, token: str, grant: RefreshGrant) -> bool:
        """Whether this is the one token of its family that is good."""
        return hmac.compare_digest(digest(token[_HALF:]), grant.current)

    def present(self, token: str, belongs: Callable[[RefreshGrant], bool]) -> PresentedToken:
        """A token that may be exchanged for its next; raises ``TokenRefused`` for every other.

        A spent one ends its family, and so does one that does not belong to whoever presents it (threats DO-07): it
        is in the wrong hands.
        """
        found = self._read(token)
        if found is None:
            raise _refusal("refresh_token", "no such token")
        grant, record = found
        if not belongs(grant):
            self._grants.revoke(grant.grant_id)
            raise _refusal("refresh_binding", "of another client")
        if self.is_current(token, grant):
            return PresentedToken(token, grant, record, is_retry=False)
        was_last = grant.spent is not None and hmac.compare_digest(digest(token[_HALF:]), grant.spent)
        if was_last and self._clock.now() - grant.used_at < GRACE:
            return PresentedToken(token, grant, record, is_retry=True)
        self._grants.revoke(grant.grant_id)
        raise _refusal("refresh_reuse", "a spent token")

    def redeem_refresh_token(self, admission: Admission, presented: PresentedToken) -> str:
        """The next token of the admitted person; raises ``TokenRefused`` if the presented one was spent meanwhile.

        Of any number of callers at once one writes the next token, and the others get the same one.
        """
        grant = presented.grant
        require_own(admission, grant)
        if presented.is_retry:
            return self._again(presented)
        now, secret = self._clock.now(), self._entropy.token()
        following = presented.token[:_HALF] + secret
        rotated = replace(
            grant,
            current=digest(secret),
            spent=grant.current,
            sealed=_sealer(presented.token).seal(following.encode("ascii")),
            used_at=now,
        )
        key, record = digest(presented.token[:_HALF]), _GRANT.dump_json(rotated)
        if self._store.compare_and_set(REFRESH_FAMILY, key, presented.record, record, self._left(rotated)):
            return following
        again = self.present(presented.token, lambda _: True)
        if not again.is_retry:
            raise _refusal("refresh_reuse", "changed at every look")
        return self._again(again)

    def _again(self, presented: PresentedToken) -> str:
        """The token that followed the presented one."""
        sealed = presented.grant.sealed
        if sealed is None:
            raise _refusal("refresh_reuse", "nothing followed")
        return _sealer(presented.token).open(sealed).decode("ascii")

    def _read(self, token: str) -> tuple[RefreshGrant, bytes] | None:
        """The family of a token and its record, if it has not ended; exact match only (threats DO-24)."""
        if len(token) != 2 * _HALF:
            return None
        record = self._store.get(REFRESH_FAMILY, digest(token[:_HALF]))
        if record is None:
            return None
        grant = _GRANT.validate_json(record)
        return (grant, record) if self._left(grant) > timedelta(0) else None

    def _left(self, grant: RefreshGrant) -> timedelta:
        return min(grant.expires_at, grant.used_at + self._lifetimes.idle) - self._clock.now()


def _sealer(token: str) -> Sealer:
    key = hmac.digest(token.encode("utf-8", "surrogatepass"), b"what follows this refresh token", hashlib.sha256)
    return Sealer(key)


def _refusal(reason: str, detail: str) -> TokenRefused:
    return TokenRefused("invalid_grant", reason, "The refresh token is not valid.", detail=detail)
