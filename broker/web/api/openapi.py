"""The description of the API in OpenAPI 3.1, from the shapes that the operations really use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from broker.web.api import problems, shapes

_REF: Final = "#/components/schemas/{model}"
_TOKEN: Final = "client_credentials"  # noqa: S105 - the name of a security scheme


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: ``statuses`` are those of its refusals beside ``_ANYWHERE``."""

    method: str
    path: str
    name: str
    summary: str
    scope: str
    status: int
    gives: type[shapes.Shape] | None
    takes: type[shapes.Shape] | None = None
    query: tuple[Mapping[str, Any], ...] = ()
    statuses: tuple[int, ...] = ()


_CURSOR: Final = {"name": "after", "in": "query", "schema": {"type": "string", "maxLength": 4096}}
_PAGE: Final = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 200}}

OPERATIONS: Final = (
    Operation(
        "get",
        "/organizations/{organization}/federation",
        "readFederation",
        "How the people of an organisation sign in, and what is therefore done in its directory.",
        "federation.read",
        200,
        shapes.FederationState,
    ),
    Operation(
        "get",
        "/organizations/{organization}/co-workers",
        "listCoWorkers",
        "The accounts of an organisation, by display name.",
        "co_workers.read",
        200,
        shapes.CoWorkers,
        query=(_CURSOR, _PAGE),
    ),
    Operation(
        "patch",
        "/organizations/{organization}/co-workers/{account_id}",
        "changeCoWorker",
        "Edit, deactivate or activate a co-worker. Refused with federated_users where the directory does that.",
        "co_workers.write",
        200,
        shapes.CoWorker,
        shapes.CoWorkerChange,
        statuses=(415,),
    ),
    Operation(
        "get",
        "/organizations/{organization}/invitations",
        "listInvitations",
        "The open invitations of an organisation.",
        "invitations.write",
        200,
        shapes.Invitations,
    ),
    Operation(
        "post",
        "/organizations/{organization}/invitations",
        "invite",
        "Invite a co-worker or an external person by mail. Refused with federated_invitations or "
        "federated_external_invitations where people come through the directory.",
        "invitations.write",
        201,
        shapes.Invitation,
        shapes.NewInvitation,
        statuses=(415, 429),
    ),
    Operation(
        "delete",
        "/organizations/{organization}/invitations/{invitation_id}",
        "withdrawInvitation",
        "Withdraw an open invitation.",
        "invitations.write",
        204,
        None,
    ),
    Operation(
        "post",
        "/app-passwords/verify",
        "verifyAppPassword",
        "Whose app password this is: for a CardDAV server. Refused with carddav_federated for people of a "
        "federated organisation, whatever the password.",
        "app_passwords.verify",
        200,
        shapes.AppPasswordHolder,
        shapes.AppPasswordCheck,
        statuses=(415, 429),
    ),
)


def description(base_url: str, token_url: str) -> dict[str, Any]:
    """The whole document, ready to be written as JSON."""
    scopes = {operation.scope: f"Needed for {operation.name}." for operation in OPERATIONS}
    models = [model for operation in OPERATIONS for model in (operation.gives, operation.takes) if model is not None]
    _, schemas = models_json_schema([(m, "validation") for m in _once([*models, shapes.Problem])], ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Pobuca Broker API",
            "version": "1",
            "description": "For Pobuca applications, in their own name: an access token of the client_credentials "
            "grant. The scopes and organisations of an application are set by the operator.",
        },
        "servers": [{"url": base_url}],
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                _TOKEN: {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": token_url, "scopes": scopes}}}
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "security": [{_TOKEN: [operation.scope]}],
        "parameters": [*_path_parameters(operation.path), *operation.query],
        "responses": {
            str(operation.status): _success(operation.gives),
            **{str(status): _refusal(status) for status in sorted({*_ANYWHERE, *operation.statuses})},
        },
    }
    if operation.takes is not None:
        content = {"application/json": {"schema": {"$ref": _REF.format(model=operation.takes.__name__)}}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _path_parameters(path: str) -> Iterable[dict[str, Any]]:
    for part in path.split("/"):
        if part.startswith("{"):
            yield {"name": part[1:-1], "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _success(model: type[shapes.Shape] | None) -> dict[str, Any]:
    if model is None:
        return {"description": "Done."}
    content = {"application/json": {"schema": {"$ref": _REF.format(model=model.__name__)}}}
    return {"description": (model.__doc__ or "").strip().splitlines()[0], "content": content}


def _refusal(status: int) -> dict[str, Any]:
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}
    described: dict[str, Any] = {"description": _REFUSALS[status], "content": content}
    if status in (429, 503):
        described["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return described


_ANYWHERE: Final = (400, 401, 403, 404, 413, 414, 503)
_REFUSALS: Final = {
    400: "The request is not as it must be.",
    401: "No access token, or one that is not good.",
    403: "The application or the organisation may not do this; code says why.",
    404: "There is nothing of this name, or not for this application.",
    413: "The body is too long.",
    414: "The address is too long.",
    415: "The body is not application/json.",
    429: "Too many attempts.",
    503: "A store does not answer; nothing was changed.",
}


def _once(models: Iterable[type[shapes.Shape]]) -> list[type[shapes.Shape]]:
    return list(dict.fromkeys(models))
