"""Discovery and key documents, v2.0 and v1.0 (entra-id reference 1.1, 1.2)."""

from __future__ import annotations

import json
import secrets
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, make_response, request

from broker.demo.entra.authority import authority_of
from broker.demo.entra.directory import Authority
from broker.demo.entra.errors import refusal
from broker.demo.entra.state import Simulator

_JSON = "application/json; charset=utf-8"


def discovery_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("discovery", __name__)

    @blueprint.get("/<tenant>/v2.0/.well-known/openid-configuration")
    def metadata(tenant: str) -> Response:
        authority = authority_of(simulator, tenant)
        return _published(json.dumps(_metadata(simulator.base_url, authority, request.args.get("appid"))).encode())

    @blueprint.get("/<tenant>/.well-known/openid-configuration")
    def metadata_v1(tenant: str) -> Response:
        return _published(json.dumps(_metadata_v1(simulator.base_url, authority_of(simulator, tenant))).encode())

    @blueprint.get("/<tenant>/discovery/v2.0/keys")
    def keys(tenant: str) -> Response:
        authority_of(simulator, tenant)
        return _published(simulator.keys.document())

    @blueprint.get("/<tenant>/discovery/keys")
    def keys_v1(tenant: str) -> Response:
        authority_of(simulator, tenant)
        return _published(simulator.keys.document(v1=True))

    @blueprint.get("/common/discovery/instance")
    def instance() -> Response:
        """What Microsoft's libraries ask about an authority they do not know."""
        if request.args.get("api-version") not in ("1.0", "1.1"):
            raise refusal(900144, parameter="api-version")
        asked = urlsplit(request.args.get("authorization_endpoint", ""))
        segment = asked.path.strip("/").partition("/")[0]
        host = urlsplit(simulator.base_url).netloc
        if asked.netloc != host:
            raise refusal(9002313)
        authority = authority_of(simulator, segment)
        return make_response(
            jsonify(
                {
                    "tenant_discovery_endpoint": (
                        f"{simulator.base_url}/{authority.segment}/v2.0/.well-known/openid-configuration"
                    ),
                    "api-version": request.args["api-version"],
                    "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
                }
            )
        )

    return blueprint


def _published(body: bytes) -> Response:
    """With the headers of a captured discovery answer; its cookies are Entra's as well."""
    response = Response(body, content_type=_JSON)
    response.headers["Cache-Control"] = "max-age=86400, private"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Methods"] = "GET, OPTIONS"
    for name in ("fpc", "esctx"):
        response.set_cookie(name, f"simulated-{secrets.token_urlsafe(16)}", httponly=True)
    return response


def _issuer(base_url: str, authority: Authority) -> str:
    """On the aliases a template, with the braces."""
    return f"{base_url}/{authority.tenant.tenant_id if authority.tenant else '{tenantid}'}/v2.0"


def _metadata(base_url: str, authority: Authority, app_id: str | None) -> dict[str, Any]:
    """The captured fields, in their order."""
    root = f"{base_url}/{authority.segment}"
    return {
        "token_endpoint": f"{root}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": f"{root}/discovery/v2.0/keys" + (f"?appid={app_id}" if app_id else ""),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": _issuer(base_url, authority),
        "request_uri_parameter_supported": False,
        "userinfo_endpoint": f"{base_url}/oidc/userinfo",
        "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
        # Named as the original names them; these two endpoints are not simulated.
        "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "end_session_endpoint": f"{root}/oauth2/v2.0/logout",
        "claims_supported": [
            "sub",
            "iss",
            "cloud_instance_name",
            "cloud_instance_host_name",
            "cloud_graph_host_name",
            "msgraph_host",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "acr",
            "nonce",
            "preferred_username",
            "name",
            "tid",
            "ver",
            "at_hash",
            "c_hash",
            "email",
        ],
        "kerberos_endpoint": f"{root}/kerberos",
        "tenant_region_scope": _region(authority),
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": urlsplit(base_url).netloc,
        "rbac_url": "https://pas.windows.net",
    }


def _metadata_v1(base_url: str, authority: Authority) -> dict[str, Any]:
    """The v1.0 twin: another issuer, keys without issuers. Its endpoints are those of v2.0, as v1.0 has none here."""
    tenant_id = authority.tenant.tenant_id if authority.tenant else "{tenantid}"
    return _metadata(base_url, authority, None) | {
        "issuer": f"https://sts.windows.net/{tenant_id}/",
        "jwks_uri": f"{base_url}/{authority.segment}/discovery/keys",
    }


def _region(authority: Authority) -> str | None:
    return authority.tenant.region if authority.tenant and not authority.tenant.is_consumer else None
