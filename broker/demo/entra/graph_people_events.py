"""Graph: the recycle bin of people, and revoking their sessions (entra-id reference 4.7)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, make_response, request

from broker.demo.entra.graph_access import (
    READ_FULLY,
    REVOKE_SESSIONS,
    Caller,
    caller_of,
    not_found,
    organization_only,
    user_there,
)
from broker.demo.entra.graph_errors import GraphError
from broker.demo.entra.graph_properties import DEFAULT, moment_text, selected_properties, values
from broker.demo.entra.model import User
from broker.demo.entra.state import Simulator
from broker.demo.entra.timing import moment_of


def people_events_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("graph_people_events", __name__)

    @blueprint.get("/v1.0/directory/deletedItems", defaults={"kind": None})
    @blueprint.get("/v1.0/directory/deletedItems/<kind>")
    def deleted_items(kind: str | None) -> Response:
        caller = caller_of(simulator)
        organization_only(caller)
        caller.require(READ_FULLY)
        if kind is None:
            raise GraphError(400, "Request_BadRequest", "The resource collection must be cast to a type.")
        if kind.lower() == "microsoft.graph.user":
            context = f"{simulator.base_url}/v1.0/$metadata#users"
            return make_response(
                jsonify({"@odata.context": context, "value": [_deleted(user) for user in _bin(simulator, caller)]})
            )
        for user in _bin(simulator, caller):
            if user.oid == kind.lower():
                context = f"{simulator.base_url}/v1.0/$metadata#directoryObjects/$entity"
                return make_response(
                    jsonify({"@odata.context": context, "@odata.type": "#microsoft.graph.user"} | _deleted(user))
                )
        raise not_found(kind)

    @blueprint.post("/v1.0/me/revokeSignInSessions", defaults={"name": None})
    @blueprint.post("/v1.0/users/<name>/revokeSignInSessions")
    def revoke_sign_in_sessions(name: str | None) -> Response:
        caller = caller_of(simulator)
        person = caller.person() if name is None else None
        caller.require(REVOKE_SESSIONS)
        user = person or user_there(simulator, caller, name or "")
        if user.home is None:  # It has no effect on guests, whose sessions are their home tenant's.
            simulator.directory.revoke_sessions(user, moment_of())
        context = f"{simulator.base_url}/v1.0/$metadata#Edm.Boolean"
        return make_response(jsonify({"@odata.context": context, "value": True}))

    return blueprint


def _bin(simulator: Simulator, caller: Caller) -> list[User]:
    return [user for user in simulator.directory.users() if user.deleted and user.tenant_id == caller.tenant.tenant_id]


def _deleted(user: User) -> dict[str, Any]:
    """``deletedDateTime`` is a property that only these have."""
    names = [name for name in request.args.get("$select", "").split(",") if name.strip()]
    own = [name for name in names if name.strip().lower() != "deleteddatetime"]
    said = values(user, selected_properties(",".join(own)) if names else DEFAULT)
    if not names or len(own) < len(names):
        said["deletedDateTime"] = moment_text(user.deleted_at)
    return said
