"""The pages between a request (for a sign-in, or for admin consent) and its answer (entra-id reference 2.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response, g, request

from broker.demo.entra.admin_consent_answer import address_of, consent_given, consent_refused, refused_pairs
from broker.demo.entra.authorize_request import AuthorizeRequest
from broker.demo.entra.cookie import browser_cookie, set_browser_cookie
from broker.demo.entra.errors import EntraError, refusal
from broker.demo.entra.interaction import (
    AdminConsented,
    AskAccount,
    AskAdminConsent,
    AskConsent,
    AskPassword,
    AskSecondFactor,
    AskUsername,
    Interaction,
    Refuse,
    SignedIn,
    Step,
)
from broker.demo.entra.model import User
from broker.demo.entra.next_step import next_step, silent_refusal
from broker.demo.entra.pages import error_page, page
from broker.demo.entra.replies import reply_with_error, reply_with_success
from broker.demo.entra.state import Simulator
from broker.demo.entra.timing import moment_of

# After these another account may do better.
_ANOTHER_ACCOUNT_HELPS: Final = frozenset({50020, 50034, 50055, 50057, 50105, 500208, 53003, 90094})


class SignInPages:
    """Shows the page of each step and takes in what comes back from it."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def begin(self, asked: AuthorizeRequest) -> Response:
        """The first page, or at once the answer to the application."""
        simulator = self._simulator
        interaction = Interaction(asked)
        step = self._next(interaction)
        if asked.prompt == "none":
            refused = silent_refusal(step, asked.client_id)
            if refused is not None:
                return reply_with_error(simulator, asked.reply, refused)
        if isinstance(step, SignedIn):
            return reply_with_success(simulator, asked, step)
        return self._show(simulator.interactions.begin(interaction), interaction, step)

    def go_on(self, handle: str, interaction: Interaction) -> Response:
        """Takes in a page's form; each kind of page has its own button or field."""
        form = request.form
        if "cancel" in form:
            self._simulator.interactions.finish(handle)
            return self._tell(interaction.request, refusal(65004))
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
            self._consent(interaction.request.client_id, step, for_everybody="on_behalf" in form)
            interaction = replace(interaction, consented=True)
        if "accept" in form and isinstance(step, AskAdminConsent):
            interaction = replace(interaction, consented=True)
        return self._ask_again(handle, interaction)

    def _consent(self, client_id: str, step: AskConsent, *, for_everybody: bool) -> None:
        directory = self._simulator.directory
        if for_everybody and step.may_grant:
            directory.grant_for_everybody(client_id, step.user.tenant_id, step.scopes)
        else:
            directory.consent(client_id, step.user, step.scopes)

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
        if isinstance(step, AdminConsented):
            self._simulator.interactions.finish(handle)
            return self._granted(interaction.request, step)
        self._simulator.interactions.update(handle, interaction)
        return self._show(handle, interaction, step)

    def _granted(self, asked: AuthorizeRequest, end: AdminConsented) -> Response:
        """The tenant has the application now, and the application hears of it."""
        simulator, consent, tenant_id = self._simulator, end.consent, end.user.tenant_id
        forgery = simulator.consent_forgeries.take()
        if forgery is None or forgery.granted:
            simulator.directory.grant_for_everybody(asked.client_id, tenant_id, consent.delegated, consent.application)
        return consent_given(asked.reply, consent, tenant_id, forgery)

    def _tell(self, asked: AuthorizeRequest, error: EntraError) -> Response:
        if asked.admin_consent is not None:
            return consent_refused(self._simulator, asked.reply, asked.admin_consent.version, error)
        return reply_with_error(self._simulator, asked.reply, error)

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
            case AskConsent(account, user, scopes, may_grant):
                return page(
                    "consent.html", account=account, user=user, scopes=sorted(scopes), may_grant=may_grant, **said
                )
            case AskAdminConsent(account, user, consent):
                said["tenant"] = self._simulator.directory.tenant(user.tenant_id)
                return page("admin_consent.html", account=account, user=user, consent=consent, **said)
            case AdminConsented():
                return self._granted(asked, step)
            case Refuse(refused):
                return self._stop(interaction, refused)
            case SignedIn():
                return reply_with_success(self._simulator, asked, step)

    def _stop(self, interaction: Interaction, error: EntraError) -> Response:
        """Ends on a page; some of them lead to another account, and the one about approval back to the application."""
        asked = interaction.request
        if asked.admin_consent is not None and error.code == 50020:  # Observed to come back (entra-id reference 2.2).
            return self._tell(asked, error)
        helps = error.code in _ANOTHER_ACCOUNT_HELPS
        return error_page(
            error,
            another_account_url=self._again(asked) if helps else "",
            return_url=self._return(asked, error) if error.code == 90094 else "",
        )

    def _again(self, asked: AuthorizeRequest) -> str:
        """The same question to whoever the person picks."""
        consent = asked.admin_consent
        again: dict[str, str | None] = {
            "client_id": asked.client_id,
            "redirect_uri": asked.reply.redirect_uri,
            "scope": asked.scope,
            "state": asked.reply.state,
        }
        if consent is not None:
            path = "adminconsent" if consent.version == 1 else "v2.0/adminconsent"
        else:
            path = "oauth2/v2.0/authorize"
            again |= {
                "response_type": " ".join(sorted(asked.response_types)),
                "response_mode": asked.reply.response_mode,
                "nonce": asked.nonce,
                "code_challenge": asked.challenge,
                "code_challenge_method": asked.challenge_method if asked.challenge else None,
            }
        query = urlencode({name: value for name, value in again.items() if value is not None})
        return f"/{asked.authority.segment}/{path}?{query}&prompt=select_account"

    def _return(self, asked: AuthorizeRequest, error: EntraError) -> str:
        """ "Return without granting": the person may tell the application, which otherwise hears nothing."""
        if asked.admin_consent is None:
            return ""
        said = refused_pairs(self._simulator, asked.reply, asked.admin_consent.version, error)
        return address_of(asked.reply, said)

    def _people(self, interaction: Interaction) -> list[User]:
        """The accounts a developer may want here: those with a user object at this authority."""
        directory, authority = self._simulator.directory, interaction.request.authority
        accounts = [user for user in directory.users() if user.home is None and not user.deleted]
        if authority.tenant is None:
            return accounts
        return [account for account in accounts if directory.member_at(authority, account)]
