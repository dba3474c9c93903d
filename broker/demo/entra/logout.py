"""``/{tenant}/oauth2/v2.0/logout``: takes an account out of the browser's session (entra-id reference 5).

The applications of the session are told in hidden frames on the page after it, which then goes on by itself.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, request

from broker.demo.entra.authority import authority_of
from broker.demo.entra.cookie import browser_cookie
from broker.demo.entra.errors import EntraError
from broker.demo.entra.front_channel import origins, sign_out_addresses
from broker.demo.entra.model import User
from broker.demo.entra.no_store import no_store
from broker.demo.entra.pages import CONTINUE_SCRIPT, error_page, page
from broker.demo.entra.state import Simulator
from broker.demo.entra.timing import moment_of


def logout_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("logout", __name__)

    @blueprint.route("/<tenant>/oauth2/v2.0/logout", methods=["GET", "POST"])
    def logout(tenant: str) -> Response:
        try:
            authority = authority_of(simulator, tenant)
        except EntraError as error:
            return error_page(error)
        signed_in = _signed_in(simulator)
        # A hint is the login_hint claim's value and nothing else; a name comes from our own page only.
        hint = request.values.get("logout_hint", "")
        named = hint if hint.startswith("O.") else request.form.get("account", "")
        account = simulator.directory.account_hinted(named) if named else None
        target = request.values.get("post_logout_redirect_uri", "")
        if account is None and signed_in:  # Asked even when there is only one.
            return page(
                "sign_out.html",
                accounts=signed_in,
                action=f"/{authority.segment}/oauth2/v2.0/logout",
                target=target,
            )
        ended = simulator.sessions.sign_out(browser_cookie(), account.key) if account is not None else None
        frames = sign_out_addresses(simulator, [ended] if ended else [])
        if not _is_registered(simulator, target):
            target = ""
        if target and not frames:
            return no_store(make_response(redirect(target)))
        return page("signed_out.html", framing=origins(frames), frames=frames, target=target, script=CONTINUE_SCRIPT)

    return blueprint


def _signed_in(simulator: Simulator) -> list[User]:
    accounts = simulator.sessions.accounts(browser_cookie(), moment_of())
    found = (simulator.directory.user(*key) for key in accounts)
    return [user for user in found if user is not None]


def _is_registered(simulator: Simulator, target: str) -> bool:
    """Exactly a registered redirect URI, of any application: logout does not say which one asks."""
    return bool(target) and any(
        target in registration.redirect_uris for registration in simulator.directory.registrations()
    )
