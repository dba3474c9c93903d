"""What is read of an API request: the caller by its token, and a body by its shape."""

from __future__ import annotations

import re
from typing import Final, TypeVar

from flask import request
from pydantic import ValidationError
from structlog.contextvars import bind_contextvars

from broker import strict_json
from broker.downstream.api_access import ApiAccess, ApiGrant, ApiTokenRefused
from broker.web.api.problems import ApiRefused
from broker.web.api.shapes import Shape

_T = TypeVar("_T", bound=Shape)

# RFC 6750 section 2.1, ``b64token``.
_BEARER: Final = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.ASCII | re.IGNORECASE)


def caller(access: ApiAccess, scope: str, organization: str | None = None) -> ApiGrant:
    """The application that calls, if it may do this, for this organisation; raises ``ApiRefused``.

    An organisation outside its scope is answered as an unknown one (threats DO-22).
    """
    match = _BEARER.fullmatch(request.headers.get("Authorization", "").strip())
    if match is None:
        raise ApiRefused(401, "unauthenticated", "An access token is required.", challenge="Bearer")
    try:
        grant = access.verify(match[1])
    except ApiTokenRefused as refused:
        challenge = 'Bearer error="invalid_token"'
        raise ApiRefused(401, "invalid_token", "The access token is not valid.", challenge=challenge) from refused
    bind_contextvars(client=grant.client_id)
    if scope not in grant.scopes:
        challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
        raise ApiRefused(403, "insufficient_scope", f"This needs the scope {scope}.", challenge=challenge)
    if organization is not None:
        bind_contextvars(org=organization)
        if grant.organizations is not None and organization not in grant.organizations:
            raise not_found("organization")
    return grant


def body(shape: type[_T]) -> _T:
    """The JSON body in this shape; raises ``ApiRefused``, naming the member that is wrong but never its value."""
    if request.mimetype != "application/json":
        raise ApiRefused(415, "unsupported_media_type", "The body must be application/json.")
    try:
        return shape.model_validate(strict_json.parse_object(request.get_data()))
    except strict_json.JsonRefused as error:
        raise ApiRefused(400, "invalid_json", "The body is not a JSON object.") from error
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"][:2])
        known = where in shape.model_fields
        raise ApiRefused(
            400, "invalid_request", f"{where} is not as it must be." if known else "A member is not known."
        ) from error


def not_found(what: str) -> ApiRefused:
    """For what does not exist, or not for this caller."""
    return ApiRefused(404, f"no_such_{what}", f"There is no such {what.replace('_', ' ')}.")
