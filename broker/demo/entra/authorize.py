"""``/{tenant}/oauth2/v2.0/authorize`` and the pages between it and the answer (entra-id reference 1.5, 2.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, Response, g, request
from werkzeug.datastructures import MultiDict

from broker.demo.entra.authority import authority_of
from broker.demo.entra.authorize_request import ReplyAddress, prove_reply_address, read_request
from broker.demo.entra.cookie import browser_cookie, set_browser_cookie
from broker.demo.entra.errors import EntraError, refusal
from broker.demo.entra.faults import Fault
from broker.demo.entra.interaction import (
    AskAccount,
    AskConsent,
    AskPassword,
    AskSecondFactor,
    AskUsername,
    Interaction,
    Refuse,
    SignedIn,
    Step,
    next_step,
    silent_refusal,
)
from broker.demo.entra.model import User
from broker.demo.entra.pages import error_page, page
from broker.demo.entra.replies import reply_with_error, reply_with_success
from broker.demo.entra.state import Simulator
from broker.demo.entra.timing import moment_of

# After these another account may do better.
_ANOTHER_ACCOUNT_HELPS: Final = frozenset({50020, 50034, 50055, 50057, 50105, 500208, 53003, 90094})


def authorize_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("authorize", __name__)
    sign_in = _SignIn(simulator)

    @blueprint.route("/<tenant>/oauth2/v2.0/authorize", methods=["GET", "POST"])
    def authorize(tenant: str) -> Response:
        parameters = request.form if request.method == "POST" else request.args
        try:
            authority = authority_of(simulator, tenant)
            reply = prove_reply_address(parameters, authority, simulator.directory)
        except EntraError as error:
            return error_page(error)
        ordered: Fault | None = g.pop("fault", None)
        if ordered is not None and ordered.is_refusal:
            refused = ordered.refusal()
            return error_page(refused) if ordered.shape == "page" else reply_with_error(simulator, reply, refused)
        return sign_in.begin(parameters, tenant, reply)

    @blueprint.post("/<tenant>/login")
    def login(tenant: str) -> Response:
        """Every page posts here; which button was pressed says what for."""
        handle = request.form.get("ctx", "")
        interaction = simulator.interactions.get(handle)
        if interaction is None or interaction.request.authority.segment != tenant:
            return error_page(refusal(9002313))
        return sign_in.go_on(handle, interaction)

    return blueprint


class _SignIn:
    """Shows the page of each step and takes in what comes back from it."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def begin(self, parameters: MultiDict[str, str], tenant: str, reply: ReplyAddress) -> Response:
        simulator = self._simulator
        authority = authority_of(simulator, tenant)
        principal = authority.tenant and simulator.directory.service_principal(
            reply.registration.client_id, authority.tenant.tenant_id
        )
        granted = principal.tenant_wide_scopes if principal else frozenset()
        try:
            asked = read_request(parameters, authority, reply, simulator.base_url, granted)
        except EntraError as error:
            return reply_with_error(simulator, reply, error)
        interaction = Interaction(asked)
        step = self._next(interaction)
        if asked.prompt == "none":
            refused = silent_refusal(step, asked.client_id)
            if refused is not None:
                return reply_with_error(simulator, reply, refused)
        if isinstance(step, SignedIn):
            return reply_with_success(simulator, asked, step)
        return self._show(simulator.interactions.begin(interaction), interaction, step)

    def go_on(self, handle: str, interaction: Interaction) -> Response:
        """Takes in a page's form; each kind of page has its own button or field."""
        form = request.form
        if "cancel" in form:
            self._simulator.interactions.finish(handle)
            return reply_with_error(self._simulator, interaction.request.reply, refusal(65004))
        if "another" in form:
            return self._ask_again(handle, replace(interaction, chosen=None, wants_another=True))
        if "account" in form:
            return self._name(handle, interaction, form["account"])
        if "password" in form:
            return self._password(handle, interaction, form.get("username", ""), form["password"])
        if "username" in form:
            return self._name(handle, interaction, form["username"])
        step = self._next(interaction)
        if "approve" in form and isinstance(step, AskSecondFactor):
            self._simulator.sessions.note_mfa(browser_cookie(), step.account.key)
        if "accept" in form and isinstance(step, AskConsent):
            self._simulator.directory.consent(interaction.request.client_id, step.user, step.scopes)
            interaction = replace(interaction, consented=True)
        return self._ask_again(handle, interaction)

    def _name(self, handle: str, interaction: Interaction, name: str) -> Response:
        account = self._simulator.directory.account(name)
        if account is None:
            error = refusal(50034, user=name)
            return self._show(handle, interaction, AskUsername(name), error)
        return self._ask_again(handle, replace(interaction, chosen=account.key))

    def _password(self, handle: str, interaction: Interaction, name: str, password: str) -> Response:
        account = self._simulator.directory.account(name)
        if account is None:
            return self._show(handle, interaction, AskUsername(name), refusal(50034, user=name))
        if password != account.password:
            return self._show(handle, interaction, AskPassword(account), refusal(50126))
        interaction = replace(interaction, chosen=account.key, authenticated=True)
        for wrong, code in ((not account.account_enabled, 50057), (account.password_expired, 50055)):
            if wrong:
                return self._show(handle, interaction, Refuse(refusal(code)))
        cookie = self._simulator.sessions.sign_in(browser_cookie(), account, moment_of())
        g.browser = cookie
        return set_browser_cookie(self._ask_again(handle, interaction), cookie, self._simulator.base_url)

    def _ask_again(self, handle: str, interaction: Interaction) -> Response:
        """On to the next page, or to the answer."""
        step = self._next(interaction)
        if isinstance(step, SignedIn):
            self._simulator.interactions.finish(handle)
            return reply_with_success(self._simulator, interaction.request, step)
        self._simulator.interactions.update(handle, interaction)
        return self._show(handle, interaction, step)

    def _next(self, interaction: Interaction) -> Step:
        now = moment_of()
        accounts = self._simulator.sessions.accounts(browser_cookie(), now)
        return next_step(interaction, accounts, self._simulator.directory, now)

    def _show(self, handle: str, interaction: Interaction, step: Step, error: EntraError | None = None) -> Response:
        asked = interaction.request
        said: dict[str, Any] = {
            "action": f"/{asked.authority.segment}/login",
            "ctx": handle,
            "registration": asked.reply.registration,
            "tenant": asked.authority.tenant,
            "error": error,
        }
        match step:
            case AskUsername(typed):
                return page("username.html", typed=typed, people=self._people(interaction), **said)
            case AskAccount(accounts):
                return page("picker.html", accounts=accounts, **said)
            case AskPassword(account):
                return page("password.html", account=account, **said)
            case AskSecondFactor(account):
                return page("second_factor.html", account=account, **said)
            case AskConsent(account, user, scopes):
                return page("consent.html", account=account, user=user, scopes=sorted(scopes), **said)
            case Refuse(refused):
                return self._stop(interaction, refused)
            case SignedIn():
                return reply_with_success(self._simulator, asked, step)

    def _stop(self, interaction: Interaction, error: EntraError) -> Response:
        """Ends on a page; some of them lead to another account, and the one about approval back to the application."""
        asked = interaction.request
        again = {
            "client_id": asked.client_id,
            "redirect_uri": asked.reply.redirect_uri,
            "response_type": " ".join(sorted(asked.response_types)),
            "response_mode": asked.reply.response_mode,
            "scope": asked.scope,
            "state": asked.reply.state,
            "nonce": asked.nonce,
            "code_challenge": asked.challenge,
            "code_challenge_method": asked.challenge_method if asked.challenge else None,
        }
        query = urlencode({name: value for name, value in again.items() if value is not None})
        url = f"/{asked.authority.segment}/oauth2/v2.0/authorize?{query}&prompt=select_account"
        return error_page(error, another_account_url=url if error.code in _ANOTHER_ACCOUNT_HELPS else "")

    def _people(self, interaction: Interaction) -> list[User]:
        """The accounts a developer may want here: those with a user object at this authority."""
        directory, authority = self._simulator.directory, interaction.request.authority
        accounts = [user for user in directory.users() if user.home is None and not user.deleted]
        if authority.tenant is None:
            return accounts
        return [account for account in accounts if directory.member_at(authority, account)]
