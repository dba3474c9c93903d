"""Graph: ``/me``, ``/users/{id}``, ``/organization`` and the UserInfo endpoint (entra-id reference 1.10, 4.1, 4.3)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, make_response, request

from broker.demo.entra.graph_access import READ_ORGANIZATION, READ_SELF, caller_of, user_named
from broker.demo.entra.graph_errors import GraphError
from broker.demo.entra.graph_properties import DEFAULT, selected_properties, values
from broker.demo.entra.id_token import pairwise_subject
from broker.demo.entra.model import Tenant, User
from broker.demo.entra.state import Simulator


def users_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("graph_users", __name__)

    @blueprint.get("/v1.0/me")
    def me() -> Response:
        caller = caller_of(simulator)
        person = caller.person()
        caller.require(READ_SELF)
        return _entity(simulator, person)

    @blueprint.get("/v1.0/users/<name>")
    def user(name: str) -> Response:
        return _entity(simulator, user_named(simulator, caller_of(simulator), name))

    @blueprint.get("/v1.0/organization")
    def organization() -> Response:
        caller = caller_of(simulator)
        if caller.tenant.is_consumer:
            raise GraphError(403, "Authorization_RequestDenied", "Personal accounts have no organization.")
        caller.require(READ_SELF | READ_ORGANIZATION)
        described = _organization(caller.tenant, complete=caller.may(READ_ORGANIZATION))
        context = f"{simulator.base_url}/v1.0/$metadata#organization"
        return make_response(jsonify({"@odata.context": context, "value": [described]}))

    @blueprint.route("/oidc/userinfo", methods=["GET", "POST"])
    def userinfo() -> Response:
        caller = caller_of(simulator)
        person = caller.person()
        caller.require(frozenset({"openid"}))
        scopes = caller.authorization.scopes
        said: dict[str, Any] = {
            "sub": pairwise_subject(caller.authorization.client_id, person.tenant_id, person.oid),
        }
        if "profile" in scopes:
            said |= {
                "name": person.display_name,
                "family_name": person.surname,
                "given_name": person.given_name,
                "picture": f"{simulator.base_url}/v1.0/me/photo/$value",
            }
        if "email" in scopes:
            said["email"] = person.mail
        return make_response(jsonify({name: value for name, value in said.items() if value is not None}))

    return blueprint


def _entity(simulator: Simulator, user: User) -> Response:
    selected = request.args.get("$select")
    metadata = f"{simulator.base_url}/v1.0/$metadata#users"
    if selected is None:
        return make_response(jsonify({"@odata.context": f"{metadata}/$entity"} | values(user, DEFAULT)))
    names = selected_properties(selected)
    return make_response(jsonify({"@odata.context": f"{metadata}({','.join(names)})/$entity"} | values(user, names)))


def _organization(tenant: Tenant, *, complete: bool) -> dict[str, Any]:
    """With ``User.Read`` alone everything but id, name and domains is null (entra-id reference 4.3)."""
    return {
        "id": tenant.tenant_id,
        "displayName": tenant.display_name,
        "verifiedDomains": [
            {
                "capabilities": "Email, OfficeCommunicationsOnline",
                "isDefault": domain.is_default,
                "isInitial": domain.is_initial,
                "name": domain.name,
                "type": "Managed",
            }
            for domain in tenant.domains
        ],
        "countryLetterCode": tenant.country if complete else None,
        "tenantType": "AAD" if complete else None,
        "businessPhones": None,
        "city": None,
        "preferredLanguage": None,
        "technicalNotificationMails": None,
    }
