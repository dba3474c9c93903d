"""Authorization responses in their three shapes (entra-id reference 1.5)."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Response, make_response, redirect

from broker.demo.entra.authorize_request import AuthorizeRequest, ReplyAddress
from broker.demo.entra.cookie import browser_cookie
from broker.demo.entra.errors import EntraError, as_parameters
from broker.demo.entra.grants import Authorization, Code
from broker.demo.entra.id_token import half_hash, issue_id_token
from broker.demo.entra.interaction import SignedIn
from broker.demo.entra.no_store import no_store
from broker.demo.entra.pages import SUBMIT_SCRIPT, page
from broker.demo.entra.state import Simulator
from broker.demo.entra.timing import moment_of
from broker.demo.entra.token_answer import access_token_lifetime


def reply_with_success(simulator: Simulator, request: AuthorizeRequest, end: SignedIn) -> Response:
    """Sends what was asked for: the code, and tokens where the registration allows them."""
    now = moment_of()
    authorization = Authorization(
        request.client_id,
        end.user.tenant_id,
        end.user.oid,
        request.scopes,
        request.scope,
        auth_time=end.session.authenticated_at,
        sid=end.session.sid,
        nonce=request.nonce,
        mfa=end.session.mfa,
        contexts=request.contexts,
        evaluates_continuously=request.evaluates_continuously,
        session_generation=end.user.session_generation,
    )
    parameters: dict[str, str] = {}
    hashes: dict[str, str] = {}
    if "code" in request.response_types:
        parameters["code"] = simulator.grants.issue_code(
            Code(
                authorization,
                request.authority.segment,
                request.reply.redirect_uri,
                request.challenge,
                request.challenge_method,
                now,
            )
        )
        hashes["c_hash"] = half_hash(parameters["code"])
    if "token" in request.response_types:
        lifetime = access_token_lifetime(authorization)
        parameters["access_token"] = simulator.grants.issue_access_token(authorization, now + lifetime)
        parameters |= {
            "token_type": "Bearer",
            "expires_in": str(int(lifetime.total_seconds())),
            "scope": request.scope,
        }
        hashes["at_hash"] = half_hash(parameters["access_token"])
    if "id_token" in request.response_types:
        registration = request.reply.registration
        parameters["id_token"] = issue_id_token(
            simulator, authorization, end.user, registration, implicit=True, **hashes
        )
    if request.client_info:
        parameters["client_info"] = client_info(authorization)
    if request.reply.state is not None:
        parameters["state"] = request.reply.state
    parameters["session_state"] = end.session.sid
    simulator.sessions.note_application(browser_cookie(), end.session.key, request.client_id, end.user.tenant_id)
    return _send(request.reply, parameters)


def reply_with_error(simulator: Simulator, reply: ReplyAddress, error: EntraError) -> Response:
    """Tells the application; the headers are those of captured answers (entra-id reference 2.1)."""
    parameters = as_parameters(error, moment_of(), simulator.base_url)
    if reply.state is not None:
        parameters["state"] = reply.state
    response = _send(reply, parameters)
    response.headers["x-ms-clitelem"] = f"1,{error.code},0,,"
    return response


def _send(reply: ReplyAddress, parameters: Mapping[str, str]) -> Response:
    if reply.response_mode == "form_post":
        return page("form_post.html", framed=True, action=reply.redirect_uri, fields=parameters, script=SUBMIT_SCRIPT)
    if reply.response_mode == "fragment":
        return no_store(make_response(redirect(f"{reply.redirect_uri}#{urlencode(parameters)}")))
    joint = "&" if "?" in reply.redirect_uri else "?"
    return no_store(make_response(redirect(f"{reply.redirect_uri}{joint}{urlencode(parameters)}")))


def client_info(authorization: Authorization) -> str:
    """The person's object id and tenant, as Microsoft's libraries ask for them."""
    described = json.dumps({"uid": authorization.oid, "utid": authorization.tenant_id}, separators=(",", ":"))
    return urlsafe_b64encode(described.encode()).rstrip(b"=").decode()
