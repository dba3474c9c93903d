"""Authorization codes and access tokens: opaque, stored as digests, each with the person and the session it stands for.

A code is good for one minute and one presentation. Its digest names the grant: whoever presents the code again ends
everything that came of it, also what is being handed out at that very moment (threats DO-03, L2).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter

from broker.admission import Admission
from broker.clock import Clock
from broker.downstream.oidc.errors import TokenRefused
from broker.entropy import Entropy, digest
from broker.errors import NotAllowed
from broker.identity import Stamp
from broker.store.state import AlreadyTaken, StateStore, Taken

_CODE: Final = "code"
_ACCESS_TOKEN: Final = "access_token"  # noqa: S105 - the name of a kind of record
_REVOKED: Final = "revoked_grant"
_MARK: Final = b"redeemed"

# 43 characters is what 256 bits come to; anything much longer is not worth a digest.
_MAX_HANDLE: Final = 256


@dataclass(frozen=True, slots=True)
class CodeGrant:
    """What a code stands for: who asked, what for, who signed in, and how (threats DO-04)."""

    client_id: str
    redirect_uri: str
    code_challenge: str | None
    account_id: str
    organization: str
    connection: str
    stamp: Stamp
    sid: str
    scopes: tuple[str, ...]
    nonce: str | None
    id_token_claims: tuple[str, ...]
    userinfo_claims: tuple[str, ...]
    authenticated_at: datetime | None
    acr: str
    amr: tuple[str, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AccessGrant:
    """What an access token stands for. Its audience is our UserInfo endpoint and nothing else (threats DO-21)."""

    client_id: str
    account_id: str
    organization: str
    connection: str
    stamp: Stamp
    sid: str
    scopes: tuple[str, ...]
    userinfo_claims: tuple[str, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RedeemedCode:
    """A grant whose code this caller, and nobody else, has taken. ``grant_id`` is the code's digest."""

    grant_id: str
    grant: CodeGrant


_CODE_GRANT: Final = TypeAdapter(CodeGrant)
_ACCESS_GRANT: Final = TypeAdapter(AccessGrant)


@dataclass(frozen=True, slots=True)
class GrantLifetimes:
    """RFC 6749 section 4.1.2 allows ten minutes to a code; threats DO-04 allow one."""

    code: timedelta
    access_token: timedelta


class Grants:
    """Issues, redeems, finds and revokes them."""

    def __init__(self, store: StateStore, clock: Clock, entropy: Entropy, lifetimes: GrantLifetimes) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self.lifetimes = lifetimes

    def code_expiry(self) -> datetime:
        """When a code that is issued now expires."""
        return self._clock.now() + self.lifetimes.code

    def issue_code(self, admission: Admission, grant: CodeGrant) -> str:
        """A code for this grant of the admitted account."""
        _require_own(admission, grant)
        code = self._entropy.token()
        indexes = (_of_session(grant.sid),)
        self._store.put(_CODE, digest(code), _CODE_GRANT.dump_json(grant), self.lifetimes.code, indexes=indexes)
        return code

    def redeem(self, code: str) -> RedeemedCode:
        """The grant of a code, once; raises ``TokenRefused``. A second presentation revokes the grant.

        The trace of the first presentation is kept as long as an access token lives, since for so long there is
        something to revoke.
        """
        if len(code) > _MAX_HANDLE:
            raise _refusal("code", "too long")
        grant_id = digest(code)
        traced = self.lifetimes.code + self.lifetimes.access_token
        taken = self._store.take(_CODE, grant_id, mark=_MARK, mark_ttl=traced)
        if isinstance(taken, AlreadyTaken):
            self.revoke(grant_id)
            raise _refusal("code_replay", "presented again")
        if not isinstance(taken, Taken):
            raise _refusal("code", "no such code")
        grant = _CODE_GRANT.validate_json(taken.value)
        if self._clock.now() >= grant.expires_at:
            raise _refusal("code", "expired")
        return RedeemedCode(grant_id, grant)

    def issue_access_token(self, admission: Admission, redeemed: RedeemedCode) -> str:
        """An access token of the grant; raises ``TokenRefused`` if the code was presented again meanwhile."""
        grant = redeemed.grant
        _require_own(admission, grant)
        token = self._entropy.token()
        access = AccessGrant(
            client_id=grant.client_id,
            account_id=grant.account_id,
            organization=grant.organization,
            connection=grant.connection,
            stamp=grant.stamp,
            sid=grant.sid,
            scopes=grant.scopes,
            userinfo_claims=grant.userinfo_claims,
            expires_at=self._clock.now() + self.lifetimes.access_token,
        )
        indexes = (_of_grant(redeemed.grant_id), _of_session(grant.sid))
        record = _ACCESS_GRANT.dump_json(access)
        self._store.put(_ACCESS_TOKEN, digest(token), record, self.lifetimes.access_token, indexes=indexes)
        # ``revoke`` marks first and deletes then, we write first and look then: one of the two always sees the other.
        if self._store.get(_REVOKED, redeemed.grant_id) is not None:
            self._store.delete(_ACCESS_TOKEN, digest(token))
            raise _refusal("code_replay", "presented again while being redeemed")
        return token

    def access(self, token: str) -> AccessGrant | None:
        """What an access token stands for, if it is one of ours and still good; exact match only (threats DO-24)."""
        record = self._store.get(_ACCESS_TOKEN, digest(token)) if len(token) <= _MAX_HANDLE else None
        if record is None:
            return None
        access = _ACCESS_GRANT.validate_json(record)
        return access if self._clock.now() < access.expires_at else None

    def revoke(self, grant_id: str) -> None:
        """Ends every token of a grant, and any that is on its way."""
        self._store.put(_REVOKED, grant_id, _MARK, self.lifetimes.code + self.lifetimes.access_token)
        self._store.delete_index(_ACCESS_TOKEN, _of_grant(grant_id))

    def revoke_session(self, sid: str) -> None:
        """Ends every code and token that was given out under a session."""
        self._store.delete_index(_CODE, _of_session(sid))
        self._store.delete_index(_ACCESS_TOKEN, _of_session(sid))


def _of_grant(grant_id: str) -> str:
    return f"grant:{grant_id}"


def _of_session(sid: str) -> str:
    return f"session:{sid}"


def _require_own(admission: Admission, grant: CodeGrant) -> None:
    admitted = (admission.account_id, admission.organization, admission.connection, admission.stamp)
    if admitted != (grant.account_id, grant.organization, grant.connection, grant.stamp):
        raise NotAllowed("membership", "admission of somebody else")


def _refusal(reason: str, detail: str) -> TokenRefused:
    return TokenRefused("invalid_grant", reason, "The code is not valid.", detail=detail)
