"""``/{tenant}/oauth2/v2.0/authorize``, and where every page of a sign-in posts to (entra-id reference 1.5, 2.2)."""

from __future__ import annotations

from flask import Blueprint, Response, g, request

from broker.demo.entra.authority import authority_of
from broker.demo.entra.authorize_request import ReplyAddress, prove_reply_address, read_request
from broker.demo.entra.directory import Authority
from broker.demo.entra.errors import EntraError, refusal
from broker.demo.entra.faults import Fault
from broker.demo.entra.pages import error_page
from broker.demo.entra.replies import reply_with_error
from broker.demo.entra.sign_in_pages import SignInPages
from broker.demo.entra.state import Simulator


def authorize_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("authorize", __name__)
    pages = SignInPages(simulator)

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
        try:
            asked = read_request(parameters, authority, reply, simulator.base_url, _granted(authority, reply))
        except EntraError as error:
            return reply_with_error(simulator, reply, error)
        return pages.begin(asked)

    def _granted(authority: Authority, reply: ReplyAddress) -> frozenset[str]:
        if authority.tenant is None:
            return frozenset()
        principal = simulator.directory.service_principal(reply.registration.client_id, authority.tenant.tenant_id)
        return principal.tenant_wide_scopes if principal else frozenset()

    @blueprint.post("/<tenant>/login")
    def login(tenant: str) -> Response:
        """Every page posts here; which button was pressed says what for."""
        handle = request.form.get("ctx", "")
        interaction = simulator.interactions.get(handle)
        if interaction is None or interaction.request.authority.segment != tenant:
            return error_page(refusal(9002313))
        return pages.go_on(handle, interaction)

    return blueprint
