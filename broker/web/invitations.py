"""Invitations: the administrators' page, and that of the person who was invited."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from broker.doors import door, harmless
from broker.login_steps import Present
from broker.membership.invitations import Invitations
from broker.membership.people import Missing
from broker.membership.policy import Unsuitable
from broker.membership.roles import EDITOR, ROLES
from broker.organizations import Organizations
from broker.web import headers, new_password
from broker.web.explanations import explain
from broker.web.forms import FormTokens, require_form
from broker.web.own_pages import Visitors

_PAGE: Final = "invitations"
_SHOWN: Final = 254

# What the page says after a change; the address bar carries only the word.
_NOTICES: Final = {
    "sent": _("The invitation is on its way. If no letter arrives within a few minutes, send it again."),
    "unsent": _("The invitation stands, but its letter could not be sent. Send it again later."),
    "cancelled": _("The invitation was cancelled. Its link is void."),
}


def create_blueprint(
    visitors: Visitors, organizations: Organizations, invitations: Invitations, forms: FormTokens
) -> Blueprint:
    """Making, cancelling and accepting them."""
    blueprint = Blueprint("invitations", __name__)
    blueprint.before_request(require_form)

    @blueprint.get("/co-workers/invitations")
    @harmless("shows an administrator the open invitations")
    def listing() -> Response:
        present = visitors.require_administrator(_PAGE)
        return present if isinstance(present, Response) else _listing(present)

    @blueprint.post("/co-workers/invitations")
    @door("invitation")
    def invite() -> Response:
        present = visitors.require_administrator(_PAGE)
        if isinstance(present, Response):
            return present
        forms.require(present.account)
        email, role = request.form.get("email", ""), request.form.get("role", EDITOR)
        try:
            sent = invitations.invite(present.admission, present.account, email, role, request.remote_addr)
        except ValueError:
            return _listing(present, email[:_SHOWN])
        return _back("sent" if sent.sent else "unsent")

    @blueprint.post("/co-workers/invitations/<invitation_id>/again")
    @door("invitation")
    def resend(invitation_id: str) -> Response:
        present = visitors.require_administrator(_PAGE)
        if isinstance(present, Response):
            return present
        forms.require(present.account)
        sent = invitations.resend(present.admission, present.account, invitation_id, request.remote_addr)
        return _back("sent" if sent.sent else "unsent")

    @blueprint.post("/co-workers/invitations/<invitation_id>/cancel")
    @harmless("takes something away")
    def cancel(invitation_id: str) -> Response:
        present = visitors.require_administrator(_PAGE)
        if isinstance(present, Response):
            return present
        forms.require(present.account)
        invitations.cancel(present.admission, present.account, invitation_id)
        return _back("cancelled")

    def _listing(present: Present, wrong: str | None = None) -> Response:
        headers.allow_form_action(["'self'"])
        organization = organizations.current().get(present.account.organization)
        federated = organization is None or organization.connection is not None
        page = render_template(
            "invitations.html",
            account=present.account,
            organization=organization,
            federated=federated,
            why=(explain("federated_invitations"), explain("federated_external_invitations")),
            open=() if federated else invitations.standing(present.admission, present.account),
            roles=ROLES,
            usual_role=EDITOR,
            wrong=wrong,
            notice=_NOTICES.get(request.args.get("notice", "")),
            token=forms.token(present.account),
        )
        return make_response(page, 400 if wrong is not None else 200)

    @blueprint.get("/invitations/<token>")
    @door("invitation_link")
    def offer(token: str) -> Response:
        return _offer(token)

    @blueprint.post("/invitations/<token>")
    @door("invitation_link")
    def accept(token: str) -> Response:
        first, last = request.form.get("first_name", ""), request.form.get("last_name", "")
        try:
            invitations.accept(token, first, last, new_password.read(), request.remote_addr)
        except Missing as error:
            return _offer(token, missing=error.field)
        except Unsuitable as error:
            return _offer(token, fault=new_password.fault(error.why))
        return make_response(redirect(url_for("invitations.welcome"), 303))

    def _offer(token: str, *, missing: str | None = None, fault: LazyString | None = None) -> Response:
        offered = invitations.offer(token, request.remote_addr)
        headers.allow_form_action(["'self'"])
        names = {name: request.form.get(name, "")[:_SHOWN] for name in ("first_name", "last_name")}
        page = render_template(
            "invitation.html", offer=offered, token=token, names=names, missing=missing, fault=fault
        )
        return make_response(page, 400 if missing or fault else 200)

    @blueprint.get("/account-made")
    @harmless("says that an account was made, to anybody")
    def welcome() -> Response:
        return make_response(render_template("account_made.html"))

    return blueprint


def _back(notice: str) -> Response:
    return make_response(redirect(url_for("invitations.listing", notice=notice), 303))
