"""Refusals of the API as problem documents (RFC 9457)."""

from __future__ import annotations

import structlog
from flask import Response, jsonify, make_response, request
from flask_babel import force_locale
from werkzeug.exceptions import HTTPException

from broker.errors import BrokerError, Busy, SsoRequired, TooMany
from broker.store.directory import DirectoryUnavailable
from broker.store.state import StateUnavailable
from broker.web import reference
from broker.web.api.shapes import Problem
from broker.web.explanations import explain

MEDIA_TYPE = "application/problem+json"

_log = structlog.get_logger()


class ApiRefused(Exception):
    """A refusal of the API itself, before any flow was asked. ``challenge``: for ``WWW-Authenticate``."""

    def __init__(self, status: int, code: str, detail: str, *, challenge: str | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.challenge = challenge


def of_refusal(refusal: ApiRefused) -> Response:
    """The answer to a request that was not even tried."""
    _log.info("api_rejected", reason=refusal.code, status=refusal.status, src=request.remote_addr)
    response = _problem(refusal.status, refusal.code, refusal.detail)
    if refusal.challenge is not None:
        response.headers["WWW-Authenticate"] = refusal.challenge
    return response


def of_error(error: BrokerError) -> Response:
    """The answer to what a flow refused: the same explanation as on the page, in English."""
    event = "enforcement_denied" if isinstance(error, SsoRequired) else "api_rejected"
    _log.warning(event, reason=error.reason, detail=error.detail, code=error.code, src=request.remote_addr)
    with force_locale("en"):
        said = explain(error.explanation)
        detail = f"{said.sentence} {said.next_step}"
    response = _problem(error.status, error.explanation, detail)
    if isinstance(error, Busy | TooMany):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def of_store(error: StateUnavailable | DirectoryUnavailable) -> Response:
    """A store that does not answer: nothing was concluded, and the same may be asked again."""
    _log.error("store_fault", reason="store", detail=str(error), src=request.remote_addr)
    response = _problem(Busy.status, "busy", "We cannot do this just now. Wait a moment and try again.")
    response.headers["Retry-After"] = "5"
    return response


def of_http(error: HTTPException) -> Response:
    """What the framework refused: an unknown method, a body that is too long."""
    status = error.code or 400
    _log.info("api_rejected", reason=error.name.lower().replace(" ", "_"), status=status, src=request.remote_addr)
    response = _problem(status, error.name.lower().replace(" ", "_"), "This request is not valid.")
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _problem(status: int, code: str, detail: str) -> Response:
    problem = Problem(
        type="about:blank",
        title=code.replace("_", " "),
        status=status,
        code=code,
        detail=detail,
        reference=reference.current(),
    )
    response = make_response(jsonify(problem.model_dump()), status)
    response.headers["Content-Type"] = MEDIA_TYPE
    return response
