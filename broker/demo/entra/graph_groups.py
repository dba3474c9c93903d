"""Graph: groups and directory roles of a person (entra-id reference 4.4)."""

from __future__ import annotations

import uuid
from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, make_response, request

from broker.demo.entra.graph_access import READ_GROUPS, READ_SELF, Caller, caller_of, user_named
from broker.demo.entra.graph_errors import GraphError
from broker.demo.entra.model import User
from broker.demo.entra.roles import ROLES
from broker.demo.entra.state import Simulator

# Objects on a page: what Graph gives unasked, and the most it gives.
_PAGE: Final = 100
_LARGEST_PAGE: Final = 999

_GROUP: Final = "#microsoft.graph.group"
_ROLE: Final = "#microsoft.graph.directoryRole"


def groups_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("graph_groups", __name__)

    def subject(name: str | None) -> tuple[Caller, User]:
        caller = caller_of(simulator)
        if name is None:
            person = caller.person()
            caller.require(READ_SELF)
            return caller, person
        user = user_named(simulator, caller, name)
        if user != caller.user:
            caller.require(READ_GROUPS)
        return caller, user

    @blueprint.post("/v1.0/me/getMemberObjects", defaults={"name": None})
    @blueprint.post("/v1.0/users/<name>/getMemberObjects")
    def get_member_objects(name: str | None) -> Response:
        _, user = subject(name)
        body = _json_body()
        only_security = body.get("securityEnabledOnly") if isinstance(body, dict) else None
        if not isinstance(only_security, bool):
            raise GraphError(400, "Request_BadRequest", "securityEnabledOnly must be true or false.")
        ids = sorted(
            group_id
            for group_id in simulator.directory.all_groups_of(user)
            if not only_security or _is_security_group(simulator, group_id)
        )
        if not only_security:
            ids += [_role_object_id(user.tenant_id, role) for role in user.directory_roles]
        context = f"{simulator.base_url}/v1.0/$metadata#Collection(Edm.String)"
        return make_response(jsonify({"@odata.context": context, "value": ids}))

    @blueprint.get("/v1.0/me/memberOf", defaults={"name": None, "kind": None})
    @blueprint.get("/v1.0/me/memberOf/<kind>", defaults={"name": None})
    @blueprint.get("/v1.0/users/<name>/memberOf", defaults={"kind": None})
    @blueprint.get("/v1.0/users/<name>/memberOf/<kind>")
    def member_of(name: str | None, kind: str | None) -> Response:
        caller, user = subject(name)
        return _collection(simulator, caller, user, user.groups, kind)

    @blueprint.get("/v1.0/me/transitiveMemberOf", defaults={"name": None, "kind": None})
    @blueprint.get("/v1.0/me/transitiveMemberOf/<kind>", defaults={"name": None})
    @blueprint.get("/v1.0/users/<name>/transitiveMemberOf", defaults={"kind": None})
    @blueprint.get("/v1.0/users/<name>/transitiveMemberOf/<kind>")
    def transitive_member_of(name: str | None, kind: str | None) -> Response:
        caller, user = subject(name)
        return _collection(simulator, caller, user, simulator.directory.all_groups_of(user), kind)

    return blueprint


def _collection(
    simulator: Simulator, caller: Caller, user: User, group_ids: frozenset[str], kind: str | None
) -> Response:
    for unsupported in ("$filter", "$search", "$orderby"):
        if unsupported in request.args:
            raise GraphError(400, "Request_UnsupportedQuery", f"{unsupported} is not supported by the simulation.")
    named = caller.may(READ_GROUPS)
    objects = [_group(simulator, group_id, named=named) for group_id in sorted(group_ids)]
    objects += [_role(user.tenant_id, role, named=named) for role in user.directory_roles]
    if kind is not None:  # A cast: only objects of that type, which then need not say it.
        if f"#{kind}" not in (_GROUP, _ROLE):
            raise GraphError(400, "Request_BadRequest", f"The type '{kind}' is not known.")
        objects = [one for one in objects if one.pop("@odata.type") == f"#{kind}"]
    return make_response(jsonify(_page(simulator, objects, kind)))


def _page(simulator: Simulator, objects: list[dict[str, Any]], kind: str | None) -> dict[str, Any]:
    size = _number("$top", _PAGE, 1, _LARGEST_PAGE)
    start = _number("$skiptoken", 0, 0, len(objects))
    what = kind.rpartition(".")[2] + "s" if kind else "directoryObjects"
    body: dict[str, Any] = {"@odata.context": f"{simulator.base_url}/v1.0/$metadata#{what}"}
    if request.args.get("$count") == "true":
        if request.headers.get("ConsistencyLevel", "").lower() != "eventual":
            raise GraphError(400, "Request_BadRequest", "$count is not currently supported.")
        body["@odata.count"] = len(objects)
    if start + size < len(objects):
        following = request.args.to_dict() | {"$skiptoken": str(start + size)}
        body["@odata.nextLink"] = f"{simulator.base_url}{request.path}?{urlencode(following)}"
    selected = [name for name in request.args.get("$select", "").split(",") if name]
    shown = objects[start : start + size]
    if selected:
        shown = [{k: v for k, v in one.items() if k in selected or k.startswith("@odata")} for one in shown]
    return body | {"value": shown}


def _json_body() -> Any:
    """None for anything that is no JSON."""
    try:
        return request.get_json(silent=True)
    except RecursionError:
        return None


def _number(parameter: str, usual: int, least: int, most: int) -> int:
    text = request.args.get(parameter)
    if text is None:
        return usual
    if not text.isascii() or not text.isdecimal() or len(text) > 6 or not least <= int(text) <= most:
        raise GraphError(400, "Request_BadRequest", f"Invalid value '{text[:20]}' for {parameter}.")
    return int(text)


def _group(simulator: Simulator, group_id: str, *, named: bool) -> dict[str, Any]:
    """Without a permission to read groups only the id is filled (entra-id reference 4.4)."""
    group = simulator.directory.group(group_id)
    known = group if named else None
    return {
        "@odata.type": _GROUP,
        "id": group_id,
        "displayName": known.display_name if known else None,
        "securityEnabled": known.security_enabled if known else None,
        "mailEnabled": not known.security_enabled if known else None,
    }


def _role(tenant_id: str, template_id: str, *, named: bool) -> dict[str, Any]:
    name = next((name for name, known in ROLES.items() if known == template_id), None)
    return {
        "@odata.type": _ROLE,
        "id": _role_object_id(tenant_id, template_id),
        "displayName": name if named else None,
        "roleTemplateId": template_id if named else None,
    }


def _role_object_id(tenant_id: str, template_id: str) -> str:
    """A role is an object of each tenant, with an id of its own; the template id is the same everywhere."""
    return str(uuid.uuid5(uuid.UUID(tenant_id), template_id))


def _is_security_group(simulator: Simulator, group_id: str) -> bool:
    group = simulator.directory.group(group_id)
    return group is not None and group.security_enabled
