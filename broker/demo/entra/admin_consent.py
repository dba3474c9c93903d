"""``/{tenant}/adminconsent`` and ``/{tenant}/v2.0/adminconsent`` (entra-id reference 3.1, 3.2)."""

from __future__ import annotations

from flask import Blueprint, Response, g, request

from broker.demo.entra.admin_consent_answer import consent_refused
from broker.demo.entra.admin_consent_request import Version, prove_consent_address, read_consent
from broker.demo.entra.authority import authority_of
from broker.demo.entra.errors import EntraError
from broker.demo.entra.faults import Fault
from broker.demo.entra.pages import error_page
from broker.demo.entra.sign_in_pages import SignInPages
from broker.demo.entra.state import Simulator


def admin_consent_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("admin_consent", __name__)
    pages = SignInPages(simulator)

    @blueprint.get("/<tenant>/adminconsent")
    def first_version(tenant: str) -> Response:
        return _ask(tenant, 1)

    @blueprint.get("/<tenant>/v2.0/adminconsent")
    def second_version(tenant: str) -> Response:
        return _ask(tenant, 2)

    def _ask(tenant: str, version: Version) -> Response:
        try:
            authority = authority_of(simulator, tenant)
            reply = prove_consent_address(request.args, authority, simulator.directory, version)
        except EntraError as error:
            return error_page(error)
        ordered: Fault | None = g.pop("fault", None)
        if ordered is not None and ordered.is_refusal:
            refused = ordered.refusal()
            if ordered.shape == "page":
                return error_page(refused)
            return consent_refused(simulator, reply, version, refused)
        try:
            asked = read_consent(request.args, authority, reply, simulator.base_url, version)
        except EntraError as error:
            return consent_refused(simulator, reply, version, error)
        return pages.begin(asked)

    return blueprint
