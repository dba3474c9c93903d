"""Faults on order: the next answers of an endpoint are errors, nonsense, late, or cut off (entra-id reference 8.3)."""

from __future__ import annotations

import threading
from typing import Annotated, Final, Literal, get_args

from flask import Response, jsonify, make_response
from pydantic import BaseModel, ConfigDict, Field

from broker.demo.entra.errors import KNOWN, EntraError, as_json, refusal
from broker.demo.entra.graph_errors import graph_error
from broker.demo.entra.no_store import no_store
from broker.demo.entra.timing import moment_of

LoginEndpoint = Literal["discovery", "keys", "authorize", "adminConsent", "token", "logout"]
GraphEndpoint = Literal[
    "userinfo",
    "me",
    "users",
    "photo",
    "organization",
    "memberOf",
    "transitiveMemberOf",
    "getMemberObjects",
    "delta",
    "deletedItems",
    "revokeSignInSessions",
    "subscriptions",
    "oauth2PermissionGrants",
    "servicePrincipals",
]
_GRAPH: Final = frozenset(get_args(GraphEndpoint))

# How Graph words a status when the order does not (entra-id reference 4.6).
_GRAPH_CODES: Final = {
    401: "InvalidAuthenticationToken",
    403: "Authorization_RequestDenied",
    404: "Request_ResourceNotFound",
    429: "TooManyRequests",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}


class Fault(BaseModel):
    """One order. What is left out is as it usually is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoint: LoginEndpoint | GraphEndpoint
    count: Annotated[int, Field(ge=1)] = 1
    delay_seconds: Annotated[float, Field(ge=0, le=600)] = 0
    drop: bool = False
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    retry_after: Annotated[int, Field(ge=0)] | None = None
    body: str | None = None
    body_bytes: Annotated[int, Field(ge=1, le=1 << 28)] | None = None
    content_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = {}
    code: int | None = None
    error: str | None = None
    suberror: str | None = None
    claims: str | None = None
    description: str | None = None
    shape: Literal["redirect", "page"] = "redirect"

    @property
    def is_refusal(self) -> bool:
        """Whether it is an error of Entra's own."""
        return self.code is not None

    def refusal(self) -> EntraError:
        """The error that was ordered; the table fills in what the order leaves out."""
        code = self.code or 90033
        said = dict.fromkeys(
            ("client", "user", "tenant", "uri", "scope", "resource", "parameter", "grant_type", "response_mode"),
            "(simulated)",
        )
        usual = refusal(code, **said) if code in KNOWN else EntraError(code, "Simulated error.", error="server_error")
        return EntraError(
            code,
            self.description or usual.text,
            error=self.error or usual.error,
            suberror=usual.suberror if self.suberror is None else self.suberror,
            status=self.status or usual.status,
            claims=self.claims,
            has_page=usual.has_page,
        )


class Faults:
    """Orders that are not used up, by endpoint, in the order they came in."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._orders: list[tuple[Fault, int]] = []
        self._released = threading.Event()

    def reset(self) -> None:
        """Forgets all orders and lets go what is being delayed."""
        with self._lock:
            self._orders.clear()
            self._released.set()
            self._released = threading.Event()

    def order(self, fault: Fault) -> None:
        with self._lock:
            self._orders.append((fault, fault.count))

    def waiting(self) -> list[tuple[Fault, int]]:
        """Each order and how many answers it is still good for."""
        with self._lock:
            return list(self._orders)

    def take(self, endpoint: str) -> Fault | None:
        """The order that concerns this answer, one answer less."""
        if not self._orders:
            return None
        with self._lock:
            for place, (fault, left) in enumerate(self._orders):
                if fault.endpoint == endpoint:
                    if left == 1:
                        del self._orders[place]
                    else:
                        self._orders[place] = (fault, left - 1)
                    return fault
            return None

    def delay(self, fault: Fault) -> None:
        """Waits as ordered, or until ``reset``."""
        if fault.delay_seconds:
            self._released.wait(fault.delay_seconds)


def answer(fault: Fault, base_url: str) -> Response | None:
    """The ordered answer; None when the endpoint shall answer as usual (after a delay)."""
    response = _answer(fault, base_url)
    if response is not None:
        if fault.retry_after is not None:
            response.headers["Retry-After"] = str(fault.retry_after)
        response.headers.update(fault.headers)
    return response


def _answer(fault: Fault, base_url: str) -> Response | None:
    if fault.drop:
        # No server lets an application close the connection; both close it when the promised bytes do not come.
        response = Response(b"{", content_type="application/json; charset=utf-8")
        response.headers["Content-Length"] = "65536"
        return response
    if fault.body_bytes is not None:
        return Response(b" " * fault.body_bytes, fault.status or 200, content_type=fault.content_type)
    if fault.body is not None:
        return Response(fault.body, fault.status or 200, content_type=fault.content_type)
    if fault.endpoint in _GRAPH and fault.status is not None:
        code = fault.error or _GRAPH_CODES.get(fault.status, "UnknownError")
        return graph_error(fault.status, code, fault.description or "Simulated error.")
    if fault.is_refusal or fault.status is not None:
        error = fault.refusal()
        return no_store(make_response(jsonify(as_json(error, moment_of(), base_url)), error.status))
    return None
