"""The flows of this package over one set of ports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from broker.membership import app_passwords, invitations, passwords, resets
from broker.membership.app_passwords import AppPasswords
from broker.membership.co_workers import CoWorkers
from broker.membership.invitations import Invitations
from broker.membership.passwords import Passwords
from broker.membership.ports import Ports
from broker.membership.proofs import Proofs
from broker.membership.resets import Resets
from broker.rate_limits import Limits


@dataclass(frozen=True, slots=True)
class Membership:
    """What pages, the API and the command line use."""

    ports: Ports
    passwords: Passwords
    proofs: Proofs
    resets: Resets
    invitations: Invitations
    app_passwords: AppPasswords
    co_workers: CoWorkers

    @classmethod
    def over(cls, ports: Ports) -> Membership:
        return cls(
            ports,
            Passwords(ports),
            Proofs(ports.state, ports.clock, ports.entropy),
            Resets(ports),
            Invitations(ports),
            AppPasswords(ports),
            CoWorkers(ports),
        )


def attempts_at_doors(attempts: Limits, letters_for_person: int) -> Mapping[str, Limits]:
    """The limits of each door that this package has."""
    letters = Limits(attempts.window, letters_for_person, letters_for_person, attempts.client, attempts.everybody)
    return {
        passwords.DOOR: attempts,
        app_passwords.FAILED: attempts,
        resets.LINK: attempts,
        resets.DOOR: letters,
        invitations.LETTER: letters,
    }
