"""Asks the directory about one person, with the grant that they left there at their last sign-in.

Of all workers one at a time asks about a person: the check is claimed by one compare-and-set in the database (threats
SS-13). A claim is good for half a minute, so that one whose worker died keeps nobody from asking.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from broker.admission import Admission
from broker.clock import Clock
from broker.endings import Endings
from broker.errors import Busy, NotAllowed
from broker.identity import Account, Authentication
from broker.organizations import BREAK_GLASS, Organizations
from broker.store.standings import Standings, UpstreamGrant
from broker.watching.directory import Redemption, Verdict
from broker.watching.looks import Looks
from broker.watching.sealing import Sealing

# Longer than one redemption takes: 5 s for a discovery document, 5 s for the call itself (threats G8).
CLAIM: Final = timedelta(seconds=30)
# The kind of the connections behind which there is a directory that can be asked.
DIRECTORY_KIND: Final = "entra-oidc"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """``every``: an answer of the directory is good for so long. ``grace``: and for so long when it cannot answer."""

    every: timedelta
    grace: timedelta


class Grants:
    """Keeps the grants, sealed, and redeems them (``UpstreamGrants``)."""

    def __init__(self, standings: Standings, redemption: Redemption, sealing: Sealing, clock: Clock) -> None:
        self._standings = standings
        self._redemption = redemption
        self._sealing = sealing
        self._clock = clock

    def keep(self, admission: Admission, account: Account, authentication: Authentication) -> None:
        """Keeps the grant of a sign-in at a directory; without one the person signs in again when it is needed."""
        if admission.account_id != account.id or admission.subject != authentication.subject:
            raise NotAllowed("membership", "admission of somebody else")
        # Who came in through the break-glass asked no directory: the grant of the last sign-in there stays as it is.
        if authentication.subject.kind != "entra" or authentication.connection == BREAK_GLASS:
            return
        if authentication.refresh_token is None:
            _log.warning("upstream_grant_missing", org=account.organization, account=account.id)
            self._standings.drop_upstream_grant(account.id)
            return
        now = self._clock.now()
        sealed = self._sealing.seal(authentication.refresh_token, account.id)
        tenant_id = authentication.subject.authority
        self._standings.keep_upstream_grant(
            UpstreamGrant(account.id, account.organization, tenant_id, sealed, obtained_at=now, checked_at=now)
        )

    def claim(self, grant: UpstreamGrant) -> bool:
        """Whether this caller, of several at once, shall ask about this person now."""
        now = self._clock.now()
        if timedelta(0) <= now - grant.checked_at < CLAIM and grant.checked_at != grant.obtained_at:
            return False
        return self._standings.claim_check(grant.account_id, grant.checked_at, now)

    def is_still(self, grant: UpstreamGrant) -> bool:
        """Whether the person has not signed in again since: then what was said of the older grant is not about them."""
        now = self._standings.upstream_grant(grant.account_id)
        return now is None or now.obtained_at <= grant.obtained_at

    def redeem(self, grant: UpstreamGrant) -> Verdict:
        """What the directory says; a replaced refresh token is kept. Only for who has claimed it."""
        try:
            token = self._sealing.open(grant.sealed, grant.account_id)
        except ValueError as error:
            _log.error("upstream_grant_unreadable", account=grant.account_id, detail=str(error))
            return Verdict("ended", "grant_unreadable", "start_again")
        verdict = self._redemption.redeem(grant.tenant_id, token)
        if verdict.outcome == "stays":
            renewed = verdict.refresh_token
            sealed = self._sealing.seal(renewed, grant.account_id) if renewed is not None else grant.sealed
            self._standings.renew_upstream_grant(grant.account_id, sealed, self._clock.now())
        return verdict


class Standing:
    """Whether the directory still lets a person in (``DirectoryStanding``)."""

    def __init__(
        self,
        *,
        organizations: Organizations,
        standings: Standings,
        grants: Grants,
        endings: Endings,
        looks: Looks,
        settings: CheckSettings,
        clock: Clock,
    ) -> None:
        self._organizations = organizations
        self._standings = standings
        self._grants = grants
        self._endings = endings
        self._looks = looks
        self._settings = settings
        self._clock = clock

    def require(self, account: Account, connection: str) -> None:
        """See ``DirectoryStanding``; a person of whom no grant is kept has to sign in again."""
        bound = self._organizations.current().connection(connection)
        if bound is None:
            raise NotAllowed("ended", "the connection is not there any more", explanation="start_again")
        if bound.kind != DIRECTORY_KIND:
            return
        grant = self._standings.upstream_grant(account.id)
        if grant is None or grant.tenant_id != account.subject.authority:
            raise NotAllowed("ended", "no grant to ask the directory with", explanation="start_again")
        since = self._clock.now() - grant.obtained_at
        if timedelta(0) <= since < self._settings.every:
            return
        if self._grants.claim(grant):
            verdict = self._ask(account, grant)
            if verdict.outcome == "stays":
                return
            wait = verdict.retry_after_seconds
        else:  # Another caller is asking at this moment, or did half a minute ago and got no answer.
            wait = 5
        if not timedelta(0) <= since < self._settings.grace:
            detail = f"no answer of the directory for {int(since.total_seconds())} s"
            raise Busy("upstream_down", detail, explanation="upstream_down", retry_after_seconds=wait)

    def _ask(self, account: Account, grant: UpstreamGrant) -> Verdict:
        asked_at = self._clock.now()
        verdict = self._grants.redeem(grant)
        if verdict.trouble is not None:
            watch = self._standings.watch(account.organization)
            if watch is None or watch.trouble != verdict.trouble:  # Else it is known, and told.
                self._looks.order(account.organization, trouble=verdict.trouble)
        if verdict.outcome == "ended" and self._grants.is_still(grant):
            self._endings.end_account(account.id, verdict.reason, asked_at, seen_by="refresh")
            raise NotAllowed("ended", f"the directory says {verdict.reason}", explanation=verdict.explanation)
        return verdict
