"""``/{tenant}/oauth2/v2.0/token`` (entra-id reference 1.6)."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, request

from broker.demo.entra.authority import authority_of
from broker.demo.entra.client_authentication import authenticate_client
from broker.demo.entra.directory import Authority
from broker.demo.entra.errors import EntraError, as_json, refusal
from broker.demo.entra.grants import CODE_LIFETIME, REFRESH_INACTIVITY, Authorization, Code
from broker.demo.entra.id_token import issue_id_token
from broker.demo.entra.model import AppRegistration, User
from broker.demo.entra.next_step import challenge, may_sign_in
from broker.demo.entra.no_store import no_store
from broker.demo.entra.replies import client_info
from broker.demo.entra.scopes import delegated_scopes, is_default_of_graph
from broker.demo.entra.state import Simulator
from broker.demo.entra.timing import moment_of
from broker.demo.entra.token_answer import access_token_lifetime, token_answer


def token_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("token", __name__)
    grants = {
        "authorization_code": _authorization_code,
        "refresh_token": _refresh_token,
        "client_credentials": _client_credentials,
    }

    @blueprint.post("/<tenant>/oauth2/v2.0/token")
    def token(tenant: str) -> Response:
        try:
            for name, values in request.form.lists():
                if len(values) > 1:
                    raise refusal(9000411, parameter=name)
            authority = authority_of(simulator, tenant)
            grant_type = request.form.get("grant_type", "")
            if not grant_type:
                raise refusal(900144, parameter="grant_type")
            if grant_type not in grants:
                raise refusal(70003, grant_type=grant_type)
            authorization_header = request.headers.get("Authorization", "")
            registration = authenticate_client(simulator, request.form, authorization_header, authority)
            body = grants[grant_type](simulator, request.form, registration, authority)
        except EntraError as error:
            response = make_response(jsonify(as_json(error, moment_of(), simulator.base_url)), error.status)
            response.headers["x-ms-clitelem"] = f"1,{error.code},0,,"
            return no_store(response)
        return no_store(make_response(jsonify(body)))

    return blueprint


def _authorization_code(
    simulator: Simulator, form: Mapping[str, str], registration: AppRegistration, authority: Authority
) -> dict[str, Any]:
    for name in ("code", "redirect_uri"):
        if not form.get(name):
            raise refusal(900144, parameter=name)
    code = simulator.grants.code(form["code"])
    if code.authorization.client_id != registration.client_id:
        raise refusal(70000)
    if code.segment != authority.segment:
        raise refusal(700005)
    if moment_of() - code.issued_at > CODE_LIFETIME:
        raise refusal(70008)
    if form["redirect_uri"] != code.redirect_uri:
        raise refusal(500112)
    _check_verifier(code, form.get("code_verifier"))
    user = _still_allowed(simulator, code.authorization, registration)
    authorization = _narrowed(simulator, simulator.grants.redeem(form["code"]).authorization, user, form)
    return _answer(simulator, authorization, user, registration, form)


def _check_verifier(code: Code, verifier: str | None) -> None:
    """RFC 7636 section 4.6; a verifier nobody announced is refused as well (RFC 9700 section 2.1.1)."""
    if code.challenge is None:
        if verifier is not None:
            raise refusal(501481)
        return
    said = verifier or ""
    if code.challenge_method == "S256":
        said = urlsafe_b64encode(hashlib.sha256(said.encode()).digest()).rstrip(b"=").decode()
    if not hmac.compare_digest(said.encode(), code.challenge.encode()):
        raise refusal(501481)


def _refresh_token(
    simulator: Simulator, form: Mapping[str, str], registration: AppRegistration, authority: Authority
) -> dict[str, Any]:
    if not form.get("refresh_token"):
        raise refusal(900144, parameter="refresh_token")
    found = simulator.grants.refresh_token(form["refresh_token"])
    authorization = found.authorization
    if authorization.client_id != registration.client_id:
        raise refusal(70000)
    if found.refused_with is not None:
        raise refusal(found.refused_with)
    if moment_of() - found.issued_at > REFRESH_INACTIVITY:
        raise refusal(700082)
    user = _still_allowed(simulator, _moved(simulator, authorization, authority), registration)
    issued_to = simulator.directory.user(authorization.tenant_id, authorization.oid or "")
    if issued_to is None or authorization.session_generation != issued_to.session_generation:
        raise refusal(50173)
    often = user.sign_in_frequency_seconds
    since = authorization.auth_time
    if often is not None and since is not None and (moment_of() - since).total_seconds() > often:
        raise refusal(70043)
    if user.mfa_required and not authorization.mfa:
        raise refusal(50076, claims=challenge(user))
    moved = replace(
        authorization,
        tenant_id=user.tenant_id,
        oid=user.oid,
        nonce=None,
        session_generation=user.session_generation,
    )
    return _answer(simulator, _narrowed(simulator, moved, user, form), user, registration, form)


def _moved(simulator: Simulator, authorization: Authorization, authority: Authority) -> Authorization:
    """A refresh token is bound to person and client, not to a tenant: elsewhere it is worth what the person is."""
    if authority.tenant is None or authority.tenant.tenant_id == authorization.tenant_id:
        return authorization
    directory = simulator.directory
    there = directory.user(authorization.tenant_id, authorization.oid or "")
    account = directory.user(*there.account_key) if there else None
    user = directory.member_at(authority, account) if account else None
    if user is None:
        raise refusal(50020, user=there.sign_in_name if there else "", tenant=authority.tenant.display_name).said_as(
            "invalid_grant"
        )
    return replace(authorization, tenant_id=user.tenant_id, oid=user.oid)


def _still_allowed(simulator: Simulator, authorization: Authorization, registration: AppRegistration) -> User:
    """The person, unless the tenant has changed its mind since; raises ``EntraError``."""
    user = simulator.directory.user(authorization.tenant_id, authorization.oid or "")
    if user is None:
        raise refusal(50034, user=authorization.oid or "")
    may_sign_in(user, registration, simulator.directory)
    if simulator.directory.service_principal(registration.client_id, user.tenant_id) is None:
        raise refusal(700016, client=registration.client_id, tenant=user.tenant_id)
    if not authorization.scopes <= simulator.directory.granted(registration.client_id, user):
        raise refusal(65001, client=registration.client_id)
    return user


def _narrowed(simulator: Simulator, authorization: Authorization, user: User, form: Mapping[str, str]) -> Authorization:
    """With the scopes of this request, if it names any."""
    scope = form.get("scope")
    if not scope:
        return authorization
    granted = simulator.directory.granted(authorization.client_id, user)
    scopes = delegated_scopes(scope, simulator.base_url, granted)
    if not scopes <= granted:
        raise refusal(65001, client=authorization.client_id)
    return replace(authorization, scopes=scopes, scope=scope)


def _answer(
    simulator: Simulator,
    authorization: Authorization,
    user: User,
    registration: AppRegistration,
    form: Mapping[str, str],
) -> dict[str, Any]:
    now = moment_of()
    lifetime = access_token_lifetime(authorization)
    more: dict[str, str] = {}
    if "offline_access" in authorization.scopes:
        more["refresh_token"] = simulator.grants.issue_refresh_token(authorization, now)
    if "openid" in authorization.scopes:
        more["id_token"] = issue_id_token(simulator, authorization, user, registration)
    if form.get("client_info") == "1":
        more["client_info"] = client_info(authorization)
    access_token = simulator.grants.issue_access_token(authorization, now + lifetime)
    return token_answer(authorization, access_token, lifetime, **more)


def _client_credentials(
    simulator: Simulator, form: Mapping[str, str], registration: AppRegistration, authority: Authority
) -> dict[str, Any]:
    if authority.tenant is None or authority.tenant.is_consumer:
        raise refusal(9001023)
    scope = form.get("scope", "")
    if not is_default_of_graph(scope, simulator.base_url):
        raise refusal(70011, scope=scope)
    tenant_id = authority.tenant.tenant_id
    principal = simulator.directory.service_principal(registration.client_id, tenant_id)
    if principal is None or principal.state == "removed":
        raise refusal(700016, client=registration.client_id, tenant=tenant_id)
    if principal.state == "disabled":
        raise refusal(7000112, client=registration.client_id)
    authorization = Authorization(registration.client_id, tenant_id, None, principal.application_permissions, scope)
    lifetime = access_token_lifetime(authorization)
    access_token = simulator.grants.issue_access_token(authorization, moment_of() + lifetime)
    body = token_answer(authorization, access_token, lifetime)
    del body["scope"]  # Entra does not say it back for this grant.
    return body
