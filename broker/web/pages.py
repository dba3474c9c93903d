"""The sign-in page, the start page, and signing out."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from broker.login import LoginFlow
from broker.organizations import Organizations
from broker.web import cookies, headers, language
from broker.web.forms import FormTokens, require_form
from broker.web.own_pages import OwnPages, Visitors
from broker.web.steps import current_browser, present_step

# A person who signs in at a form goes on to Microsoft and then to the application, and Chromium applies form-action
# to that whole chain of redirects; the application's address may be any registered one, so only the scheme can be
# named. Plain http is registered for loopback addresses alone, and an IPv6 address is no host-source (CSP Level 3,
# section 2.3.1), so that [::1] has to go by its scheme as well.
ANYWHERE_REGISTERED: Final = ("'self'", "https:", "http:")


def create_blueprint(
    flow: LoginFlow, visitors: Visitors, organizations: Organizations, own: OwnPages, forms: FormTokens
) -> Blueprint:
    """The pages around a sign-in."""
    blueprint = Blueprint("pages", __name__)
    blueprint.before_request(require_form)

    @blueprint.get("/")
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
        headers.allow_form_action(ANYWHERE_REGISTERED)
        shown = form.email if email is None else email[:254]
        page = render_template("sign_in.html", form=form, email=shown, wrong=wrong, handle=handle)
        return make_response(page, 400 if wrong else 200)

    @blueprint.post("/sign-out")
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
