"""Whether what we have is as recent and as strong as the application asked. Pure.

Never more is stated downstream than was received (threats UO-20): the context class in a token is the one that the
upstream's verified answer gave, and a demand that the answer does not meet is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from broker.errors import PartyError
from broker.identity import Account, Authentication
from broker.messages import LoginRequest, Session, Transaction
from broker.organizations import PASSWORD

# Threats G11: one leeway for all clocks.
LEEWAY: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Contexts:
    """The authentication context classes of this installation.

    ``usual``: what a plain sign-in gives. ``on_demand``: what the upstream can be asked for.
    """

    usual: str
    on_demand: frozenset[str] = frozenset()

    def known(self, request: LoginRequest) -> bool:
        """Whether the request names at least one class that can be given."""
        return self._preferred(request) is not None

    def to_ask_for(self, request: LoginRequest) -> str | None:
        """The class that the upstream is to be asked for; None if the usual one will do best, or nothing will."""
        preferred = self._preferred(request)
        return preferred if preferred in self.on_demand else None

    def _preferred(self, request: LoginRequest) -> str | None:
        """The first that can be given: they stand in order of preference (OpenID Connect Core 3.1.2.1)."""
        return next((name for name in request.strength if name == self.usual or name in self.on_demand), None)


def require_reachable(request: LoginRequest, contexts: Contexts) -> None:
    """Raises ``PartyError`` if only classes are acceptable that can never be given: nobody should sign in for that."""
    if request.strength_essential and not contexts.known(request):
        raise PartyError("unmet_authentication_requirements", "assurance", "no such authentication context")


def is_good_enough(
    request: LoginRequest, session: Session, account: Account, contexts: Contexts, now: datetime
) -> bool:
    """Whether a session answers this request as it stands (OpenID Connect Core 3.1.2.1, 3.1.2.3)."""
    if request.force or request.choose_account:
        return False
    if request.account_hint is not None and account.id != request.account_hint:
        return False
    if request.max_age is not None and (
        session.authenticated_at is None or now - session.authenticated_at > request.max_age
    ):
        return False
    # acr_values is a wish (OpenID Connect Core 5.5.1.1): only a class that could be had is worth another sign-in.
    if contexts.known(request) and session.acr not in request.strength and _could_be_stronger(request, session):
        return False
    return _is_of(request.login_hint, session, account)


def is_fresh_enough(transaction: Transaction, authentication: Authentication, now: datetime) -> bool:
    """Whether the upstream's authentication is as recent as the application demands.

    A forced one must have happened after we asked, and after that of the session before. An upstream that does not
    say when it was proves nothing. One that was not forced gets no leeway: a sign-in from shortly before we asked is
    then no fault of a clock, but the upstream's own session.
    """
    request = transaction.request
    if not request.force and request.max_age is None:
        return True
    at = authentication.authenticated_at
    if at is None:
        return False
    asked_at = transaction.started_at
    if request.force:
        previous = transaction.previous_authentication
        return at >= asked_at - LEEWAY and (previous is None or at > previous)
    # The upstream counts whole seconds.
    return at >= asked_at.replace(microsecond=0) or (request.max_age is not None and now - at <= request.max_age)


def require_strength(transaction: Transaction, authentication: Authentication) -> None:
    """Raises ``PartyError`` unless an essential class, or one that was asked of the upstream, is in its answer."""
    request = transaction.request
    demanded = request.strength_essential or transaction.upstream_acr is not None
    if demanded and authentication.acr not in request.strength:
        raise PartyError("unmet_authentication_requirements", "assurance", "the answer lacks the context asked for")


def _could_be_stronger(request: LoginRequest, session: Session) -> bool:
    """Whether another sign-in could give another class: Pobuca's own always gives the same one."""
    return request.strength_essential or session.connection != PASSWORD


def _is_of(login_hint: str | None, session: Session, account: Account) -> bool:
    """Whether a hint, if it is an address, is one of this session's person; another person's wants their own
    sign-in.
    """
    if login_hint is None or "@" not in login_hint:
        return True
    known = {name.casefold() for name in session.login_names} | {(account.email or "").casefold()}
    return login_hint.strip().casefold() in known
