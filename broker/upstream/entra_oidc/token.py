"""Redeems a code at Entra's token endpoint (entra-id reference, section 1.6; threats UO-24)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from broker.http_client import HttpClient, HttpFailure
from broker.identity import Secret
from broker.jose.verifying import MAX_TOKEN_BYTES
from broker.upstream.entra_oidc.client_assertion import ClientCredential
from broker.upstream.entra_oidc.errors import UpstreamError, from_token_answer

# An access token is opaque to us, so only its size can be judged (section 1.6).
_MAX_ACCESS_TOKEN: Final = MAX_TOKEN_BYTES


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gave: the ID token is not verified yet."""

    id_token: str = field(repr=False)
    access_token: Secret | None


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
    form = {
        "client_id": client_id,
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": code_verifier,
        **credential.fields(token_endpoint),
    }
    try:
        answer = http.post_form(token_endpoint, form)
        if answer.status != 200:
            raise TokenEndpointRefused(from_token_answer(answer))
        return _read(answer.json_object())
    except HttpFailure as failure:
        raise TokenEndpointDown(str(failure)) from failure


def _read(body: dict[str, Any]) -> Tokens:
    id_token, access_token, token_type = body.get("id_token"), body.get("access_token"), body.get("token_type")
    if not isinstance(id_token, str) or not id_token:
        raise TokenEndpointDown("no id_token in the answer")
    usable = (
        isinstance(access_token, str)
        and 0 < len(access_token) <= _MAX_ACCESS_TOKEN
        and access_token.isascii()
        and access_token.isprintable()
        and isinstance(token_type, str)
        and token_type.lower() == "bearer"
    )
    return Tokens(id_token, Secret(str(access_token)) if usable else None)
