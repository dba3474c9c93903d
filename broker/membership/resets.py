"""A forgotten password: a link by mail that sets a new one, once (threats FE-04)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from pydantic import TypeAdapter

from broker.addresses import canonical_address
from broker.entropy import digest
from broker.errors import LoginFailed, NotAllowed, SsoRequired
from broker.identity import Account, Stamp
from broker.membership import letters
from broker.membership.doors import knock, require_open
from broker.membership.passwords import known_of, store_password
from broker.membership.policy import require_suitable
from broker.membership.ports import Ports
from broker.rate_limits import Attempt
from broker.store.state import Taken

DOOR: Final = "reset"
LINK: Final = "link"

# OWASP ASVS 5.0 6.6.2 bounds codes that are sent out of band; an hour is what mail needs.
LIFETIME: Final = timedelta(minutes=60)

_KIND: Final = "reset"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Pending:
    """``stamp``: of the admission at which the link was sent; it is void when either epoch has risen since.

    Without an account it is that of an unknown address, and nobody has the link.
    """

    account_id: str | None
    stamp: Stamp


_PENDING: Final = TypeAdapter(_Pending)


class Resets:
    """Sends links and redeems them."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def request(self, address: str, client: str | None) -> None:
        """Sends a link if there is somebody to send it to. Never tells whether there was (threats WE-04).

        Raises ``ValueError`` if it is no address, and ``TooMany``; no more.
        """
        ports = self._ports
        canonical = str(canonical_address(address))
        ports.limits.require(DOOR, Attempt(canonical, client))
        account, stamp = self._entitled(address, canonical)
        token = ports.entropy.token()
        pending = _Pending(account.id if account is not None else None, stamp)
        # Written for unknown addresses as well: the same work, and so the same time.
        ports.state.put(_KIND, digest(token), _PENDING.dump_json(pending), LIFETIME)
        if account is None:
            return
        organization = ports.organizations.get(account.organization)
        minutes = int(LIFETIME.total_seconds()) // 60
        link = f"{ports.public_url}/reset/{token}"
        language = letters.language_of(ports, account, organization)
        letters.send(ports, "reset", canonical, language, link=link, minutes=minutes)

    def person(self, token: str, client: str | None) -> str:
        """The address for whose account a link sets a password; raises as ``redeem`` does, and consumes nothing."""
        self._ports.limits.require(LINK, Attempt(None, client))
        account, _ = self._account_of(self._ports.state.get(_KIND, digest(token)))
        record = self._ports.credentials.password_of(account.id)
        return record.address if record is not None else ""

    def redeem(self, token: str, password: str, client: str | None) -> Account:
        """Sets the new password; every session of before ends.

        Raises ``Unsuitable``, after which the link is still good; ``TooMany``; ``LoginFailed`` if it was used or has
        expired; ``SsoRequired`` if the way in changed meanwhile.
        """
        ports = self._ports
        ports.limits.require(LINK, Attempt(None, client))
        account, _ = self._account_of(ports.state.get(_KIND, digest(token)))
        organization = ports.organizations.get(account.organization)
        name = organization.display_name if organization is not None else ""
        require_suitable(password, known_of(account, account.email or "", name))
        taken = ports.state.take(_KIND, digest(token))
        account, stamp = self._account_of(taken.value if isinstance(taken, Taken) else None)
        record = ports.credentials.password_of(account.id)
        if record is None:
            raise LoginFailed(DOOR, "no address to sign in with", explanation="link_used")
        require_open(ports.gate, record.address, DOOR)
        knock(ports.gate, account, DOOR, stamp)
        store_password(ports, account, record, password, "password_reset", account.id)
        return account

    def _entitled(self, address: str, canonical: str) -> tuple[Account | None, Stamp]:
        """The account that may have a link; none for whoever must not, and why stands in the log."""
        ports = self._ports
        nobody = Stamp(0, 0)
        try:
            require_open(ports.gate, address, DOOR)
            record = ports.credentials.password(canonical)
            account = ports.directory.account(record.account_id) if record is not None else None
            if account is None:
                return None, nobody
            return account, knock(ports.gate, account, DOOR).stamp
        except SsoRequired as refusal:
            _log.warning("enforcement_denied", reason=DOOR, detail=refusal.detail, code=refusal.code)
        except NotAllowed as refusal:
            _log.info("web_rejected", reason=DOOR, detail=refusal.reason, code=refusal.code)
        return None, nobody

    def _account_of(self, record: bytes | None) -> tuple[Account, Stamp]:
        """The account of a link that still stands, judged by what has happened since it was sent."""
        pending = _PENDING.validate_json(record) if record is not None else None
        account = self._ports.directory.account(pending.account_id) if pending and pending.account_id else None
        if pending is None or account is None:
            raise LoginFailed(DOOR, "no such link", explanation="link_used")
        try:
            knock(self._ports.gate, account, DOOR, pending.stamp)
        except NotAllowed as refusal:  # An epoch has risen: the password was set by another link, or the person ended.
            raise LoginFailed(DOOR, refusal.reason, explanation="link_used") from refusal
        return account, pending.stamp
