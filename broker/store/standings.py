"""The port for what the directory (Entra) is asked again and again: refresh tokens, checks, watches and endings.

Every operation is one transaction. Any failure to reach the database raises ``DirectoryUnavailable``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class UpstreamGrant:
    """The sealed refresh token of one account at its upstream (``jose.sealing``), and when it was last seen to work."""

    account_id: str
    organization: str
    tenant_id: str
    sealed: str
    obtained_at: datetime
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Watch:
    """How the directory of one organisation is watched.

    ``cursor``: Graph's delta link, sealed. ``subscription``: id of the change notifications, if there are any, and the
    digest of their ``clientState``. ``trouble``: a word for what is wrong with the trust itself (``consent_revoked``,
    ``app_disabled``, ``credential_expired``, ``permission_missing``, ``unreachable``), None when nothing is.
    ``longest_delay_seconds``: the longest time between two looks since the watch began, as shown on the page.
    """

    organization: str
    tenant_id: str
    cursor: str | None = None
    subscription: str | None = None
    subscription_expires_at: datetime | None = None
    client_state_digest: str | None = None
    looked_at: datetime | None = None
    succeeded_at: datetime | None = None
    trouble: str | None = None
    trouble_since: datetime | None = None
    delay_seconds: float | None = None
    longest_delay_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """What must be ended everywhere: all of an organisation's, or of one account's. Written with the change that
    demands it, gone when it is carried out; carrying it out twice does no harm.
    """

    id: str
    kind: Literal["organization", "account"]
    name: str
    reason: str
    noted_at: datetime


class Standings(Protocol):
    """Upstream grants, watches and endings."""

    def upstream_grant(self, account_id: str) -> UpstreamGrant | None: ...

    def keep_upstream_grant(self, grant: UpstreamGrant) -> None:
        """Writes or replaces."""
        ...

    def claim_check(self, account_id: str, seen: datetime, now: datetime) -> bool:
        """Sets ``checked_at`` to ``now`` if it still is ``seen``: of several at once, one asks the upstream."""
        ...

    def renew_upstream_grant(self, account_id: str, sealed: str, now: datetime) -> None:
        """The refresh token that replaces the one just redeemed."""
        ...

    def drop_upstream_grant(self, account_id: str) -> bool: ...

    def upstream_grants(self, organization: str, *, limit: int = 1) -> Sequence[UpstreamGrant]:
        """The ones checked longest ago first."""
        ...

    def watch(self, organization: str) -> Watch | None: ...

    def watches(self) -> Sequence[Watch]: ...

    def keep_watch(self, watch: Watch) -> None:
        """Writes or replaces."""
        ...

    def drop_watch(self, organization: str) -> bool: ...

    def end_account(self, account_id: str, reason: str, at: datetime) -> Ending | None:
        """Counts the account's epoch up, which voids everything given out before, forgets its upstream grant, and
        notes the ending to be carried out; None if there is no such account.
        """
        ...

    def endings(self, *, limit: int = 100) -> Sequence[Ending]:
        """Those not carried out yet, oldest first."""
        ...

    def carried_out(self, ending_id: str) -> bool: ...
