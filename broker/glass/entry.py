"""Passkeys of the named people: registering, rehearsing, and coming in with one while the window is open."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter

from broker.admission import Evidence, Gate
from broker.clock import Clock
from broker.entropy import Entropy, digest
from broker.errors import BrokerError, LoginFailed, NotAllowed, SsoRequired
from broker.glass.alarm import Alarm
from broker.glass.windows import Windows
from broker.identity import Account
from broker.login_steps import Present
from broker.organizations import BREAK_GLASS, Organizations
from broker.passkeys import Offer, Passkeys
from broker.store.audit import AuditTrail, Entry
from broker.store.credentials import Credentials, Passkey
from broker.store.directory import Directory
from broker.store.state import StateStore, Taken

# From the passkey's proof to the end of the sign-in it is one request.
_PROOF_LIFETIME: Final = timedelta(minutes=1)
_KIND: Final = "break_glass_proof"


@dataclass(frozen=True, slots=True)
class Entered:
    """That the passkey of this account was proved for the sign-in of this state. Once, like the state."""

    account_id: str
    state_digest: str
    at: datetime


_ENTERED: Final = TypeAdapter(Entered)


class GlassEntry:
    """What the pages do. Every refusal is a ``BrokerError``."""

    def __init__(
        self,
        *,
        windows: Windows,
        passkeys: Passkeys,
        gate: Gate,
        organizations: Organizations,
        credentials: Credentials,
        directory: Directory,
        audit: AuditTrail,
        alarm: Alarm,
        state: StateStore,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._windows = windows
        self._passkeys = passkeys
        self._gate = gate
        self._organizations = organizations
        self._credentials = credentials
        self._directory = directory
        self._audit = audit
        self._alarm = alarm
        self._state = state
        self._clock = clock
        self._entropy = entropy

    # -- a named person's own passkeys ------------------------------------------------------------------------

    def require_named(self, present: Present) -> None:
        """Raises ``SsoRequired`` unless this is a named person who has signed in through the organisation's connection.

        Somebody who came in through the break-glass makes no further way in with it (threats FE-15).
        """
        account = present.account
        organization = self._organizations.current().get(account.organization)
        bound = organization.connection if organization is not None else None
        if bound is None or present.session.connection != bound.name:
            raise SsoRequired("factor", "a passkey is for who signed in through the organisation's connection")
        if not self._windows.is_named(account):
            raise SsoRequired("factor", "a passkey is for the people named for the break-glass")

    def passkeys(self, account: Account) -> Sequence[Passkey]:
        return self._credentials.passkeys(account.id)

    def offer_registration(self, present: Present) -> Offer:
        self.require_named(present)
        return self._passkeys.offer_registration(present.account, _of_session(present))

    def register(self, present: Present, challenge: str, answer: str, name: str) -> Passkey:
        """Raises ``ValueError`` for a name that cannot be shown."""
        self.require_named(present)
        passkey = self._passkeys.register(present.account, _of_session(present), challenge, answer, name)
        self._note("passkey_registered", present.account, credential=passkey.credential_id[:12])
        return passkey

    def remove(self, present: Present, credential_id: str) -> bool:
        """True if there was one."""
        removed = self._credentials.drop_passkey(present.account.id, credential_id)
        if removed:
            self._note("passkey_removed", present.account, credential=credential_id[:12])
        return removed

    def offer_rehearsal(self, present: Present) -> Offer:
        """As for coming in: the device has to find the passkey by itself then, so it has to now."""
        self.require_named(present)
        return self._passkeys.offer_proof(_of_session(present))

    def rehearse(self, present: Present, challenge: str, answer: str) -> None:
        """The person has shown that they could come in: all the same checks, and no way in opens by it."""
        self.require_named(present)
        proved = self._passkeys.prove(_of_session(present), challenge, answer)
        if proved.passkey.account_id != present.account.id:
            raise LoginFailed("passkey", "a passkey of somebody else", explanation="passkey_failed")
        self._passkeys.accept(proved)
        self._note("break_glass_rehearsed", present.account, credential=proved.passkey.credential_id[:12])

    # -- coming in --------------------------------------------------------------------------------------------

    def offer(self, state: str) -> Offer:
        """For the sign-in that waits under this state: any passkey that the person's device has for us."""
        return self._passkeys.offer_proof(_of_state(state))

    def prove(self, state: str, challenge: str, answer: str) -> str:
        """Verifies and judges; the single-use proof with which the sign-in of this state goes on.

        The gate is asked here, before anybody is told that somebody came in, and again by the sign-in itself.
        """
        proved = self._passkeys.prove(_of_state(state), challenge, answer)
        account = self._directory.account(proved.passkey.account_id)
        if account is None:
            raise LoginFailed("passkey", "the account is gone", explanation="passkey_failed")
        try:
            self._judge(account, proved.passkey)
        except BrokerError as refusal:
            self._note("break_glass_refused", account, reason=refusal.reason)
            raise
        self._passkeys.accept(proved)
        now = self._clock.now()
        self._note("break_glass_used", account, credential=proved.passkey.credential_id[:12])
        self._alarm.used(account, now)
        proof = self._entropy.token()
        entered = Entered(account.id, digest(state), now)
        self._state.put(_KIND, digest(proof), _ENTERED.dump_json(entered), _PROOF_LIFETIME)
        return proof

    def take(self, proof: str, state: str) -> Entered:
        """What a proof says, once, for the sign-in for which it was made; raises ``LoginFailed``."""
        taken = self._state.take(_KIND, digest(proof))
        if not isinstance(taken, Taken):
            raise LoginFailed("passkey", "no such proof", explanation="start_again")
        entered = _ENTERED.validate_json(taken.value)
        if not hmac.compare_digest(entered.state_digest, digest(state)):
            raise LoginFailed("passkey", "the proof of another sign-in", explanation="start_again")
        return entered

    def _judge(self, account: Account, passkey: Passkey) -> None:
        try:
            self._gate.admit(Evidence.knocking(account, BREAK_GLASS))
        except SsoRequired as refusal:
            raise SsoRequired("factor", refusal.detail) from refusal
        if not self._windows.is_ready(account, passkey):
            raise NotAllowed("not_rehearsed", "not rehearsed lately", explanation="passkey_not_rehearsed")

    def _note(self, event: str, account: Account, **detail: str) -> None:
        self._audit.add(Entry(event, account.organization, account.id, self._clock.now(), account.id, detail))


def _of_session(present: Present) -> str:
    return f"session {present.session.sid}"


def _of_state(state: str) -> str:
    return f"state {digest(state)}"
