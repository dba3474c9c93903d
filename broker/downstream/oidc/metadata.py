"""What the provider says of itself (OpenID Connect Discovery 1.0 section 3, RFC 8414): exactly what it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from broker.downstream.oidc import claims, paths

# OpenID Connect Core 15.1: RS256 is the one that every application can verify, so it comes first.
ID_TOKEN_ALGORITHMS: Final = ("RS256", "ES256", "PS256", "EdDSA")
GRANT_TYPES: Final = ("authorization_code", "refresh_token", "client_credentials")
RESPONSE_MODES: Final = ("query", "form_post")

_ID_TOKEN_CLAIMS: Final = (
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "sid",
    "at_hash",
)


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """``issuer``: the public address, without a final slash. ``acr_values``: the context classes that can be given."""

    issuer: str
    acr_values: tuple[str, ...] = ()
    ui_locales: tuple[str, ...] = ("en", "el")


def provider_metadata(settings: ProviderSettings) -> dict[str, Any]:
    """The members of the discovery document, every one said outright."""
    issuer = settings.issuer
    document: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": issuer + paths.AUTHORIZE,
        "token_endpoint": issuer + paths.TOKEN,
        "userinfo_endpoint": issuer + paths.USERINFO,
        "introspection_endpoint": issuer + paths.INTROSPECTION,
        "revocation_endpoint": issuer + paths.REVOCATION,
        "jwks_uri": issuer + paths.JWKS,
        "scopes_supported": list(claims.SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(GRANT_TYPES),
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": list(ID_TOKEN_ALGORITHMS),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        # A public client has nothing to prove itself with where others' tokens may be asked about (RFC 7662 section 4).
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "claim_types_supported": ["normal"],
        "claims_supported": [*_ID_TOKEN_CLAIMS, *(claim.name for claim in claims.CLAIMS)],
        "ui_locales_supported": list(settings.ui_locales),
        "claims_parameter_supported": True,
        # Left out, the second of these two would count as true.
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }
    if settings.acr_values:
        document["acr_values_supported"] = list(settings.acr_values)
    return document
