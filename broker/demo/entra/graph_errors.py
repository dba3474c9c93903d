"""The error body of Microsoft Graph (entra-id reference 4.6)."""

from __future__ import annotations

from flask import Response, jsonify, make_response

from broker.demo.entra.errors import correlation_id, trace_id
from broker.demo.entra.timing import moment_of


class GraphError(Exception):
    """Graph refuses."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def graph_error(status: int, code: str, message: str) -> Response:
    """The JSON answer; a 401 names the scheme as RFC 6750 section 3 wants."""
    inner = {
        "date": f"{moment_of():%Y-%m-%dT%H:%M:%S}",
        "request-id": trace_id(),
        "client-request-id": correlation_id(),
    }
    response = make_response(jsonify(error={"code": code, "message": message, "innerError": inner}), status)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="", error="invalid_token"'
    return response
