"""Graph: service principals and the grants of delegated permissions (entra-id reference 3.4)."""

from __future__ import annotations

import re
import uuid
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, Response, jsonify, make_response, request

from broker.demo.entra.graph_access import (
    READ_APPLICATIONS,
    READ_GRANTS,
    WRITE_GRANTS,
    Caller,
    caller_of,
    not_found,
    organization_only,
)
from broker.demo.entra.graph_errors import GraphError
from broker.demo.entra.model import ServicePrincipal
from broker.demo.entra.state import Simulator

_EQUALS: Final = re.compile(r"(\w+) eq '([^']*)'")


def grants_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("graph_grants", __name__)

    def caller_with(permissions: frozenset[str]) -> Caller:
        caller = caller_of(simulator)
        organization_only(caller)
        caller.require(permissions)
        return caller

    @blueprint.get("/v1.0/oauth2PermissionGrants")
    def grants() -> Response:
        found = _filtered(_grants(simulator, caller_with(READ_GRANTS)))
        return _said(simulator, "oauth2PermissionGrants", {"value": found})

    @blueprint.get("/v1.0/oauth2PermissionGrants/<grant_id>")
    def grant(grant_id: str) -> Response:
        found = _one(_grants(simulator, caller_with(READ_GRANTS)), grant_id)
        return _said(simulator, "oauth2PermissionGrants/$entity", found)

    @blueprint.delete("/v1.0/oauth2PermissionGrants/<grant_id>")
    def withdraw(grant_id: str) -> Response:
        caller = caller_with(WRITE_GRANTS)
        found = _one(_grants(simulator, caller), grant_id)
        (principal,) = [one for one in _installed(simulator, caller) if one.object_id == found["clientId"]]
        if found["principalId"] is None:
            simulator.directory.save_service_principal(replace(principal, tenant_wide_scopes=frozenset()))
        else:
            simulator.directory.revoke_consent(principal.client_id, (caller.tenant.tenant_id, found["principalId"]))
        return make_response("", 204)

    @blueprint.get("/v1.0/servicePrincipals")
    def principals() -> Response:
        caller = caller_with(READ_APPLICATIONS)
        found = _filtered([_principal(simulator, one) for one in _installed(simulator, caller)])
        return _said(simulator, "servicePrincipals", {"value": found})

    @blueprint.get("/v1.0/servicePrincipals(appId='<client_id>')")
    def principal_of(client_id: str) -> Response:
        caller = caller_with(READ_APPLICATIONS)
        for one in _installed(simulator, caller):
            if one.client_id == client_id.lower():
                return _said(simulator, "servicePrincipals/$entity", _principal(simulator, one))
        raise not_found(client_id)

    return blueprint


def _said(simulator: Simulator, what: str, body: dict[str, Any]) -> Response:
    return make_response(jsonify({"@odata.context": f"{simulator.base_url}/v1.0/$metadata#{what}"} | body))


def _installed(simulator: Simulator, caller: Caller) -> list[ServicePrincipal]:
    tenant_id = caller.tenant.tenant_id
    found = simulator.directory.service_principals()
    return [one for one in found if one.tenant_id == tenant_id and one.state != "removed"]


def _principal(simulator: Simulator, principal: ServicePrincipal) -> dict[str, Any]:
    registration = simulator.directory.registration(principal.client_id)
    return {
        "id": principal.object_id,
        "accountEnabled": principal.state == "present",
        "appDisplayName": registration.display_name if registration else None,
        "appId": principal.client_id,
        "appOwnerOrganizationId": registration.home_tenant_id or None if registration else None,
        "appRoleAssignmentRequired": principal.assignment_required,
        "displayName": registration.display_name if registration else None,
        "servicePrincipalType": "Application",
    }


def _grants(simulator: Simulator, caller: Caller) -> list[dict[str, Any]]:
    """The tenant's own for everybody, and those of each person. ``clientId`` is the service principal's object id."""
    found: list[dict[str, Any]] = []
    for principal in _installed(simulator, caller):
        if principal.tenant_wide_scopes:
            found.append(_grant(principal, None, principal.tenant_wide_scopes))
        people = simulator.directory.consents(principal.client_id, principal.tenant_id)
        found += [_grant(principal, oid, scopes) for oid, scopes in people.items()]
    return found


def _grant(principal: ServicePrincipal, oid: str | None, scopes: frozenset[str]) -> dict[str, Any]:
    resource = uuid.uuid5(uuid.UUID(principal.tenant_id), "Microsoft Graph")
    parts = [uuid.UUID(principal.object_id), resource, *([uuid.UUID(oid)] if oid else [])]
    return {
        "id": urlsafe_b64encode(b"".join(part.bytes_le for part in parts)).rstrip(b"=").decode(),
        "clientId": principal.object_id,
        "consentType": "Principal" if oid else "AllPrincipals",
        "principalId": oid,
        "resourceId": str(resource),
        "scope": " ".join(sorted(scopes)),
    }


def _one(grants: list[dict[str, Any]], grant_id: str) -> dict[str, Any]:
    for found in grants:
        if found["id"] == grant_id:
            return found
    raise not_found(grant_id)


def _filtered(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``$filter`` with equalities that are joined by ``and``; raises ``GraphError`` for any other."""
    text = request.args.get("$filter", "").strip()
    if not text:
        return objects
    wanted = [_EQUALS.fullmatch(part.strip()) for part in text.split(" and ")]
    for match in wanted:
        if match is None or any(match.group(1) not in one for one in objects[:1]):
            raise GraphError(400, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause.")
    named = {match.group(1): match.group(2).lower() for match in wanted if match}
    return [one for one in objects if all(str(one.get(name)).lower() == value for name, value in named.items())]
