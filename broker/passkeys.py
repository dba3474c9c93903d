"""Passkeys (W3C Web Authentication Level 3): registering one, and proving that somebody holds one.

There is no sign-in with them beside the break-glass (threats FE-15). Challenges are single-use, live five minutes, and
are bound to what they were made for: one purpose, and one session or one unfinished sign-in.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from broker.clock import Clock
from broker.entropy import Entropy, digest
from broker.errors import BadRequest, LoginFailed, NotAllowed
from broker.identity import Account
from broker.store.credentials import Credentials, Passkey
from broker.store.state import StateStore, Taken

CHALLENGE_LIFETIME: Final = timedelta(minutes=5)
MAX_PASSKEYS: Final = 8
"""Of one person: a few keys and a few devices. It bounds what a page shows and what a browser is asked to exclude."""
MAX_NAME: Final = 64
# An answer without attestation has about a kilobyte; 16 KiB leave room for RSA keys and extensions.
_MAX_ANSWER: Final = 16 * 1024

_KIND: Final = "passkey_challenge"
_REGISTER: Final = "register"
_PROVE: Final = "prove"


class CeremonyFailed(Exception):
    """The browser's answer does not verify; the text says why, for the log."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a registration gave: base64url texts, and the authenticator's counter."""

    credential_id: str
    public_key: str
    sign_count: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """What an assertion says of itself, unverified: which credential, and whose."""

    credential_id: str
    user_handle: str | None


class Ceremonies(Protocol):
    """WebAuthn as a relying party speaks it. Challenges are base64url; answers are JSON as a browser gives them.

    The verifying methods raise ``CeremonyFailed``.
    """

    def creation_options(self, account: Account, challenge: str, known: Sequence[str]) -> str:
        """JSON for ``navigator.credentials.create``; ``known`` are credentials that shall not be made twice."""
        ...

    def verify_creation(self, answer: str, challenge: str) -> NewKey: ...

    def request_options(self, challenge: str) -> str:
        """JSON for ``navigator.credentials.get``: nobody is named, the person's device offers what it has."""
        ...

    def read_assertion(self, answer: str) -> Claimed: ...

    def verify_assertion(self, answer: str, challenge: str, public_key: str, sign_count: int) -> int:
        """The new sign count, greater than the one before unless both are 0."""
        ...


@dataclass(frozen=True, slots=True)
class Offer:
    """What a page hands to the browser: ``options`` for its interface, ``challenge`` for the form."""

    options: str
    challenge: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Proved:
    """A passkey as it was before this proof, and the sign count after it. Made only by ``Passkeys.prove``."""

    passkey: Passkey
    sign_count: int


class Passkeys:
    """Both ceremonies, over ports. ``binding`` names the session or sign-in for which a challenge is good."""

    def __init__(
        self, ceremonies: Ceremonies, credentials: Credentials, store: StateStore, clock: Clock, entropy: Entropy
    ) -> None:
        self._ceremonies = ceremonies
        self._credentials = credentials
        self._store = store
        self._clock = clock
        self._entropy = entropy

    # -- registration -----------------------------------------------------------------------------------------

    def offer_registration(self, account: Account, binding: str) -> Offer:
        """For a new passkey of this account."""
        challenge = self._challenge(_REGISTER, binding)
        known = [passkey.credential_id for passkey in self._credentials.passkeys(account.id)]
        return Offer(self._ceremonies.creation_options(account, challenge, known), challenge)

    def register(self, account: Account, binding: str, challenge: str, answer: str, name: str) -> Passkey:
        """Keeps a new passkey of this account; it is not rehearsed yet.

        Raises ``ValueError`` for a name that cannot be shown, ``LoginFailed`` for an answer that does not verify, and
        ``NotAllowed`` when there are too many, or the credential is known already.
        """
        name = name.strip()
        if not name or len(name) > MAX_NAME or not name.isprintable():
            raise ValueError("the name of a passkey has 1 to 64 printable characters")
        self._take(_REGISTER, binding, challenge)
        try:
            made = self._ceremonies.verify_creation(_bounded(answer), challenge)
        except CeremonyFailed as error:
            raise LoginFailed("passkey", str(error), explanation="passkey_failed") from error
        if len(self._credentials.passkeys(account.id)) >= MAX_PASSKEYS:
            raise NotAllowed("passkey", "too many passkeys", explanation="passkey_too_many")
        if self._credentials.passkey(made.credential_id) is not None:  # WebAuthn Level 3, section 7.1 step 26.
            raise NotAllowed("passkey", "the credential is registered already", explanation="passkey_failed")
        passkey = Passkey(made.credential_id, account.id, name, made.public_key, made.sign_count, self._clock.now())
        self._credentials.add_passkey(passkey)
        return passkey

    # -- proof ------------------------------------------------------------------------------------------------

    def offer_proof(self, binding: str) -> Offer:
        """For a proof with any passkey that the person's device has for us."""
        challenge = self._challenge(_PROVE, binding)
        return Offer(self._ceremonies.request_options(challenge), challenge)

    def prove(self, binding: str, challenge: str, answer: str) -> Proved:
        """The passkey that somebody has just shown to hold; raises ``LoginFailed``.

        Nothing is noted yet: who refuses it for another reason leaves it as it was, and unrehearsed.
        """
        self._take(_PROVE, binding, challenge)
        answer = _bounded(answer)
        try:
            claimed = self._ceremonies.read_assertion(answer)
            passkey = self._credentials.passkey(claimed.credential_id)
            if passkey is None:
                raise CeremonyFailed("no such credential")
            # A discoverable credential names its person (WebAuthn Level 3, section 7.2 step 6), so both must agree.
            if claimed.user_handle is None or not hmac.compare_digest(
                claimed.user_handle.encode(), passkey.account_id.encode()
            ):
                raise CeremonyFailed("the user handle is not of the credential's account")
            count = self._ceremonies.verify_assertion(answer, challenge, passkey.public_key, passkey.sign_count)
        except CeremonyFailed as error:
            raise LoginFailed("passkey", str(error), explanation="passkey_failed") from error
        return Proved(passkey, count)

    def accept(self, proved: Proved) -> None:
        """Notes the use, which counts as a rehearsal; raises ``LoginFailed`` unless the sign count rises.

        One step over all workers: of two proofs with one counter, at most one is accepted.
        """
        if not self._credentials.note_passkey_used(proved.passkey.credential_id, proved.sign_count, self._clock.now()):
            raise LoginFailed("passkey", "the sign count did not rise", explanation="passkey_failed")

    # -- challenges -------------------------------------------------------------------------------------------

    def _challenge(self, purpose: str, binding: str) -> str:
        challenge = self._entropy.token()
        record = digest(f"{purpose} {binding}").encode()
        self._store.put(_KIND, digest(challenge), record, CHALLENGE_LIFETIME)
        return challenge

    def _take(self, purpose: str, binding: str, challenge: str) -> None:
        taken = self._store.take(_KIND, digest(challenge))
        if not isinstance(taken, Taken) or not hmac.compare_digest(
            taken.value, digest(f"{purpose} {binding}").encode()
        ):
            raise LoginFailed("passkey_challenge", "no such challenge on this page", explanation="start_again")


def _bounded(answer: str) -> str:
    if len(answer) > _MAX_ANSWER:
        raise BadRequest("size", f"a passkey's answer has {len(answer)} characters")
    return answer
