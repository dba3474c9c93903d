"""The sign-in page, the start page, and signing out."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from broker.doors import door, harmless
from broker.login import LoginFlow
from broker.organizations import Organizations
from broker.web import cookies, headers, language
from broker.web.forms import FormTokens, require_form
from broker.web.own_pages import OwnPages, Visitors
from broker.web.steps import current_browser, present_step


def create_blueprint(
    flow: LoginFlow, visitors: Visitors, organizations: Organizations, own: OwnPages, forms: FormTokens
) -> Blueprint:
    """The pages around a sign-in."""
    blueprint = Blueprint("pages", __name__)
    blueprint.before_request(require_form)

    @blueprint.get("/")
    @door("session")
    def home() -> Response:
        present = visitors.present()
        if present is None:
            return make_response(render_template("welcome.html"))
        account = present.account
        headers.allow_form_action(["'self'"])
        organization = organizations.get(account.organization)
        token = forms.token(account)
        return make_response(render_template("home.html", account=account, organization=organization, token=token))

    @blueprint.get("/sign-in")
    @door("session")
    def start() -> Response:
        browser = current_browser()
        return present_step(flow.begin(own.request("home"), browser), browser)

    @blueprint.get("/sign-in/<handle>")
    @harmless("asks for an address")
    def sign_in(handle: str) -> Response:
        return _sign_in_page(handle)

    @blueprint.post("/sign-in/<handle>")
    @door("microsoft")
    def choose(handle: str) -> Response:
        browser = current_browser()
        if request.form.get("action") == "cancel":
            return present_step(flow.cancel(handle, browser), browser)
        email = request.form.get("email", "")
        action = request.form.get("action")
        if action == "organization":  # The button of a page that knows whose organisation signs in with Microsoft.
            email, action = flow.form(handle, browser).email, "email"
        try:
            step = flow.choose(handle, email if action == "email" else "", browser)
        except ValueError:
            return _sign_in_page(handle, email, wrong=True)
        return present_step(step, browser)

    def _sign_in_page(handle: str, email: str | None = None, *, wrong: bool = False) -> Response:
        form = flow.form(handle, current_browser())
        language.prefer(form.ui_locales)
        headers.allow_form_action(headers.ANYWHERE_REGISTERED)
        shown = form.email if email is None else email[:254]
        page = render_template("sign_in.html", form=form, email=shown, wrong=wrong, handle=handle)
        return make_response(page, 400 if wrong else 200)

    @blueprint.post("/sign-out")
    @harmless("ends a session")
    def sign_out() -> Response:
        browser = current_browser()
        present = visitors.present()
        if present is not None:
            forms.require(present.account)
            flow.sign_out(browser)
        response = make_response(redirect(url_for("pages.home"), 303))
        if browser.session_handle is not None:  # It is not sent from another site, which shall sign nobody out (DO-15).
            cookies.clear_session(response)
        return response

    return blueprint
