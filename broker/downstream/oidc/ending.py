"""What applications were given comes to its end, and they are told; an ending that was cut short may be repeated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from broker.downstream.oidc import indexes
from broker.downstream.oidc.back_channel import BackChannel, Notice
from broker.downstream.oidc.grants import Grants
from broker.downstream.oidc.participants import Participant, Participants
from broker.downstream.oidc.parties import RelyingParties
from broker.downstream.oidc.refresh_families import RefreshFamilies
from broker.identity import Stamp
from broker.organizations import Organizations
from broker.remembered import RememberedFacts
from broker.store.directory import Directory


class PartyEndings:
    """Ends grants and tells the participants.

    First is read who takes part, then all is ended, then the notices are written, and only then the participants are
    forgotten: whoever repeats an ending that was cut short finds them again.
    """

    def __init__(
        self,
        directory: Directory,
        organizations: Organizations,
        parties: RelyingParties,
        grants: Grants,
        families: RefreshFamilies,
        participants: Participants,
        back_channel: BackChannel,
        remembered: RememberedFacts,
    ) -> None:
        self._directory = directory
        self._organizations = organizations
        self._parties = parties
        self._grants = grants
        self._families = families
        self._participants = participants
        self._back_channel = back_channel
        self._remembered = remembered

    def session(self, sid: str) -> None:
        """A mere sign-out. Refresh tokens stay: each was asked for as ``offline_access``, for the time when nobody is
        there (Back-Channel Logout 1.0 section 2.7).
        """
        taking_part = self._participants.found(indexes.of_session(sid))
        self._grants.revoke_session(sid)
        self._back_channel.announce(Notice.of(p.client_id, p.account_id, p.sid, (p.sid,)) for p in taking_part)
        self._participants.forget(taking_part)

    def account(self, account_id: str) -> None:
        """All that an account's applications hold from before its epoch rose, offline or not, and what the directory
        said of the person before.
        """
        account = self._directory.account(account_id)
        epoch = account.epoch if account is not None else None
        self._end(indexes.of_account(account_id), lambda stamp: stamp.account != epoch)
        self._remembered.forget(account_id, epoch)

    def organization(self, name: str) -> None:
        """The same for everybody of an organisation."""
        organization = self._organizations.current().get(name)
        epoch = organization.epoch if organization is not None else None
        self._end(indexes.of_organization(name), lambda stamp: stamp.organization != epoch)

    def _end(self, index: str, is_stale: Callable[[Stamp], bool]) -> None:
        offline = [Participant.of(grant) for grant in self._families.found(index) if is_stale(grant.stamp)]
        taking_part = [one for one in self._participants.found(index) if is_stale(one.stamp)]
        self._grants.revoke_stale(index, is_stale)
        self._tell([*taking_part, *offline])
        self._participants.forget(taking_part)

    def _tell(self, taking_part: Sequence[Participant]) -> None:
        """One notice for a person at each application; one for each session where the application wants them named."""
        ordered = sorted(set(taking_part), key=lambda p: (p.client_id, p.account_id, p.sid))
        for (client_id, account_id), those in groupby(ordered, key=lambda p: (p.client_id, p.account_id)):
            party = self._parties.get(client_id)
            if party is None or party.backchannel_logout_uri is None:
                continue
            sids = [participant.sid for participant in those]
            if party.backchannel_logout_session_required:
                self._back_channel.announce(Notice.of(client_id, account_id, sid, (sid, "all")) for sid in sids)
            else:
                self._back_channel.announce([Notice.of(client_id, account_id, None, sids)])
