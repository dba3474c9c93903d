"""What Entra says when it refuses: numbers, OAuth error words and the three shapes of an answer (entra-id reference 2).

EntraError          a refusal with its AADSTS number; whoever catches it chooses JSON, redirect or page
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import g, request


@dataclass(frozen=True, slots=True)
class Known:
    """One line of the reference's table: the usual ``error``, ``suberror`` and text."""

    error: str
    text: str
    suberror: str = ""
    status: int = 400
    # Whether Entra's look-up page knows the number; only then is there an error_uri.
    has_page: bool = True


# entra-id reference 2.3. Texts are our own.
KNOWN: Final[Mapping[int, Known]] = {
    16000: Known("interaction_required", "Several accounts are signed in; the person must choose one."),
    28003: Known("invalid_scope", "The scope parameter cannot be empty."),
    50011: Known("invalid_request", "The redirect URI '{uri}' is not registered with the application '{client}'."),
    500112: Known("invalid_grant", "The reply address differs from the one the code was requested for."),
    500113: Known("invalid_request", "No reply address is registered for the application."),
    500011: Known("invalid_resource", "The resource principal '{resource}' was not found in the tenant."),
    50013: Known("invalid_client", "The audience of the client assertion is not this token endpoint.", status=401),
    50020: Known("access_denied", "The account '{user}' does not exist in the tenant '{tenant}'."),
    50034: Known("invalid_grant", "The account '{user}' does not exist in the directory."),
    50048: Known("invalid_client", "The subject of the client assertion is not its issuer.", status=401),
    50053: Known("access_denied", "The account is locked."),
    50055: Known("invalid_grant", "The password has expired.", "user_password_expired"),
    50057: Known("invalid_grant", "The user account is disabled."),
    50058: Known("login_required", "A silent sign-in was asked for, but nobody is signed in."),
    50059: Known("invalid_request", "No tenant-identifying information was found in the request."),
    50076: Known("invalid_grant", "Multi-factor authentication is required.", "basic_action"),
    50105: Known("invalid_grant", "The user '{user}' is not assigned to a role for the application '{client}'."),
    50126: Known("invalid_grant", "Wrong user name or password."),
    501481: Known("invalid_grant", "The code_verifier does not match the code_challenge of the authorization request."),
    501491: Known("invalid_request", "The code_challenge parameter is of an invalid size."),
    50173: Known("invalid_grant", "The grant was revoked after it was issued; sign in again.", "bad_token"),
    50194: Known("invalid_request", "The application '{client}' is not multi-tenant; use a tenant-specific endpoint."),
    500208: Known("access_denied", "A personal account cannot sign in here; use a work or school account."),
    53003: Known("invalid_grant", "Access is blocked by Conditional Access policies."),
    54005: Known("invalid_grant", "The authorization code was already redeemed."),
    65001: Known("invalid_grant", "Nobody has consented to the application '{client}'.", "consent_required"),
    65004: Known("access_denied", "The user declined to consent to the application."),
    650053: Known("invalid_client", "The application asked for the scope '{scope}', which does not exist."),
    70000: Known("invalid_grant", "The provided grant is invalid or malformed."),
    700003: Known("invalid_grant", "The device object was not found."),
    700005: Known("invalid_grant", "The authorization code was issued at another tenant's endpoint."),
    700016: Known("unauthorized_client", "The application '{client}' was not found in the directory '{tenant}'."),
    700021: Known("invalid_client", "The client assertion is of another application than client_id.", status=401),
    700024: Known("invalid_client", "The client assertion is not within its valid time range.", status=401),
    700027: Known("invalid_client", "The client assertion failed signature validation.", status=401),
    70003: Known("unsupported_grant_type", "The grant type '{grant_type}' is not supported."),
    700051: Known("unsupported_response_type", "The response type 'token' is not enabled for the application."),
    700054: Known("unsupported_response_type", "The response type 'id_token' is not enabled for the application."),
    70007: Known("invalid_request", "The response mode '{response_mode}' cannot be used here."),
    70008: Known("invalid_grant", "The provided authorization code or refresh token has expired.", "token_expired"),
    700082: Known("invalid_grant", "The refresh token has expired due to inactivity.", "bad_token"),
    70011: Known("invalid_scope", "The scope '{scope}' is not valid."),
    7000112: Known("unauthorized_client", "The application '{client}' is disabled."),
    7000215: Known("invalid_client", "Invalid client secret provided.", status=401),
    7000218: Known("invalid_client", "The request must contain client_assertion or client_secret.", status=401),
    7000222: Known("invalid_client", "The provided client secret has expired.", status=401),
    70043: Known(
        "invalid_grant", "The refresh token has expired by sign-in frequency policy.", "token_expired", has_page=False
    ),
    700222: Known("invalid_request", "The client assertion type is not supported."),
    900144: Known("invalid_request", "The request body must contain the parameter '{parameter}'."),
    9000411: Known("invalid_request", "The request is not well formed: the parameter '{parameter}' is duplicated."),
    90002: Known("invalid_tenant", "The tenant '{tenant}' was not found."),
    9001023: Known("invalid_request", "The grant type is not supported over the /common or /consumers endpoints."),
    9002313: Known("invalid_request", "The request is malformed or invalid."),
    90023: Known("invalid_request", "The value of '{parameter}' is not supported."),
    90094: Known("access_denied", "The grant requires the permission of an administrator."),
    90033: Known("temporarily_unavailable", "A transient error has occurred. Please try again.", status=503),
    1000502: Known("invalid_client", "The provided certificate is not within its validity period.", status=401),
}

_E_MAIL: Final = re.compile(r"[^\s'\"@]+@[^\s'\"@]+")


class EntraError(Exception):
    """A refusal. ``claims`` is the JSON text of a Conditional Access challenge."""

    def __init__(
        self,
        code: int,
        text: str,
        *,
        error: str,
        suberror: str = "",
        status: int = 400,
        claims: str | None = None,
        has_page: bool = True,
    ) -> None:
        super().__init__(f"AADSTS{code}: {text}")
        self.code = code
        self.text = text
        self.error = error
        self.suberror = suberror
        self.status = status
        self.claims = claims
        self.has_page = has_page

    def said_as(self, error: str) -> EntraError:
        """The same refusal under another OAuth error word."""
        return EntraError(
            self.code,
            self.text,
            error=error,
            suberror=self.suberror,
            status=self.status,
            claims=self.claims,
            has_page=self.has_page,
        )


def refusal(code: int, *, claims: str | None = None, **said: str) -> EntraError:
    """The refusal with this number of the table, its text filled in."""
    known = KNOWN[code]
    return EntraError(
        code,
        known.text.format_map(said),
        error=known.error,
        suberror=known.suberror,
        status=known.status,
        claims=claims,
        has_page=known.has_page,
    )


def trace_id() -> str:
    """The id of this answer; also in its ``x-ms-request-id`` header."""
    if "trace_id" not in g:
        g.trace_id = str(uuid.uuid4())
    return str(g.trace_id)


def correlation_id() -> str:
    """The caller's ``client-request-id`` if it sent a GUID, else one of our own."""
    if "correlation_id" not in g:
        try:
            g.correlation_id = str(uuid.UUID(request.headers.get("client-request-id", "")))
        except ValueError:
            g.correlation_id = str(uuid.uuid4())
    return str(g.correlation_id)


def timestamp(moment: datetime) -> str:
    """``YYYY-MM-DD HH:MM:SSZ``, with a space."""
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"


def description(error: EntraError, moment: datetime) -> str:
    """The ``error_description``: CR LF between its lines, e-mail addresses masked."""
    return "\r\n".join(
        (
            f"AADSTS{error.code}: {_E_MAIL.sub('{EmailHidden}', error.text)}",
            f"Trace ID: {trace_id()}",
            f"Correlation ID: {correlation_id()}",
            f"Timestamp: {timestamp(moment)}",
        )
    )


def as_json(error: EntraError, moment: datetime, base_url: str) -> dict[str, Any]:
    """The JSON body of the token endpoint, members in the captured order."""
    body: dict[str, Any] = {
        "error": error.error,
        "error_description": description(error, moment),
        "error_codes": [error.code],
        "timestamp": timestamp(moment),
        "trace_id": trace_id(),
        "correlation_id": correlation_id(),
    }
    if error.has_page:
        body["error_uri"] = f"{base_url}/error?code={error.code}"
    if error.suberror:
        body["suberror"] = error.suberror
    if error.claims:
        body["claims"] = error.claims
    return body


def as_parameters(error: EntraError, moment: datetime, base_url: str) -> dict[str, str]:
    """The parameters of an authorization response; ``state`` is added by whoever sends it."""
    parameters = {"error": error.error, "error_description": description(error, moment)}
    if error.has_page:
        parameters["error_uri"] = f"{base_url}/error?code={error.code}"
    if error.suberror:
        parameters["error_subcode"] = error.suberror
    if error.claims:
        parameters["claims"] = error.claims
    return parameters
