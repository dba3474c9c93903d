"""The proof of enforcement for administrators: every door of this broker, tried for their organisation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from flask import Blueprint, Response, make_response, render_template
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from broker.doors import harmless
from broker.errors import TooMany
from broker.organizations import Organizations
from broker.proving.report import Report
from broker.store.state import StateStore
from broker.web import headers
from broker.web.forms import FormTokens, require_form
from broker.web.own_pages import Visitors

Prove = Callable[[str, str], Report]
"""The report on an organisation, asked for by an account: names of both."""

# A proof is some forty requests; nobody needs one a second.
_PAUSE: Final = timedelta(seconds=30)

DOORS: Final[Mapping[str, LazyString]] = {
    "microsoft": _("Sign in through another upstream or another directory"),
    "password": _("Sign in with the Pobuca password"),
    "password_reset": _("Ask for a new password by mail"),
    "password_reset_link": _("Use a link for a new password"),
    "password_change": _("Choose another Pobuca password while signed in"),
    "invitation": _("Invite somebody"),
    "invitation_link": _("Use the link of an invitation"),
    "co_workers": _("Administer users here"),
    "app_password": _("Make an app password"),
    "app_password_check": _("Sign in to CardDAV with an app password"),
    "session": _("Go on with a session from before"),
    "authorization_code": _("Redeem a code from before in an application"),
    "refresh_token": _("Use a refresh token from before in an application"),
    "access_token": _("Use an access token from before in an application"),
    "introspection": _("Have such a token reported as good"),
    "half_finished": _("Finish a sign-in that was begun before"),
    "connecting": _("Connect the organisation with another directory"),
    "break_glass": _("Come in through the break-glass"),
    "passkey": _("Register a passkey"),
}
VERDICTS: Final[Mapping[str, LazyString]] = {
    "shut": _("shut"),
    "allowed": _("as it should be"),
    "open": _("open"),
    "untried": _("not tried"),
}


def create_blueprint(
    visitors: Visitors, organizations: Organizations, state: StateStore, forms: FormTokens, prove: Prove
) -> Blueprint:
    """The page, and the button on it."""
    blueprint = Blueprint("proving", __name__, url_prefix="/settings/security/doors")
    blueprint.before_request(require_form)

    @blueprint.get("")
    @harmless("asks an administrator whether to try the doors")
    def ask() -> Response:
        return _page(None)

    @blueprint.post("")
    @harmless("tries the doors and opens none")
    def run() -> Response:
        present = visitors.require_administrator("doors")
        if isinstance(present, Response):
            return present
        forms.require(present.account)
        name = present.account.organization
        if not state.add_if_absent("proof", name, b"1", _PAUSE):
            raise TooMany("rate", "proof", retry_after_seconds=int(_PAUSE.total_seconds()))
        return _page(prove(name, present.account.id))

    def _page(report: Report | None) -> Response:
        present = visitors.require_administrator("doors")
        if isinstance(present, Response):
            return present
        headers.allow_form_action(["'self'"])
        organization = organizations.current().get(present.account.organization)
        return make_response(
            render_template(
                "doors.html",
                account=present.account,
                organization=organization,
                federated=organization is not None and organization.connection is not None,
                report=report,
                doors=DOORS,
                verdicts=VERDICTS,
                token=forms.token(present.account),
            )
        )

    return blueprint
