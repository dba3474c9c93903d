"""App passwords: for programs that cannot sign in by browser, such as CardDAV clients (threats FE-03)."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from broker.addresses import canonical_address
from broker.admission import Admission
from broker.entropy import digest
from broker.errors import LoginFailed, NotAllowed, SsoRequired
from broker.identity import Account
from broker.membership import letters
from broker.membership.doors import knock, require_open
from broker.membership.passwords import require_own
from broker.membership.ports import Ports
from broker.provisioning.text import clean
from broker.rate_limits import Attempt
from broker.store.audit import Entry
from broker.store.credentials import AppPassword

DOOR: Final = "basic"
FAILED: Final = "app_password"

# 160 random bits are 32 letters of base32 (threats G12 asks for 128); so it cannot be guessed, and a fast digest of it
# is as good as a slow one.
_BYTES: Final = 20
_GROUP: Final = 4

# Nobody has more programs, and each is a way in that somebody has to remember.
MOST: Final = 20
MAX_LABEL: Final = 60

# Its last use is written at most so often: a client asks every few minutes.
_NOTE_EVERY: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class NewAppPassword:
    """The record, and the password itself: shown once and nowhere kept."""

    record: AppPassword
    password: str = field(repr=False)


class AppPasswords:
    """Makes, lists, drops and verifies them."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def create(self, admission: Admission, account: Account, label: str) -> NewAppPassword:
        """A new one for the account that was admitted; raises ``SsoRequired`` and ``NotAllowed``."""
        ports = self._ports
        require_own(admission, account)
        own = ports.credentials.password_of(account.id)
        self._require_not_federated(account)
        if own is None or own.hash is None:
            raise NotAllowed(DOOR, "no password here", explanation="federated_password")
        require_open(ports.gate, own.address, DOOR, explanation="carddav_federated")
        knock(ports.gate, account, DOOR)
        if len(ports.credentials.app_passwords(account.id)) >= MOST:
            raise NotAllowed(DOOR, "as many as there may be", explanation="app_passwords_many")
        raw = ports.entropy.token(_BYTES)
        letters_of_it = base64.b32encode(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4))).decode().lower()
        now = ports.clock.now()
        record = AppPassword(
            id=ports.entropy.uuid(),
            account_id=account.id,
            label=clean(label[: 4 * MAX_LABEL], MAX_LABEL) or "CardDAV",
            digest=digest(letters_of_it),
            created_at=now,
        )
        ports.credentials.add_app_password(record)
        detail = {"app_password": record.id}
        ports.audit.add(Entry("app_password_added", account.organization, account.id, now, account.id, detail))
        organization = ports.organizations.get(account.organization)
        language = letters.language_of(ports, account, organization)
        letters.send(ports, "app_password_added", own.address, language, link=f"{ports.public_url}/account")
        return NewAppPassword(record, _grouped(letters_of_it))

    def of(self, account: Account) -> Sequence[AppPassword]:
        """Those of an account."""
        return self._ports.credentials.app_passwords(account.id)

    def drop(self, admission: Admission, account: Account, app_password_id: str) -> None:
        """Deletes one; it is worth nothing from then on. Deleting what is not there is no error."""
        require_own(admission, account)
        ports = self._ports
        if ports.credentials.drop_app_password(account.id, app_password_id):
            now, detail = ports.clock.now(), {"app_password": app_password_id}
            ports.audit.add(Entry("app_password_dropped", account.organization, account.id, now, account.id, detail))

    def verify(self, address: str, password: str, client: str | None) -> tuple[Admission, Account]:
        """The account whose address and app password these are, and its admission.

        Rule 0 first: an address of a federated organisation hears ``carddav_federated``, whatever the password. A right
        one is never slowed down, since it cannot be guessed and programs ask often; failures are counted.

        Raises ``SsoRequired``, ``NotAllowed``, ``LoginFailed`` if they are not, and ``TooMany``.
        """
        ports = self._ports
        try:
            canonical = str(canonical_address(address))
            require_open(ports.gate, address, DOOR, explanation="carddav_federated")
        except ValueError as error:
            raise self._failure(None, client) from error
        written = "".join(c for c in password if c.isalnum()).lower() if len(password) < 200 else ""
        record = ports.credentials.app_password(digest(written))
        own = ports.credentials.password_of(record.account_id) if record is not None else None
        account = ports.directory.account(record.account_id) if record is not None else None
        if record is None or own is None or account is None or not _same(own.address, canonical):
            raise self._failure(canonical, client)
        self._require_not_federated(account)
        admission = knock(ports.gate, account, DOOR)
        now = ports.clock.now()
        if record.last_used_at is None or now - record.last_used_at >= _NOTE_EVERY:
            ports.credentials.note_app_password_used(record.id, now)
        return admission, account

    def _require_not_federated(self, account: Account) -> None:
        organization = self._ports.organizations.current().get(account.organization)
        if organization is not None and organization.connection is not None:
            raise SsoRequired(DOOR, "the organisation is federated", explanation="carddav_federated")

    def _failure(self, canonical: str | None, client: str | None) -> LoginFailed:
        """The refusal of a wrong one; raises ``TooMany`` if there were too many."""
        self._ports.limits.require(FAILED, Attempt(canonical, client))
        return LoginFailed(DOOR, "no such app password", explanation="wrong_app_password")


def _grouped(text: str) -> str:
    """In groups of four letters, as people copy it; the hyphens do not count."""
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
