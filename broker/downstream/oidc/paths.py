"""Where the endpoints are, below the issuer. OpenID Connect Discovery 1.0 section 4 fixes the first one."""

from __future__ import annotations

from typing import Final

DISCOVERY: Final = "/.well-known/openid-configuration"
JWKS: Final = "/jwks"
AUTHORIZE: Final = "/authorize"
TOKEN: Final = "/token"  # noqa: S105 - a path
USERINFO: Final = "/userinfo"
INTROSPECTION: Final = "/introspect"
REVOCATION: Final = "/revoke"
