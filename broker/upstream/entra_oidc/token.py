"""Redeems codes and refresh tokens at Entra's token endpoint, and asks there for itself (entra-id reference, section
1.6; threats UO-24).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from broker.http_client import HttpClient, HttpFailure
from broker.identity import Secret
from broker.jose.verifying import MAX_TOKEN_BYTES
from broker.upstream.entra_oidc.client_assertion import ClientCredential
from broker.upstream.entra_oidc.errors import UpstreamError, from_token_answer

# An access or refresh token is opaque to us, so only its size can be judged (section 1.6).
_MAX_ACCESS_TOKEN: Final = MAX_TOKEN_BYTES
# A client that evaluates access continuously is given 28 hours at most (section 1.7).
_LONGEST_SECONDS: Final = 28 * 3600


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gave: the ID token is not verified yet."""

    id_token: str = field(repr=False)
    access_token: Secret | None
    refresh_token: Secret | None = None


@dataclass(frozen=True, slots=True)
class ApplicationToken:
    """An access token of the application itself, good for ``expires_in`` seconds."""

    access_token: Secret
    expires_in: int


class TokenEndpointDown(Exception):
    """No answer, or one that is neither tokens nor an error."""


class TokenEndpointRefused(Exception):
    """The endpoint answered with an error."""

    def __init__(self, error: UpstreamError) -> None:
        super().__init__(error.error)
        self.error = error


def redeem(
    http: HttpClient,
    credential: ClientCredential,
    *,
    token_endpoint: str,
    client_id: str,
    code: str,
    redirect_uri: str,
    code_verifier: str,
) -> Tokens:
    """The tokens of a code. One try: a code is never sent a second time, since a second use revokes (RFC 6749 section
    4.1.2).
    """
    return _read(
        _ask(
            http,
            credential,
            token_endpoint,
            {
                "client_id": client_id,
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri,
                "code_verifier": code_verifier,
            },
        )
    )


def redeem_refresh_token(
    http: HttpClient, credential: ClientCredential, *, token_endpoint: str, client_id: str, refresh_token: Secret
) -> Secret | None:
    """The refresh token that takes the place of this one, None if it goes on; returning at all says that it is good.

    Of the other tokens nothing is used: who the person is was believed at the sign-in.
    """
    form = {"client_id": client_id, "grant_type": "refresh_token", "refresh_token": refresh_token.reveal()}
    body = _ask(http, credential, token_endpoint, form)
    if _token(body, "access_token") is None:
        raise TokenEndpointDown("no access_token in the answer")
    return _token(body, "refresh_token")


def ask_for_itself(
    http: HttpClient, credential: ClientCredential, *, token_endpoint: str, client_id: str, scope: str
) -> ApplicationToken:
    """The grant of RFC 6749 section 4.4."""
    form = {"client_id": client_id, "grant_type": "client_credentials", "scope": scope}
    body = _ask(http, credential, token_endpoint, form)
    access_token, expires_in = _token(body, "access_token"), body.get("expires_in")
    if access_token is None or not isinstance(expires_in, int) or isinstance(expires_in, bool) or expires_in < 1:
        raise TokenEndpointDown("no usable access_token in the answer")
    return ApplicationToken(access_token, min(expires_in, _LONGEST_SECONDS))


def _ask(
    http: HttpClient, credential: ClientCredential, token_endpoint: str, form: Mapping[str, str]
) -> dict[str, Any]:
    try:
        answer = http.post_form(token_endpoint, {**form, **credential.fields(token_endpoint)})
        if answer.status != 200:
            raise TokenEndpointRefused(from_token_answer(answer))
        return answer.json_object()
    except HttpFailure as failure:
        raise TokenEndpointDown(str(failure)) from failure


def _read(body: dict[str, Any]) -> Tokens:
    id_token = body.get("id_token")
    if not isinstance(id_token, str) or not id_token:
        raise TokenEndpointDown("no id_token in the answer")
    return Tokens(id_token, _token(body, "access_token"), _token(body, "refresh_token"))


def _token(body: Mapping[str, Any], name: str) -> Secret | None:
    """A token that is opaque to us, if it is one in form."""
    value, token_type = body.get(name), body.get("token_type")
    usable = (
        isinstance(value, str)
        and 0 < len(value) <= _MAX_ACCESS_TOKEN
        and value.isascii()
        and value.isprintable()
        and isinstance(token_type, str)
        and token_type.lower() == "bearer"
    )
    return Secret(str(value)) if usable else None
