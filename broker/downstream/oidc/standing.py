"""Whether the person behind a grant may still come in: the account of now, before the one gate (threats G5, DO-22)."""

from __future__ import annotations

from dataclasses import dataclass

from broker.admission import Admission, Evidence, Gate
from broker.downstream.oidc.claims import Person
from broker.downstream.oidc.grants import AccessGrant, Grant
from broker.downstream.oidc.parties import RelyingParty
from broker.errors import LoginFailed, NotAllowed, SsoRequired
from broker.identity import Account
from broker.organizations import Organizations
from broker.standing import DirectoryStanding
from broker.store.directory import Directory


class NoLongerAdmitted(Exception):
    """The rules say no by now; ``event``, ``reason`` and ``detail`` are for the log."""

    def __init__(self, event: str, reason: str, detail: str) -> None:
        super().__init__(f"{event}/{reason}")
        self.event = event
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Standing:
    """A person who was admitted just now, with their account as it is just now."""

    admission: Admission
    person: Person


class StandingPeople:
    """Asks the directory and the gate again."""

    def __init__(
        self, directory: Directory, gate: Gate, organizations: Organizations, upstream: DirectoryStanding
    ) -> None:
        self._directory = directory
        self._gate = gate
        self._organizations = organizations
        self._upstream = upstream

    def admit_again(self, party: RelyingParty, grant: Grant) -> Standing:
        """As ``admit``, after the organisation's own directory was asked, if it has not been lately.

        Raises ``Busy`` as well, when nobody has been able to tell for too long.
        """
        try:
            self._upstream.require(self._account(grant), grant.connection)
        except NotAllowed as error:
            raise NoLongerAdmitted("oauth_rejected", error.reason, error.detail) from error
        return self.admit(party, grant)

    def admit(self, party: RelyingParty, grant: Grant | AccessGrant) -> Standing:
        """The person as admitted now; raises ``NoLongerAdmitted``, or ``DirectoryUnavailable`` if nobody can tell."""
        account = self._account(grant)
        try:
            admission = self._gate.admit(Evidence.standing(account, grant.connection, grant.stamp, party.organizations))
        except SsoRequired as error:
            raise NoLongerAdmitted("enforcement_denied", error.reason, error.detail) from error
        except (NotAllowed, LoginFailed) as error:  # A rule that cannot be decided fails here what it fails there.
            raise NoLongerAdmitted("oauth_rejected", error.reason, error.detail) from error
        return Standing(admission, Person(account, self._organizations.get(account.organization)))

    def _account(self, grant: Grant | AccessGrant) -> Account:
        account = self._directory.account(grant.account_id)
        if account is None or account.organization != grant.organization:
            raise NoLongerAdmitted("oauth_rejected", "membership", "the account is gone or has moved")
        return account
