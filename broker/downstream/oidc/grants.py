"""Authorization codes and access tokens: opaque, stored as digests, each with the person and the session it stands for.

A code is good for one minute and one presentation. Its digest names the grant: whoever presents the code again ends
everything that came of it, refresh tokens too, also what is being handed out at that very moment (threats DO-03, L2).
Every record stands in the indexes of its session, account and organisation, so that an ending finds it without a scan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter

from broker.admission import Admission
from broker.clock import Clock
from broker.downstream.oidc import indexes
from broker.downstream.oidc.errors import TokenRefused
from broker.entropy import Entropy, digest
from broker.errors import NotAllowed
from broker.identity import Stamp
from broker.store.state import AlreadyTaken, StateStore, Taken

_CODE: Final = "code"
_ACCESS_TOKEN: Final = "access_token"  # noqa: S105 - the name of a kind of record
_REVOKED: Final = "revoked_grant"
_MARK: Final = b"redeemed"

REFRESH_FAMILY: Final = "refresh_family"

# 43 characters is what 256 bits come to; anything much longer is not worth a digest.
_MAX_HANDLE: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Who asked, what for, who signed in, and how (threats DO-04, DO-07). ``sign_in``: the short id of the sign-in."""

    client_id: str
    account_id: str
    organization: str
    connection: str
    stamp: Stamp
    sid: str
    scopes: tuple[str, ...]
    id_token_claims: tuple[str, ...]
    userinfo_claims: tuple[str, ...]
    authenticated_at: datetime | None
    acr: str
    amr: tuple[str, ...]
    nonce: str | None = None
    sign_in: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeGrant(Grant):
    """What a code stands for."""

    redirect_uri: str
    code_challenge: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessGrant:
    """What an access token stands for. Its audience is our UserInfo endpoint and nothing else (threats DO-21).

    ``grant_id``: the grant that it came of.
    """

    client_id: str
    account_id: str
    organization: str
    connection: str
    stamp: Stamp
    sid: str
    scopes: tuple[str, ...]
    userinfo_claims: tuple[str, ...]
    grant_id: str
    issued_at: datetime
    expires_at: datetime
    sign_in: str = ""


@dataclass(frozen=True, slots=True)
class RedeemedCode:
    """A grant whose code this caller, and nobody else, has taken. ``grant_id`` is the code's digest."""

    grant_id: str
    grant: CodeGrant


@dataclass(frozen=True, slots=True)
class _Stamped:
    """What all of these records have."""

    stamp: Stamp


_STAMPED: Final = TypeAdapter(_Stamped)
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
        require_own(admission, grant)
        code = self._entropy.token()
        named = (indexes.of_session(grant.sid), *indexes.of_person(grant))
        self._store.put(_CODE, digest(code), _CODE_GRANT.dump_json(grant), self.lifetimes.code, indexes=named)
        return code

    def redeem(self, code: str) -> RedeemedCode:
        """The grant of a code, once; raises ``TokenRefused``. A second presentation revokes the grant.

        The trace of the first presentation is kept as long as an access token lives; a refresh token that came of the
        grant is itself the trace for as long as it is good.
        """
        if len(code) > _MAX_HANDLE:
            raise _refusal("code", "too long")
        grant_id = digest(code)
        taken = self._store.take(_CODE, grant_id, mark=_MARK, mark_ttl=self._in_flight)
        if isinstance(taken, AlreadyTaken) or (taken is None and self._has_refresh_token(grant_id)):
            self.revoke(grant_id)
            raise _refusal("code_replay", "presented again")
        if not isinstance(taken, Taken):
            raise _refusal("code", "no such code")
        grant = _CODE_GRANT.validate_json(taken.value)
        if self._clock.now() >= grant.expires_at:
            raise _refusal("code", "expired")
        return RedeemedCode(grant_id, grant)

    def issue_access_token(
        self, admission: Admission, grant: Grant, grant_id: str, scopes: tuple[str, ...], *, with_session: bool
    ) -> str:
        """An access token of a grant, for no more than these scopes; raises ``TokenRefused`` if the grant ended
        meanwhile.

        ``with_session``: whether it ends when the person signs out.
        """
        require_own(admission, grant)
        token, now = self._entropy.token(), self._clock.now()
        access = AccessGrant(
            client_id=grant.client_id,
            account_id=grant.account_id,
            organization=grant.organization,
            connection=grant.connection,
            stamp=grant.stamp,
            sid=grant.sid,
            scopes=scopes,
            userinfo_claims=grant.userinfo_claims,
            grant_id=grant_id,
            issued_at=now,
            expires_at=now + self.lifetimes.access_token,
            sign_in=grant.sign_in,
        )
        named = [indexes.of_grant(grant_id), *indexes.of_person(grant)]
        if with_session:
            named.append(indexes.of_session(grant.sid))
        record = _ACCESS_GRANT.dump_json(access)
        self._store.put(_ACCESS_TOKEN, digest(token), record, self.lifetimes.access_token, indexes=named)
        # ``revoke`` marks first and deletes then, we write first and look then: one of the two always sees the other.
        if self.is_revoked(grant_id):
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

    def drop_access_token(self, token: str) -> None:
        """Ends this one token."""
        self._store.delete(_ACCESS_TOKEN, digest(token))

    # -- ending -----------------------------------------------------------------------------------------------

    def revoke(self, grant_id: str) -> None:
        """Ends every token of a grant, and any that is on its way."""
        self._store.put(_REVOKED, grant_id, _MARK, self._in_flight)
        self._end(indexes.of_grant(grant_id), REFRESH_FAMILY, _ACCESS_TOKEN)

    def is_revoked(self, grant_id: str) -> bool:
        """Whether a grant was revoked while something of it was being handed out."""
        return self._store.get(_REVOKED, grant_id) is not None

    def revoke_session(self, sid: str) -> None:
        """Ends every code and token that was given out under a session, but for those that are good offline."""
        self._end(indexes.of_session(sid), _CODE, _ACCESS_TOKEN)

    def revoke_stale(self, index: str, is_stale: Callable[[Stamp], bool]) -> None:
        """Ends every code and token of an account or an organisation that was given out in an epoch that is over.

        Those on their way are void by their stamp, whoever writes them.
        """
        for kind in (_CODE, REFRESH_FAMILY, _ACCESS_TOKEN):
            for key in self._store.members(kind, index):
                record = self._store.get(kind, key)
                if record is not None and is_stale(_STAMPED.validate_json(record).stamp):
                    self._store.delete(kind, key)

    @property
    def _in_flight(self) -> timedelta:
        return self.lifetimes.code + self.lifetimes.access_token

    def _end(self, index: str, *kinds: str) -> None:
        for kind in kinds:
            self._store.delete_index(kind, index)

    def _has_refresh_token(self, grant_id: str) -> bool:
        keys = self._store.members(REFRESH_FAMILY, indexes.of_grant(grant_id))
        return any(self._store.get(REFRESH_FAMILY, key) is not None for key in keys)


def require_own(admission: Admission, grant: Grant) -> None:
    """Raises ``NotAllowed`` if somebody else was admitted than the one whom the grant is of."""
    admitted = (admission.account_id, admission.organization, admission.connection, admission.stamp)
    if admitted != (grant.account_id, grant.organization, grant.connection, grant.stamp):
        raise NotAllowed("membership", "admission of somebody else")


def _refusal(reason: str, detail: str) -> TokenRefused:
    return TokenRefused("invalid_grant", reason, "The code is not valid.", detail=detail)
