"""Whether the person behind a grant may still come in: the account of now, before the one gate (threats G5, DO-22)."""

from __future__ import annotations

from dataclasses import dataclass

from broker.admission import Admission, Evidence, Gate
from broker.downstream.oidc.claims import Person
from broker.downstream.oidc.grants import AccessGrant, CodeGrant
from broker.downstream.oidc.parties import RelyingParty
from broker.errors import NotAllowed
from broker.organizations import Organizations
from broker.store.directory import Directory


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
        """The person as admitted now.

        Raises ``NotAllowed`` or ``SsoRequired`` if the rules say no by now, ``DirectoryUnavailable`` if none can tell.
        """
        account = self._directory.account(grant.account_id)
        if account is None or account.organization != grant.organization:
            raise NotAllowed("membership", "the account is gone or has moved")
        admission = self._gate.admit(Evidence.standing(account, grant.connection, party.organizations))
        return Standing(admission, Person(account, self._organizations.get(account.organization)))
