"""What the OpenID Provider refuses, in its protocol's own words.

OAuthError
 ├─ AuthorizationRefused       goes to the proved redirect URI (RFC 6749 section 4.1.2.1, OpenID Connect Core 3.1.2.6)
 ├─ TokenRefused          400  JSON (RFC 6749 section 5.2)
 │   └─ ClientRefused     401  the client did not prove itself
 └─ BearerRefused         401  JSON and WWW-Authenticate (RFC 6750 section 3)

An unproved client or redirect URI is none of these: it is a ``BadRequest``, a page of ours (threats DO-02). The
description is a fixed sentence in the characters of RFC 6749 section 4.1.2.1 and never repeats what was sent.
``event`` and ``reason`` are the log words of the threat catalogue, ``detail`` is for the log alone.
"""

from __future__ import annotations

from typing import ClassVar


class OAuthError(Exception):
    """A refusal that an application reads."""

    status: ClassVar[int] = 400

    def __init__(
        self, code: str, reason: str, description: str, *, detail: str = "", event: str = "oauth_rejected"
    ) -> None:
        super().__init__(f"{code}/{reason}")
        self.code = code
        self.reason = reason
        self.description = description
        self.detail = detail
        self.event = event


class AuthorizationRefused(OAuthError):
    """An authorization request whose client and redirect URI are proved, and which is refused."""


class TokenRefused(OAuthError):
    """A token request that is refused."""


class ClientRefused(TokenRefused):
    """The client did not prove itself by exactly the method it is registered for (threats DO-08)."""

    status: ClassVar[int] = 401

    def __init__(self, detail: str) -> None:
        super().__init__("invalid_client", "client_auth", "The client could not be authenticated.", detail=detail)


class BearerRefused(OAuthError):
    """A request without an access token of ours that still opens something.

    ``code`` is empty when the request brought no token at all: then RFC 6750 section 3.1 says to name no error.
    """

    @property
    def http_status(self) -> int:
        return {"invalid_request": 400, "insufficient_scope": 403}.get(self.code, 401)
