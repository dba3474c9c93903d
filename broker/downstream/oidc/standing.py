"""Whether the person behind a grant may still come in: the account of now, before the one gate (threats G5, DO-22)."""

from __future__ import annotations

from dataclasses import dataclass

from broker.admission import Admission, Evidence, Gate
from broker.downstream.oidc.claims import Person
from broker.downstream.oidc.grants import AccessGrant, CodeGrant
from broker.downstream.oidc.parties import RelyingParty
from broker.errors import NotAllowed, SsoRequired
from broker.organizations import Organizations
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

    def __init__(self, directory: Directory, gate: Gate, organizations: Organizations) -> None:
        self._directory = directory
        self._gate = gate
        self._organizations = organizations

    def admit(self, party: RelyingParty, grant: CodeGrant | AccessGrant) -> Standing:
        """The person as admitted now; raises ``NoLongerAdmitted``, or ``DirectoryUnavailable`` if nobody can tell."""
        account = self._directory.account(grant.account_id)
        if account is None or account.organization != grant.organization:
            raise NoLongerAdmitted("oauth_rejected", "membership", "the account is gone or has moved")
        try:
            admission = self._gate.admit(Evidence.standing(account, grant.connection, grant.stamp, party.organizations))
        except SsoRequired as error:
            raise NoLongerAdmitted("enforcement_denied", error.reason, error.detail) from error
        except NotAllowed as error:
            raise NoLongerAdmitted("oauth_rejected", error.reason, error.detail) from error
        return Standing(admission, Person(account, self._organizations.get(account.organization)))
