"""The page of Pobuca's own sign-in, and the way to a new password for somebody who forgot theirs."""

from __future__ import annotations

from typing import Final

import structlog
from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from broker import tracing
from broker.doors import door, harmless
from broker.errors import BadRequest, LoginFailed, SsoRequired, TooMany
from broker.login import LoginFlow
from broker.membership.passwords import Passwords
from broker.membership.policy import Unsuitable
from broker.membership.proofs import Proofs
from broker.membership.resets import Resets
from broker.messages import UpstreamAnswer
from broker.web import error_pages, headers, language, new_password
from broker.web.forms import require_form
from broker.web.steps import current_browser, note_sign_in, present_step

# An address has 254 octets; what is longer is shortened before it is shown again.
_SHOWN: Final = 254
_STATE: Final = 128

_log = structlog.get_logger()


def create_blueprint(flow: LoginFlow, passwords: Passwords, proofs: Proofs, resets: Resets) -> Blueprint:
    """The pages for people without a session."""
    blueprint = Blueprint("password", __name__)
    blueprint.before_request(require_form)

    @blueprint.get("/sign-in/password")
    @door("password")
    def show() -> Response:
        return _page(_state(request.args.getlist("state")))

    @blueprint.post("/sign-in/password")
    @door("password", "half_finished")
    def prove() -> Response:
        state = _state(request.form.getlist("state"))
        browser = current_browser()
        form = flow.password_form(state, browser)
        language.prefer(form.ui_locales)
        if request.form.get("action") == "back":
            return make_response(redirect(url_for("pages.sign_in", handle=flow.reopen(state, browser)), 303))
        email = request.form.get("email", "")
        try:
            account = passwords.prove(email, request.form.get("password", ""), request.remote_addr)
        except ValueError:
            return _page(state, email, fault="address")
        except TooMany as error:
            return error_pages.page(error, retry=url_for("password.show", state=state))
        except SsoRequired as error:
            handle = flow.reopen(state, browser, email)
            way = error_pages.Microsoft(url_for("pages.choose", handle=handle), "organization")
            return error_pages.page(error, microsoft=way)
        except LoginFailed as error:
            note_failure(error)
            tracing.check("upstream", "password", "refused", detail=error.reason)
            return _page(state, email, fault="wrong")
        step = flow.finish(UpstreamAnswer(state, proofs.leave(state, account.id)), browser)
        note_sign_in(step)
        return present_step(step, browser)

    def _page(state: str, email: str | None = None, *, fault: str | None = None) -> Response:
        form = flow.password_form(state, current_browser())
        language.prefer(form.ui_locales)
        headers.allow_form_action(headers.ANYWHERE_REGISTERED)
        shown = form.email if email is None else email[:_SHOWN]
        page = render_template("password.html", form=form, state=state, email=shown, fault=fault)
        return make_response(page, 400 if fault else 200)

    @blueprint.get("/reset")
    @harmless("asks for an address")
    def forgotten() -> Response:
        return _forgotten()

    @blueprint.post("/reset")
    @door("password_reset")
    def send() -> Response:
        email = request.form.get("email", "")
        try:
            resets.request(email, request.remote_addr)
        except ValueError:
            return _forgotten(email[:_SHOWN])
        headers.allow_form_action(["'self'"])
        return make_response(render_template("reset_sent.html"))

    def _forgotten(email: str | None = None) -> Response:
        headers.allow_form_action(["'self'"])
        page = render_template("reset.html", email=email or "", wrong=email is not None)
        return make_response(page, 400 if email is not None else 200)

    @blueprint.get("/reset/<token>")
    @door("password_reset_link")
    def link(token: str) -> Response:
        return _link(token)

    @blueprint.post("/reset/<token>")
    @door("password_reset_link")
    def redeem(token: str) -> Response:
        try:
            resets.redeem(token, new_password.read(), request.remote_addr)
        except Unsuitable as error:
            return _link(token, error.why)
        return make_response(redirect(url_for("password.done"), 303))

    def _link(token: str, fault: str | None = None) -> Response:
        address = resets.person(token, request.remote_addr)
        headers.allow_form_action(["'self'"])
        page = render_template("reset_link.html", address=address, token=token, fault=new_password.fault(fault))
        return make_response(page, 400 if fault else 200)

    @blueprint.get("/password-set")
    @harmless("says that a password was set, to anybody")
    def done() -> Response:
        return make_response(render_template("password_set.html"))

    return blueprint


def note_failure(error: LoginFailed) -> None:
    """Logs a wrong password once: as a refusal of rule 0 where that is what it was (threats FE-01)."""
    event = "enforcement_denied" if isinstance(error.__cause__, SsoRequired) else "web_rejected"
    _log.warning(event, reason=error.reason, detail=error.detail, code=error.code, src=request.remote_addr)


def _state(values: list[str]) -> str:
    if len(values) != 1 or not 0 < len(values[0]) <= _STATE:
        raise BadRequest("state", "no state")
    return values[0]
