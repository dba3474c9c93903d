"""The pages of the break-glass: coming in while it is open, and the passkeys of the people named for it.

Where nobody is named, and while no window is open, they are not there.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from broker.clock import Clock
from broker.doors import door, harmless
from broker.errors import BadRequest, BrokerError
from broker.glass.entry import GlassEntry
from broker.glass.windows import REMIND_AFTER, Windows
from broker.login import LoginFlow
from broker.login_steps import Present
from broker.messages import UpstreamAnswer
from broker.organizations import BREAK_GLASS
from broker.web import error_pages, headers
from broker.web.forms import FormTokens, require_form
from broker.web.own_pages import OwnPages, Visitors
from broker.web.steps import current_browser, note_sign_in, present_step

# Our own state has 43 characters.
_MAX_STATE: Final = 128

def create_blueprint(
    *,
    flow: LoginFlow,
    own: OwnPages,
    visitors: Visitors,
    forms: FormTokens,
    windows: Windows,
    entry: GlassEntry,
    clock: Clock,
) -> Blueprint:
    """``/break-glass`` and below. No page links there: the operator gives the address."""
    blueprint = Blueprint("break_glass", __name__, url_prefix="/break-glass")
    blueprint.before_request(require_form)

    # -- coming in --------------------------------------------------------------------------------------------

    @blueprint.get("")
    @harmless("says what the break-glass is, while one is open")
    def start() -> Response:
        _require(windows.is_open_somewhere())
        headers.allow_form_action(["'self'"])
        return make_response(render_template("break_glass.html"))

    @blueprint.post("")
    @harmless("begins a sign-in that asks for a passkey")
    def begin() -> Response:
        _require(windows.is_open_somewhere())
        browser = current_browser()
        return present_step(flow.begin_through(own.request("home"), BREAK_GLASS, browser), browser)

    @blueprint.get("/passkey")
    @harmless("asks for a passkey")
    def passkey() -> Response:
        state = request.args.get("state", "")
        _require_waiting(state)
        headers.allow_form_action(["'self'"])
        headers.allow_own_scripts()
        return make_response(render_template("break_glass_passkey.html", state=state, offer=entry.offer(state)))

    @blueprint.post("/passkey")
    @door("break_glass")
    def come_in() -> Response:
        state = request.form.get("state", "")
        browser = current_browser()
        try:
            _require_waiting(state)
            proof = entry.prove(state, request.form.get("challenge", ""), request.form.get("answer", ""))
        except BrokerError as error:
            return error_pages.page(error, retry=url_for("break_glass.start"))
        step = flow.finish(UpstreamAnswer(state=state, code=proof), browser)
        note_sign_in(step)
        return present_step(step, browser)

    def _require_waiting(state: str) -> None:
        """Raises unless a sign-in through the break-glass waits under this state in this very browser."""
        _require(windows.is_open_somewhere())
        if len(state) > _MAX_STATE:
            raise BadRequest("size", "state")
        if flow.waiting(state, current_browser()).connection != BREAK_GLASS:
            raise BadRequest("transaction", "a sign-in of another connection")

    # -- the named people's own pages -------------------------------------------------------------------------

    def _named(page: str) -> Present | Response:
        _require(windows.exists_somewhere())
        present = visitors.require(page, fresh=True)
        if not isinstance(present, Response):
            entry.require_named(present)
        return present

    @blueprint.get("/passkeys")
    @harmless("shows a named person their own passkeys")
    def passkeys() -> Response:
        present = _named("passkeys")
        return present if isinstance(present, Response) else _passkeys_page(present)

    @blueprint.post("/passkeys")
    @door("passkey")
    def register() -> Response:
        present = _named("passkeys")
        if isinstance(present, Response):
            return present
        forms.require(present.account)
        name = request.form.get("name", "")
        try:
            entry.register(present, request.form.get("challenge", ""), request.form.get("answer", ""), name)
        except ValueError:
            return _passkeys_page(present, name[:64], wrong=True)
        return _back()

    @blueprint.post("/passkeys/remove")
    @harmless("takes a passkey away")
    def remove() -> Response:
        present = _named("passkeys")
        if isinstance(present, Response):
            return present
        forms.require(present.account)
        entry.remove(present, request.form.get("credential", ""))
        return _back()

    @blueprint.get("/rehearse")
    @harmless("asks a named person for their passkey")
    def rehearse() -> Response:
        present = _named("rehearse")
        if isinstance(present, Response):
            return present
        if not entry.passkeys(present.account):
            return _back()
        headers.allow_form_action(["'self'"])
        headers.allow_own_scripts()
        token = forms.token(present.account)
        page = render_template(
            "break_glass_rehearse.html", account=present.account, token=token, offer=entry.offer_rehearsal(present)
        )
        return make_response(page)

    @blueprint.post("/rehearse")
    @harmless("notes that a named person's passkey works; opens nothing")
    def rehearsed() -> Response:
        present = _named("rehearse")
        if isinstance(present, Response):
            return present
        forms.require(present.account)
        try:
            entry.rehearse(present, request.form.get("challenge", ""), request.form.get("answer", ""))
        except BrokerError as error:
            return error_pages.page(error, retry=url_for("break_glass.rehearse"))
        return _back(rehearsed="1")

    def _passkeys_page(present: Present, name: str = "", *, wrong: bool = False) -> Response:
        headers.allow_form_action(["'self'"])
        headers.allow_own_scripts()
        own_passkeys = entry.passkeys(present.account)
        oldest = clock.now() - REMIND_AFTER
        page = render_template(
            "break_glass_passkeys.html",
            account=present.account,
            passkeys=own_passkeys,
            due=all(each.rehearsed_at is None or each.rehearsed_at < oldest for each in own_passkeys),
            rehearsed=request.args.get("rehearsed") == "1",
            token=forms.token(present.account),
            offer=entry.offer_registration(present),
            name=name,
            wrong=wrong,
        )
        return make_response(page, 400 if wrong else 200)

    return blueprint


def _back(rehearsed: str | None = None) -> Response:
    return make_response(redirect(url_for("break_glass.passkeys", rehearsed=rehearsed), 303))


def _require(there: bool) -> None:
    if not there:
        abort(404)
