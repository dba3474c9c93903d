"""The SCIM endpoints of each organisation that wants them, for its directory and nobody else.

Every answer is SCIM's, errors included (RFC 7644 section 3.12), and none is a 5xx because of what was sent. Who has no
good token is answered alike for every organisation, whether there is one or not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import structlog
from flask import Blueprint, Response, make_response, request
from structlog.contextvars import bind_contextvars
from werkzeug.exceptions import HTTPException

from broker import strict_json
from broker.doors import door
from broker.downstream.scim.tokens import ScimTokens
from broker.errors import BrokerError, Busy, TooMany
from broker.provisioning.scim import ScimProvisioning
from broker.rate_limits import Attempt, RateLimits
from broker.store.directory import DirectoryUnavailable
from broker.store.state import StateUnavailable

if TYPE_CHECKING:
    from scim2_server.handler import ScimHandler
    from scim2_server.responses import ScimResponse
    from scim2_server.service import ScimService

PATH: Final = "/scim/v2"
CLIENT_DOOR: Final = "scim_client"
ORGANIZATION_DOOR: Final = "scim_organization"

MAX_BODY_BYTES: Final = 64 * 1024
MAX_OPERATIONS: Final = 100
MAX_FILTER: Final = 1000
MEDIA_TYPE: Final = "application/scim+json"
_ERROR_SCHEMA: Final = "urn:ietf:params:scim:api:messages:2.0:Error"

_log = structlog.get_logger(__name__)


class Refused(Exception):
    """An answer of our own, before the protocol is asked."""

    def __init__(self, status: int, detail: str, *, scim_type: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.scim_type = scim_type


def create_blueprint(
    provisioning: ScimProvisioning, tokens: ScimTokens, limits: RateLimits, public_url: str
) -> Blueprint:
    """Everything below ``/scim/v2/ORGANIZATION``."""
    blueprint = Blueprint("scim", __name__, url_prefix=PATH)
    protocol = Protocol(provisioning)
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]

    @blueprint.route("/<organization>", methods=methods, defaults={"path": ""}, provide_automatic_options=False)
    @blueprint.route("/<organization>/<path:path>", methods=methods, provide_automatic_options=False)
    @door("scim")
    def serve(organization: str, path: str) -> Response:
        request.max_content_length = MAX_BODY_BYTES
        limits.require(CLIENT_DOOR, Attempt(None, request.remote_addr))
        if not tokens.are_good(organization, request.headers.get("Authorization", "")):
            raise Refused(401, "A bearer token of this organisation is required.")
        bind_contextvars(org=organization)
        limits.require(ORGANIZATION_DOOR, Attempt(organization, None))
        return protocol.answer(organization, path, f"{public_url}{PATH}/{organization}")

    blueprint.register_error_handler(Refused, _of_refusal)
    blueprint.register_error_handler(BrokerError, _of_broker)
    blueprint.register_error_handler(StateUnavailable, _of_store)
    blueprint.register_error_handler(DirectoryUnavailable, _of_store)
    blueprint.register_error_handler(HTTPException, _of_http)
    blueprint.register_error_handler(Exception, _of_unforeseen)
    return blueprint


class Protocol:
    """The library's service over our accounts. It is loaded with the first request, since that takes a second."""

    def __init__(self, provisioning: ScimProvisioning) -> None:
        self._provisioning = provisioning
        self._service: ScimService | None = None

    def answer(self, organization: str, path: str, base_url: str) -> Response:
        """Serves the request at hand."""
        from scim2_models import SCIMException
        from scim2_server.requests import ScimRequest

        service = self._loaded()
        asked = ScimRequest(
            method=request.method,
            base_url=base_url,
            path=f"/{path}",
            query=_query(),
            headers=list(request.headers.items()),
            body=_body(),
        )
        try:
            answered = self._handler(service, organization).handle(asked)
        except SCIMException as error:
            answered = _without_5xx(service.error_response(error))
            _log.info(
                "scim_rejected", status=int(answered.status), reason=getattr(error, "scim_type", None) or "refused"
            )
        except RecursionError:
            raise Refused(400, "This is nested too deeply.", scim_type="invalidSyntax") from None
        return _response(answered)

    def _loaded(self) -> ScimService:
        from scim2_server.service import ScimService

        from broker.downstream.scim.resources import provider

        if self._service is None:
            self._service = ScimService(provider())
        return self._service

    def _handler(self, service: ScimService, organization: str) -> ScimHandler:
        from scim2_server.handler import ScimHandler

        from broker.downstream.scim.storage import AccountStorage

        return ScimHandler(service, AccountStorage(self._provisioning, organization))


def _query() -> Mapping[str, str]:
    values = request.args.to_dict(flat=True)
    if len(values.get("filter", "")) > MAX_FILTER:
        raise Refused(400, f"A filter has at most {MAX_FILTER} characters.", scim_type="invalidFilter")
    return values


def _body() -> bytes:
    """The body, which has one meaning only, and not too many steps."""
    data = request.get_data()
    if not data:
        return data
    try:
        value = strict_json.parse(data)
    except strict_json.JsonRefused as error:
        raise Refused(400, "The body is not acceptable JSON.", scim_type="invalidSyntax") from error
    if not isinstance(value, dict):
        raise Refused(400, "The body is not a JSON object.", scim_type="invalidSyntax")
    members = {name.lower(): name for name in value}
    operations = value.get(members.get("operations", ""))
    if isinstance(operations, list) and len(operations) > MAX_OPERATIONS:
        raise Refused(413, f"A PATCH has at most {MAX_OPERATIONS} operations.", scim_type="tooMany")
    if len(str(value.get(members.get("filter", ""), ""))) > MAX_FILTER:
        raise Refused(400, f"A filter has at most {MAX_FILTER} characters.", scim_type="invalidFilter")
    name = value.get(members.get("username", ""))
    if request.method in ("POST", "PUT") and "emails" not in members and isinstance(name, str) and "@" in name:
        # Whoever has no mailbox is known by the principal name, and that is an address (entra-id reference, section 7).
        return json.dumps({**value, "emails": [{"value": name, "type": "work", "primary": True}]}).encode()
    return data


def _response(answered: ScimResponse) -> Response:
    body = json.dumps(answered.body).encode() if answered.body is not None else b""
    response = make_response(body, int(answered.status))
    for name, value in answered.headers.items():
        response.headers[name] = value
    return response


def _without_5xx(answered: ScimResponse) -> ScimResponse:
    """What is not served is not there: no input is answered as if we were broken."""
    if int(answered.status) < 500:
        return answered
    from http import HTTPStatus

    from scim2_server.responses import ScimResponse

    return ScimResponse(HTTPStatus.NOT_FOUND, _error(404, "This is not served here."))


# -- errors -----------------------------------------------------------------------------------------------------------


def _error(status: int, detail: str, scim_type: str | None = None) -> dict[str, Any]:
    named = {"scimType": scim_type} if scim_type is not None else {}
    return {"schemas": [_ERROR_SCHEMA], "status": str(status), **named, "detail": detail}


def _refuse(status: int, detail: str, scim_type: str | None = None, retry_after: int | None = None) -> Response:
    response = make_response(json.dumps(_error(status, detail, scim_type)).encode(), status)
    response.headers["Content-Type"] = MEDIA_TYPE
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _of_refusal(refused: Refused) -> Response:
    _log.info("scim_rejected", status=refused.status, reason=refused.scim_type or "refused", src=request.remote_addr)
    response = _refuse(refused.status, refused.detail, refused.scim_type)
    if refused.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="SCIM"'
    return response


def _of_broker(error: BrokerError) -> Response:
    told = {"reason": error.reason, "detail": error.detail, "src": request.remote_addr}
    _log.warning("scim_rejected", status=error.status, **told)
    after = error.retry_after_seconds if isinstance(error, Busy | TooMany) else None
    return _refuse(error.status, f"Refused: {error.code}.", retry_after=after)


def _of_store(error: StateUnavailable | DirectoryUnavailable) -> Response:
    _log.error("store_fault", reason="store", detail=str(error), src=request.remote_addr)
    return _refuse(Busy.status, "This cannot be done just now; try again.", retry_after=5)


def _of_http(error: HTTPException) -> Response:
    status = error.code or 400
    _log.info("scim_rejected", status=status, reason=error.name.lower().replace(" ", "_"), src=request.remote_addr)
    return _refuse(status, "This request is not valid.")


def _of_unforeseen(error: Exception) -> Response:
    _log.error("unforeseen_error", reason="error", src=request.remote_addr, exc_info=error)
    return _refuse(400, "This request is not valid.", "invalidValue")
