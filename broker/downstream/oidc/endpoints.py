"""The endpoints in HTTP: methods, content types, headers, and one translator of errors for each.

Whatever is sent, the answer is that of the specification and never a 5xx (threats G6). Only a store that does not
answer is a 503, and says when to come back (SS-07).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, Response, request
from structlog.contextvars import bind_contextvars
from werkzeug.exceptions import MethodNotAllowed, UnsupportedMediaType

from broker import tracing
from broker.doors import door, harmless
from broker.downstream.oidc import paths
from broker.downstream.oidc.authorization_endpoint import AuthorizationEndpoint, ProvedRequest
from broker.downstream.oidc.authorization_request import refusal
from broker.downstream.oidc.errors import AuthorizationRefused, BearerRefused, ClientRefused, OAuthError, TokenRefused
from broker.downstream.oidc.introspection_endpoint import IntrospectionEndpoint
from broker.downstream.oidc.parameters import Parameters
from broker.downstream.oidc.provider import BrokerProvider
from broker.downstream.oidc.revocation_endpoint import RevocationEndpoint
from broker.downstream.oidc.token_endpoint import TokenEndpoint
from broker.downstream.oidc.userinfo_endpoint import UserInfoEndpoint
from broker.errors import BrokerError, Busy
from broker.jose.key_ring import KeyRing
from broker.messages import LoginRequest
from broker.store.directory import DirectoryUnavailable
from broker.store.state import StateUnavailable
from broker.web import reference
from broker.web.replies import present_reply

_log = structlog.get_logger()

_FORM: Final = "application/x-www-form-urlencoded"
_RETRY_AFTER_SECONDS: Final = 5

# An application keeps our keys and metadata for so long; a new key is published a day before it signs (threats SS-05).
_CACHE: Final = "public, max-age=3600"

# Read from web pages of any origin (OpenID Connect Core 5.3, for single-page applications): none of these looks at a
# cookie.
_CROSS_ORIGIN: Final = ("discovery", "jwks", "token", "userinfo", "revocation")

BeginLogin = Callable[[LoginRequest], Response]


@dataclass(frozen=True, slots=True)
class OidcEndpoints:
    """What the endpoints need. ``begin_login`` carries a login on and answers the browser."""

    issuer: str
    provider: BrokerProvider
    keys: KeyRing
    authorization: AuthorizationEndpoint
    token: TokenEndpoint
    userinfo: UserInfoEndpoint
    introspection: IntrospectionEndpoint
    revocation: RevocationEndpoint
    begin_login: BeginLogin


def create_blueprint(deps: OidcEndpoints) -> Blueprint:
    """All endpoints, below the path of the issuer."""
    blueprint = Blueprint("oidc", __name__, url_prefix=urlsplit(deps.issuer).path or None)
    discovery_body = json.dumps(deps.provider.provider_configuration).encode("utf-8")

    @blueprint.get(paths.DISCOVERY)
    @harmless("says what the provider does")
    def discovery() -> Response:
        return _cacheable(discovery_body)

    @blueprint.get(paths.JWKS)
    @harmless("public keys")
    def jwks() -> Response:
        return _cacheable(deps.keys.public_jwks_json())

    @blueprint.route(paths.AUTHORIZE, methods=["GET", "POST"])
    @door("session")
    def authorize() -> Response:
        if request.method == "HEAD":  # Flask adds it to GET, and here even a GET is the start of something.
            raise MethodNotAllowed(valid_methods=["GET", "POST"])
        _require_form()
        proved = deps.authorization.prove(_parameters())
        bind_contextvars(client=proved.party.client_id)
        return _authorize(deps, proved)

    @blueprint.post(paths.TOKEN)
    @door("authorization_code")
    def token() -> Response:
        return _to_client(deps.issuer, deps.token.answer)

    @blueprint.post(paths.INTROSPECTION)
    @door("introspection")
    def introspection() -> Response:
        return _to_client(deps.issuer, deps.introspection.answer)

    @blueprint.post(paths.REVOCATION)
    @harmless("a client gives back what it was given")
    def revocation() -> Response:
        return _to_client(deps.issuer, deps.revocation.answer)

    @blueprint.route(paths.USERINFO, methods=["GET", "POST"])
    @door("access_token")
    def userinfo() -> Response:
        if request.content_length or "Transfer-Encoding" in request.headers:  # The header alone needs no body.
            _require_form()
        query, form = Parameters.read(request.args.lists(), ()), Parameters.read((), _form_lists())
        try:
            return _json(deps.userinfo.answer(query, form, _authorization_header()))
        except BearerRefused as error:
            _note(error)
            return _bearer_error(error, deps.issuer)
        except Busy as error:
            return _unavailable(error, error.retry_after_seconds)
        except (StateUnavailable, DirectoryUnavailable) as error:
            return _unavailable(error)
        except Exception as error:
            return _bearer_error(BearerRefused("invalid_request", *_unforeseen(error)), deps.issuer)

    blueprint.after_request(_allow_other_origins)
    return blueprint


def _to_client(issuer: str, answer: Callable[[Parameters, str | None], Mapping[str, Any] | None]) -> Response:
    """What a client that proves itself is answered: its members, an empty body, or an error of RFC 6749 section 5.2."""
    _require_form()
    try:
        return _json(answer(_parameters(), _authorization_header()))
    except TokenRefused as error:
        _note(error)
        return _token_error(error, issuer)
    except Busy as error:
        return _unavailable(error, error.retry_after_seconds)
    except (StateUnavailable, DirectoryUnavailable) as error:
        return _unavailable(error)
    except Exception as error:
        return _token_error(TokenRefused("invalid_request", *_unforeseen(error)), issuer)


def _authorize(deps: OidcEndpoints, proved: ProvedRequest) -> Response:
    try:
        login = deps.authorization.read(proved)
    except AuthorizationRefused as error:
        _note(error)
        return present_reply(refusal(proved.reply_to, error, deps.issuer))
    except (BrokerError, StateUnavailable, DirectoryUnavailable):
        raise
    except Exception as error:
        unread = AuthorizationRefused("invalid_request", *_unforeseen(error))
        return present_reply(refusal(proved.reply_to, unread, deps.issuer))
    return deps.begin_login(login)


# -- reading ------------------------------------------------------------------------------------------------------


def _require_form() -> None:
    """A body is a form and nothing else (threats WE-09): multipart and JSON are answered with 415."""
    if request.method == "POST" and request.mimetype != _FORM:
        raise UnsupportedMediaType


def _form_lists() -> list[tuple[str, list[str]]]:
    return list(request.form.lists()) if request.method == "POST" else []


def _parameters() -> Parameters:
    return Parameters.read(request.args.lists(), _form_lists())


def _authorization_header() -> str | None:
    return request.headers.get("Authorization")


# -- answering ----------------------------------------------------------------------------------------------------


def _json(members: Mapping[str, Any] | None, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    body = json.dumps(members) if members is not None else ""
    response = Response(body, status, content_type="application/json" if body else "text/plain")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    response.headers.update(headers or {})
    return response


def _cacheable(body: bytes) -> Response:
    response = Response(body, content_type="application/json")
    response.headers["Cache-Control"] = _CACHE
    return response


def _token_error(error: TokenRefused, issuer: str) -> Response:
    # RFC 9110 section 15.5.2: a 401 says how to do better.
    challenge = {"WWW-Authenticate": f'Basic realm="{issuer}"'} if isinstance(error, ClientRefused) else {}
    return _json({"error": error.code, "error_description": error.description}, error.status, challenge)


def _bearer_error(error: BearerRefused, issuer: str) -> Response:
    challenge = f'Bearer realm="{issuer}"'
    if not error.code:
        return _json({}, error.http_status, {"WWW-Authenticate": challenge})
    challenge += f', error="{error.code}", error_description="{error.description}"'
    members = {"error": error.code, "error_description": error.description}
    return _json(members, error.http_status, {"WWW-Authenticate": challenge})


def _unavailable(error: Exception, retry_after_seconds: int = _RETRY_AFTER_SECONDS) -> Response:
    event, reason = ("oauth_rejected", error.reason) if isinstance(error, Busy) else ("store_fault", "store")
    _log.error(event, reason=reason, detail=str(error), src=request.remote_addr)
    members = {"error": "temporarily_unavailable", "error_description": "The service cannot answer just now."}
    return _json(members, 503, {"Retry-After": str(retry_after_seconds)})


def _note(error: OAuthError) -> None:
    tracing.hop("session", "not_answered", "refused", detail=f"{error.reason}: {error.detail}", code=error.code)
    _log.warning(error.event, reason=error.reason, code=error.code, detail=error.detail, src=request.remote_addr)


def _unforeseen(error: Exception) -> tuple[str, str]:
    """Reason and description for what no rule foresaw (threats G6).

    The log has where it happened and not what it said, since that may quote the request.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace is not None else ""
    _log.error("oauth_rejected", reason="unforeseen", error=type(error).__name__, where=where, src=request.remote_addr)
    return "unforeseen", f"The request could not be read. Reference: {reference.shown()}"


def _allow_other_origins(response: Response) -> Response:
    if (request.endpoint or "").removeprefix("oidc.") in _CROSS_ORIGIN:
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = "GET, POST"
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            response.headers["Access-Control-Max-Age"] = "3600"
        else:
            response.headers["Access-Control-Expose-Headers"] = "WWW-Authenticate"
    return response
