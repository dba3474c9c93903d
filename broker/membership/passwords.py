"""Passwords: proving one at sign-in, and setting another."""

from __future__ import annotations

from collections.abc import Sequence

from broker.addresses import canonical_address
from broker.admission import Admission
from broker.errors import BrokerError, LoginFailed, NotAllowed, SsoRequired
from broker.identity import Account
from broker.membership import letters
from broker.membership.doors import knock, require_open
from broker.membership.policy import require_suitable
from broker.membership.ports import Ports
from broker.rate_limits import Attempt
from broker.store.audit import Entry
from broker.store.credentials import PasswordRecord

DOOR = "password"


class Passwords:
    """Proves and changes them."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def prove(self, address: str, password: str, client: str | None) -> Account:
        """The account whose address and password these are.

        In this order: the limits; rule 0 for the address, before anything is known of a password and so with the same
        answer for every password and every address of that domain (threats FE-01); the account's own membership, whose
        refusal looks like a wrong password; the password itself.

        Raises ``ValueError`` if it is no address, ``TooMany``, ``SsoRequired``, and ``LoginFailed`` for an unknown
        address, a wrong password, and an account that may not come in. The last has the gate's refusal as its cause.
        """
        ports = self._ports
        canonical = self._counted(address, client)
        require_open(ports.gate, address, DOOR)
        record = ports.credentials.password(canonical)
        account = ports.directory.account(record.account_id) if record is not None else None
        closed: BrokerError | None = None
        if account is not None:
            try:
                knock(ports.gate, account, DOOR)
            except (SsoRequired, NotAllowed) as refusal:
                closed = refusal
        hashed = record.hash if record is not None and account is not None and closed is None else None
        if not ports.hashing.matches(hashed, password) or account is None or hashed is None:
            raise LoginFailed(DOOR, _why(record, closed), explanation="wrong_password") from closed
        if ports.hashing.is_outdated(hashed):
            ports.credentials.rehash_password(account.id, hashed, ports.hashing.hash(password))
        return account

    def address_of(self, account: Account) -> str | None:
        """The address with which an account signs in here; None if it has no password."""
        record = self._ports.credentials.password_of(account.id)
        return record.address if record is not None and record.hash is not None else None

    def change(self, admission: Admission, account: Account, old: str, new: str, client: str | None) -> None:
        """Sets a new password for somebody who is signed in and knows the old one; every session ends.

        Raises ``TooMany``, ``SsoRequired``, ``NotAllowed``, ``LoginFailed`` if the old one is wrong, and
        ``Unsuitable``.
        """
        ports = self._ports
        require_own(admission, account)
        record = ports.credentials.password_of(account.id)
        if record is None:
            raise NotAllowed(DOOR, "no password here", explanation="federated_password")
        self._counted(record.address, client)
        require_open(ports.gate, record.address, DOOR)
        knock(ports.gate, account, DOOR)
        if not ports.hashing.matches(record.hash, old):
            raise LoginFailed(DOOR, "the old password is wrong", explanation="wrong_password")
        require_suitable(new, known_of(account, record.address, self._organization_name(account)))
        store_password(ports, account, record, new, "password_changed", account.id)

    def _counted(self, address: str, client: str | None) -> str:
        """The canonical address, after the attempt was counted; raises ``ValueError`` and ``TooMany``."""
        try:
            canonical = str(canonical_address(address))
        except ValueError:
            self._ports.limits.require(DOOR, Attempt(None, client))
            raise
        self._ports.limits.require(DOOR, Attempt(canonical, client))
        return canonical

    def _organization_name(self, account: Account) -> str:
        organization = self._ports.organizations.get(account.organization)
        return organization.display_name if organization is not None else ""


def store_password(
    ports: Ports, account: Account, record: PasswordRecord, new: str, event: str, actor: str
) -> None:
    """Writes the new hash, which voids all that was given out before, and tells the person."""
    now = ports.clock.now()
    if not ports.credentials.set_password(account.id, ports.hashing.hash(new), now):
        raise NotAllowed(DOOR, "no address to sign in with any more", explanation="federated_password")
    ports.audit.add(Entry(event, account.organization, actor, now, account.id))
    ports.tidy(account.id)
    organization = ports.organizations.get(account.organization)
    language = letters.language_of(ports, account, organization)
    letters.send(ports, "password_changed", record.address, language, link=f"{ports.public_url}/reset")


def require_own(admission: Admission, account: Account) -> None:
    """Raises ``NotAllowed`` unless the admission is this account's."""
    if admission.account_id != account.id or admission.organization != account.organization:
        raise NotAllowed("membership", "admission of somebody else")


def known_of(account: Account, address: str, organization: str) -> Sequence[str]:
    """What others know of a person, and would try first."""
    return (address, account.first_name, account.last_name, account.display_name, organization, account.organization)


def _why(record: PasswordRecord | None, closed: BrokerError | None) -> str:
    if closed is not None:
        return closed.detail or closed.reason
    if record is None:
        return "no such account"
    return "no password yet" if record.hash is None else "wrong password"
