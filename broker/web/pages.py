"""The broker's own pages: the sign-in page, the start page, Co-workers, and signing out."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.exceptions import UnsupportedMediaType

from broker.admission import Admission
from broker.errors import BadRequest, PartyError
from broker.identity import Account
from broker.login import LoginFlow
from broker.messages import LoginRequest, LoginResult, Redirect, Reply
from broker.organizations import Organizations
from broker.store.directory import Directory
from broker.web import cookies, headers, language
from broker.web.steps import current_browser, present_step

# A person who signs in at a form goes on to Microsoft and then to the application, and Chromium applies form-action
# to that whole chain of redirects; the application's address may be any registered one, so only the scheme can be
# named. Plain http is registered for loopback addresses alone, and an IPv6 address is no host-source (CSP Level 3,
# section 2.3.1), so that [::1] has to go by its scheme as well.
_ANYWHERE_REGISTERED: Final = ("'self'", "https:", "http:")

# A page that stays open longer than a session may last must be loaded again before its buttons work.
_FORM_TOKEN_SECONDS: Final = 12 * 3600

PAGE_SIZE: Final = 50


class OwnPages:
    """The responder for our own pages: after the sign-in the person sees the page that was asked for.

    The reply is one of a fixed set of page names, never an address from the request (threats WE-08).
    """

    name = "pages"

    _PAGES: Final = ("home", "co_workers")

    def request(self, page: str) -> LoginRequest:
        """The login request for one of our pages."""
        if page not in self._PAGES:
            raise ValueError("not one of our pages")
        return LoginRequest(responder=self.name, party="pobuca-broker", party_name="Pobuca", reply=page)

    def reply(self, result: LoginResult) -> Reply:
        return Redirect(url_for(f"pages.{result.request.reply}"))

    def refuse(self, request: LoginRequest, error: PartyError) -> Reply:  # noqa: ARG002 - the port's signature
        return Redirect(url_for("pages.home"))

    def session_ended(self, sid: str) -> None:
        """Nothing: our pages look at the session each time."""


def create_blueprint(
    flow: LoginFlow, organizations: Organizations, directory: Directory, own: OwnPages, form_key: bytes
) -> Blueprint:
    """Every page of ours. ``form_key`` signs the tokens of forms that change something (threats DO-15)."""
    blueprint = Blueprint("pages", __name__)
    tokens = URLSafeTimedSerializer(form_key, salt="form")

    @blueprint.before_request
    def form_only() -> None:
        if request.method == "POST" and request.mimetype != "application/x-www-form-urlencoded":
            raise UnsupportedMediaType  # Threats WE-09.

    @blueprint.get("/")
    def home() -> Response:
        who = flow.who(current_browser())
        if who is None:
            return make_response(render_template("welcome.html"))
        _, account = who
        headers.allow_form_action(["'self'"])
        organization = organizations.get(account.organization)
        token = tokens.dumps(account.id)
        return make_response(render_template("home.html", account=account, organization=organization, token=token))

    @blueprint.get("/sign-in")
    def start() -> Response:
        browser = current_browser()
        return present_step(flow.begin(own.request("home"), browser), browser)

    @blueprint.get("/sign-in/<handle>")
    def sign_in(handle: str) -> Response:
        return _sign_in_page(handle)

    @blueprint.post("/sign-in/<handle>")
    def choose(handle: str) -> Response:
        browser = current_browser()
        if request.form.get("action") == "cancel":
            return present_step(flow.cancel(handle, browser), browser)
        email = request.form.get("email", "")
        try:
            step = flow.choose(handle, email if request.form.get("action") == "email" else "", browser)
        except ValueError:
            return _sign_in_page(handle, email, wrong=True)
        return present_step(step, browser)

    def _sign_in_page(handle: str, email: str | None = None, *, wrong: bool = False) -> Response:
        form = flow.form(handle, current_browser())
        language.prefer(form.ui_locales)
        headers.allow_form_action(_ANYWHERE_REGISTERED)
        shown = form.email if email is None else email[:254]
        page = render_template("sign_in.html", form=form, email=shown, wrong=wrong, handle=handle)
        return make_response(page, 400 if wrong else 200)

    @blueprint.get("/co-workers")
    def co_workers() -> Response:
        browser = current_browser()
        who = flow.who(browser)
        if who is None:
            return present_step(flow.begin(own.request("co_workers"), browser), browser)
        _, account = who
        after = _page_start()
        people = directory.accounts(account.organization, after=after, limit=PAGE_SIZE + 1)
        return make_response(
            render_template(
                "co_workers.html",
                account=account,
                organization=organizations.get(account.organization),
                people=people[:PAGE_SIZE],
                following=people[PAGE_SIZE - 1] if len(people) > PAGE_SIZE else None,
            )
        )

    @blueprint.get("/co-workers/<account_id>/photo")
    def photo(account_id: str) -> Response:
        who = flow.who(current_browser())
        person = directory.account(account_id) if who else None
        # A co-worker of another organisation is as unknown as one who does not exist (threats DO-22).
        if who is None or person is None or person.organization != who[1].organization:
            abort(404)
        stored = directory.photo(account_id)
        if stored is None:
            abort(404)
        response = make_response(stored[1])
        response.headers["Content-Type"] = stored[0]
        response.headers["Cache-Control"] = "private, max-age=300"
        return response

    @blueprint.post("/sign-out")
    def sign_out() -> Response:
        browser = current_browser()
        who = flow.who(browser)
        if who is not None:
            _require_form_token(tokens, who)
            flow.sign_out(browser)
        response = make_response(redirect(url_for("pages.home"), 303))
        if browser.session_handle is not None:  # It is not sent from another site, which shall sign nobody out (DO-15).
            cookies.clear_session(response)
        return response

    return blueprint


def _require_form_token(tokens: URLSafeTimedSerializer, who: tuple[Admission, Account]) -> None:
    try:
        belongs_to = tokens.loads(request.form.get("token", ""), max_age=_FORM_TOKEN_SECONDS)
    except BadSignature as error:
        raise BadRequest("csrf", "form token") from error
    if belongs_to != who[1].id:
        raise BadRequest("csrf", "form token of another account")


def _page_start() -> tuple[str, str] | None:
    name, account_id = request.args.get("after", ""), request.args.get("id", "")
    return (name[:256], account_id[:64]) if name and account_id else None


