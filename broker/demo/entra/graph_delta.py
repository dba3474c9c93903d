"""Graph: ``/users/delta`` (entra-id reference 4.7)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, Response, jsonify, make_response, request

from broker.demo.entra.delta import DeltaQuery, Round, first_round, later_round
from broker.demo.entra.graph_access import READ_FULLY, Caller, caller_of, organization_only
from broker.demo.entra.graph_errors import GraphError, graph_error
from broker.demo.entra.graph_properties import selected_properties
from broker.demo.entra.state import Simulator
from broker.demo.entra.timing import moment_of

# entra-id reference 4.7.
_MOST_IDS: Final = 50
_ID_IS: Final = re.compile(r"id eq '([0-9a-fA-F-]{36})'")
_PAGE_SIZE: Final = re.compile(r"\bodata\.maxpagesize\s*=\s*([0-9]{1,4})\b")


class _SyncStateLost(Exception):
    """The token is unknown, or too old."""


def delta_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("graph_delta", __name__)

    @blueprint.get("/v1.0/users/delta")
    @blueprint.get("/v1.0/users/microsoft.graph.delta()")
    def users_delta() -> Response:
        caller = caller_of(simulator)
        organization_only(caller)
        caller.require(READ_FULLY)
        try:
            return make_response(jsonify(_page(simulator, _round(simulator, caller))))
        except _SyncStateLost:
            response = graph_error(410, "syncStateNotFound", "The sync state was not found; start again without it.")
            response.headers["Location"] = f"{simulator.base_url}/v1.0/users/delta?$deltatoken="
            return response

    return blueprint


def _round(simulator: Simulator, caller: Caller) -> Round:
    """The round that this request begins, or goes on with."""
    skip, mark = request.args.get("$skiptoken"), request.args.get("$deltatoken")
    if skip is not None:
        rest = simulator.delta_tokens.round(skip)
        if rest is None or rest.query.tenant_id != caller.tenant.tenant_id:
            raise _SyncStateLost
        return rest
    if mark in (None, "", "latest"):
        found = first_round(simulator.directory, _query(caller))
        return replace(found, objects=()) if mark == "latest" else found
    known = simulator.delta_tokens.mark(mark or "", moment_of(), simulator.settings.delta_lifetime_seconds)
    if known is None or known[0].tenant_id != caller.tenant.tenant_id:
        raise _SyncStateLost
    query, position = known
    minimal = "return=minimal" in request.headers.get("Prefer", "").replace(" ", "").lower()
    later = later_round(simulator.directory, query, position, minimal=minimal)
    if later is None:
        raise _SyncStateLost
    return later


def _query(caller: Caller) -> DeltaQuery:
    for unsupported in ("$expand", "$orderby", "$search", "$count"):
        if unsupported in request.args:
            raise GraphError(400, "Request_UnsupportedQuery", f"{unsupported} is not supported by delta queries.")
    select = request.args.get("$select")
    return DeltaQuery(
        caller.tenant.tenant_id,
        selected_properties(select) if select else None,
        _ids(request.args.get("$filter", "")),
    )


def _ids(text: str) -> frozenset[str]:
    """``id eq '…' or id eq '…'`` is the only filter there is."""
    if not text:
        return frozenset()
    found = [_ID_IS.fullmatch(part.strip()) for part in text.split(" or ")]
    if len(found) > _MOST_IDS or not all(found):
        raise GraphError(400, "Request_UnsupportedQuery", f"The filter may name up to {_MOST_IDS} ids.")
    return frozenset(match.group(1).lower() for match in found if match)


def _page(simulator: Simulator, rest: Round) -> dict[str, Any]:
    asked = _PAGE_SIZE.search(request.headers.get("Prefer", ""))
    size = min(int(asked.group(1)) or 1, 999) if asked else simulator.settings.delta_page_size
    end = rest.start + size
    what = "users" if rest.query.select is None else f"users({','.join(rest.query.select)})"
    body: dict[str, Any] = {"@odata.context": f"{simulator.base_url}/v1.0/$metadata#{what}"}
    address = f"{simulator.base_url}/v1.0/users/delta"
    if end < len(rest.objects):
        body["@odata.nextLink"] = f"{address}?$skiptoken={simulator.delta_tokens.put_round(replace(rest, start=end))}"
    else:
        token = simulator.delta_tokens.put_mark(rest.query, rest.position, moment_of())
        body["@odata.deltaLink"] = f"{address}?$deltatoken={token}"
    return body | {"value": list(rest.objects[rest.start : end])}
