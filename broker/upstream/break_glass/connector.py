"""The connector of the break-glass: from a proof that its page left to an ``Authentication``."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from broker.errors import LoginFailed
from broker.glass.entry import GlassEntry
from broker.identity import Authentication, Profile
from broker.messages import Transaction, UpstreamAnswer
from broker.organizations import BREAK_GLASS
from broker.store.directory import Directory

PASSKEY_PAGE: Final = "/break-glass/passkey"
BREAK_GLASS_ACR: Final = "urn:pobuca:acr:break-glass"
# RFC 8176 section 2: possession of a key was proved, and that the person was there. Not "hwk": without attestation
# nobody can tell whether the key is in hardware, and never more is stated than is known (threats UO-20).
_AMR: Final = ("pop", "user")


class BreakGlassConnector:
    """Speaks to nobody: the proof was made on a page of our own."""

    kind = BREAK_GLASS

    def __init__(self, entry: GlassEntry, directory: Directory, *, public_url: str) -> None:
        self._entry = entry
        self._directory = directory
        self._public_url = public_url

    def callback_uri(self, connection: str) -> str:
        del connection  # There is one for all.
        return f"{self._public_url}{PASSKEY_PAGE}"

    def start(self, transaction: Transaction, state: str) -> str:
        """The page that asks for the passkey."""
        return f"{self.callback_uri(transaction.connection)}?{urlencode({'state': state})}"

    def finish(self, transaction: Transaction, answer: UpstreamAnswer) -> Authentication:
        """Takes the proof of this very sign-in; the subject is the account's own, whichever upstream that is of."""
        if answer.code is None:
            raise LoginFailed("passkey", "no proof", explanation="start_again")
        entered = self._entry.take(answer.code, answer.state)
        account = self._directory.account(entered.account_id)
        if account is None:
            raise LoginFailed("passkey", "the account is gone", explanation="passkey_failed")
        return Authentication(
            subject=account.subject,
            connection=transaction.connection,
            organization=account.organization,
            issuer=self._public_url,
            issued_at=entered.at,
            authenticated_at=entered.at,
            acr=BREAK_GLASS_ACR,
            amr=_AMR,
            claims={},
            is_guest=False,
            email=account.email,
            login_names=(account.email,) if account.email else (),
        )

    def profile(self, authentication: Authentication) -> Profile:
        """Never needed: who comes in here has an account. Raises ``LoginFailed``."""
        raise LoginFailed("passkey", f"no account of {authentication.organization}", explanation="passkey_failed")

    def profile_again(self, authentication: Authentication, *, ask_directory: bool) -> Profile:
        """Never needed: no directory keeps the fields of who comes in here. Raises ``LoginFailed``."""
        del ask_directory
        raise LoginFailed("passkey", f"no directory of {authentication.organization}", explanation="passkey_failed")
