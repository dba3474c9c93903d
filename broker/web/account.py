"""The account page: how somebody signs in, their app passwords, and where they are signed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel.speaklater import LazyString

from broker.doors import door, harmless
from broker.errors import LoginFailed
from broker.login import LoginFlow
from broker.login_steps import Present
from broker.membership.app_passwords import MAX_LABEL, MOST, AppPasswords, NewAppPassword
from broker.membership.passwords import Passwords
from broker.membership.policy import Unsuitable
from broker.organizations import Organizations
from broker.web import cookies, headers, new_password
from broker.web.explanations import explain
from broker.web.forms import FormTokens, require_form
from broker.web.origins import told
from broker.web.own_pages import Visitors
from broker.web.password import note_failure
from broker.web.steps import current_browser

_PAGE: Final = "account"


def create_blueprint(
    flow: LoginFlow,
    visitors: Visitors,
    organizations: Organizations,
    passwords: Passwords,
    app_passwords: AppPasswords,
    session_count: Callable[[str], int],
    end_everything: Callable[[str], object],
    forms: FormTokens,
) -> Blueprint:
    """The page and what it changes. ``end_everything`` ends all that an account was given, refresh tokens as well."""
    blueprint = Blueprint("account", __name__, url_prefix="/account")
    blueprint.before_request(require_form)

    @blueprint.get("")
    @harmless("shows an admitted person their own account")
    def show() -> Response:
        present = visitors.require(_PAGE)
        return present if isinstance(present, Response) else _show(present)

    @blueprint.post("/password")
    @door("password_change")
    def change_password() -> Response:
        present = visitors.require(_PAGE)
        if isinstance(present, Response):
            return present
        forms.require(present.account)
        old = request.form.get("password", "")
        try:
            passwords.change(present.admission, present.account, old, new_password.read(), request.remote_addr)
        except Unsuitable as error:
            return _show(present, new_fault=new_password.fault(error.why))
        except LoginFailed as error:
            note_failure(error)
            return _show(present, old_is_wrong=True)
        # All that was open has ended, this session as well.
        response = make_response(redirect(url_for("password.done"), 303))
        cookies.clear_session(response)
        return response

    @blueprint.post("/app-passwords")
    @door("app_password")
    def add_app_password() -> Response:
        present = visitors.require(_PAGE)
        if isinstance(present, Response):
            return present
        forms.require(present.account)
        made = app_passwords.create(present.admission, present.account, request.form.get("label", ""))
        return _show(present, made=made)

    @blueprint.post("/app-passwords/<app_password_id>/delete")
    @harmless("takes something away")
    def drop_app_password(app_password_id: str) -> Response:
        present = visitors.require(_PAGE)
        if isinstance(present, Response):
            return present
        forms.require(present.account)
        app_passwords.drop(present.admission, present.account, app_password_id)
        return make_response(redirect(url_for("account.show") + "#app-passwords", 303))

    @blueprint.post("/sign-out-everywhere")
    @harmless("takes something away")
    def sign_out_everywhere() -> Response:
        present = visitors.require(_PAGE)
        if isinstance(present, Response):
            return present
        forms.require(present.account)
        end_everything(present.account.id)
        flow.sign_out(current_browser())
        response = make_response(redirect(url_for("pages.home"), 303))
        cookies.clear_session(response)
        return response

    def _show(
        present: Present,
        *,
        new_fault: LazyString | None = None,
        old_is_wrong: bool = False,
        made: NewAppPassword | None = None,
    ) -> Response:
        account = present.account
        headers.allow_form_action(["'self'"])
        organization = organizations.current().get(account.organization)
        federated = organization is None or organization.connection is not None
        page = render_template(
            "account.html",
            account=account,
            session=present.session,
            organization=organization,
            federated=federated,
            address=None if federated else passwords.address_of(account),
            no_password=explain("federated_password"),
            no_carddav=explain("carddav_federated"),
            app_passwords=() if federated else app_passwords.of(account),
            made=made,
            may_add=MOST,
            max_label=MAX_LABEL,
            sessions=session_count(account.id),
            token=forms.token(account),
            new_fault=new_fault,
            old_is_wrong=old_is_wrong,
            told=told(account, lambda _: None),
        )
        return make_response(page, 400 if new_fault or old_is_wrong else 200)

    return blueprint
