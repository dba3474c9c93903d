"""The connector whose upstream is Pobuca itself: its page asks for address and password."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from broker.clock import Clock
from broker.errors import LoginFailed, NotAllowed
from broker.identity import Authentication, Profile, Subject
from broker.membership.proofs import Proofs
from broker.messages import Transaction, UpstreamAnswer
from broker.organizations import PASSWORD
from broker.store.directory import Directory

PASSWORD_ACR: Final = "urn:pobuca:acr:password"  # noqa: S105 - the name of a context class
# RFC 8176 section 2: password-based authentication.
AMR: Final = ("pwd",)
PAGE: Final = "/sign-in/password"


class PasswordConnector:
    """Sends the browser to our own page, and turns the proof that the page left into an ``Authentication``."""

    kind = PASSWORD

    def __init__(self, proofs: Proofs, directory: Directory, clock: Clock, public_url: str) -> None:
        self._proofs = proofs
        self._directory = directory
        self._clock = clock
        self._page = f"{public_url}{PAGE}"
        self._issuer = public_url

    def callback_uri(self, connection: str) -> str:  # noqa: ARG002 - there is one for all
        return self._page

    def start(self, transaction: Transaction, state: str) -> str:  # noqa: ARG002 - the page reads it by the state
        return f"{self._page}?{urlencode({'state': state})}"

    def finish(self, transaction: Transaction, answer: UpstreamAnswer) -> Authentication:
        if answer.code is None:
            raise LoginFailed("code", "no proof", explanation="start_again")
        proof = self._proofs.take(answer.state, answer.code)
        account = self._directory.account(proof.account_id)
        # An account that was bound to a directory meanwhile is not found by its password any more.
        if account is None or account.subject != Subject.own(account.id):
            raise LoginFailed("subject", "not an account with a password", explanation="start_again")
        names = (account.email,) if account.email is not None else ()
        return Authentication(
            subject=account.subject,
            connection=transaction.connection,
            organization=account.organization,
            issuer=self._issuer,
            issued_at=self._clock.now(),
            authenticated_at=proof.at,
            acr=PASSWORD_ACR,
            amr=AMR,
            claims={},
            is_guest=False,
            email=account.email,
            login_names=names,
            login_hint=account.email,
        )

    def profile(self, authentication: Authentication) -> Profile:
        raise NotAllowed("membership", f"no account signs in here before it exists: {authentication.subject.kind}")

    def profile_again(self, authentication: Authentication, *, ask_directory: bool) -> Profile:
        del ask_directory
        raise NotAllowed("membership", f"no directory is behind this sign-in: {authentication.subject.kind}")
