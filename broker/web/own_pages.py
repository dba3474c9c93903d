"""Our own pages as a party of the login flow: who is looking, and the way back after a sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from flask import Response, g, url_for

from broker.clock import Clock
from broker.errors import NotAllowed, PartyError
from broker.login import LoginFlow
from broker.login_steps import Present
from broker.messages import LoginRequest, LoginResult, Redirect, Reply
from broker.organizations import ADMINISTRATOR
from broker.web.steps import current_browser, present_step

# How long ago the person may have signed in at most, where a page changes what cannot be taken back
# (entra-id reference, section 3.3 step 1; threats FE-20).
FRESH: Final = timedelta(minutes=10)

# The name by which our own pages ask for a sign-in, as an application does by its client_id.
OWN_PARTY: Final = "pobuca-broker"

PAGES: Final[Mapping[str, str]] = {
    "home": "pages.home",
    "co_workers": "co_workers.listing",
    "invitations": "invitations.listing",
    "account": "account.show",
    "security": "security.show",
    "doors": "proving.ask",
    "sign_ins": "explaining.listing",
    "passkeys": "break_glass.passkeys",
    "rehearse": "break_glass.rehearse",
}


class OwnPages:
    """The responder for our own pages: after the sign-in the person sees the page that was asked for.

    The reply is one of a fixed set of page names, never an address from the request (threats WE-08).
    """

    name = "pages"

    def request(self, page: str) -> LoginRequest:
        """The login request for one of our pages."""
        if page not in PAGES:
            raise ValueError("not one of our pages")
        return LoginRequest(responder=self.name, party=OWN_PARTY, party_name="Pobuca", reply=page)

    def reply(self, result: LoginResult) -> Reply:
        return Redirect(url_for(PAGES[result.request.reply]))

    def refuse(self, request: LoginRequest, error: PartyError) -> Reply:  # noqa: ARG002 - the port's signature
        return Redirect(url_for("pages.home"))

    def session_ended(self, sid: str) -> None:
        """Nothing: our pages look at the session each time."""

    def person_ended(self, account_id: str) -> None:
        """Nothing, for the same reason."""

    def organization_ended(self, organization: str) -> None:
        """Nothing, for the same reason."""


class Visitors:
    """Tells a page who is looking, and sends on who has to sign in first."""

    def __init__(self, flow: LoginFlow, own: OwnPages, clock: Clock) -> None:
        self._flow = flow
        self._own = own
        self._clock = clock

    def present(self) -> Present | None:
        """The admitted person of this browser, if there is one."""
        g.present = self._flow.who(current_browser())  # Every page says it when somebody is in by the break-glass.
        present: Present | None = g.present
        return present

    def require(self, page: str, *, fresh: bool = False) -> Present | Response:
        """The person, or the answer that lets them sign in and then see ``page``.

        With ``fresh``, a person who signed in within ``FRESH``.
        """
        present = self.present()
        if present is None:
            return self._sign_in(self._own.request(page))
        if fresh and not self.is_fresh(present):
            return self._sign_in(replace(self._own.request(page), max_age=FRESH))
        return present

    def require_administrator(self, page: str, *, fresh: bool = False) -> Present | Response:
        """An administrator of their organisation; with ``fresh``, one who signed in within ``FRESH``.

        Raises ``NotAllowed`` for everybody else.
        """
        present = self.require(page)
        if isinstance(present, Response):
            return present
        if present.account.role != ADMINISTRATOR:
            raise NotAllowed("not_admin", "not an administrator of the organisation", explanation="not_admin")
        if fresh and not self.is_fresh(present):
            return self._sign_in(replace(self._own.request(page), max_age=FRESH))
        return present

    def is_fresh(self, present: Present) -> bool:
        """Whether the person proved themselves within ``FRESH``."""
        at = present.session.authenticated_at
        return at is not None and self._clock.now() - at <= FRESH

    def _sign_in(self, request: LoginRequest) -> Response:
        browser = current_browser()
        return present_step(self._flow.begin(request, browser), browser)
