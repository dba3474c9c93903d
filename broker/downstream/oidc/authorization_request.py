"""A validated authorization request as a value, and its way through the transaction as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlencode

from pydantic import TypeAdapter

from broker.downstream.oidc.errors import OAuthError
from broker.messages import FormPost, Redirect, Reply

ResponseMode = Literal["query", "form_post"]


@dataclass(frozen=True, slots=True)
class ReplyAddress:
    """Where an answer goes, once client and redirect URI are proved."""

    client_id: str
    redirect_uri: str
    response_mode: ResponseMode
    state: str | None


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What the application is to get. ``subjects``: only one of these will do as ``sub``, None for anybody."""

    reply_to: ReplyAddress
    scopes: tuple[str, ...]
    code_challenge: str | None
    nonce: str | None = None
    id_token_claims: tuple[str, ...] = ()
    userinfo_claims: tuple[str, ...] = ()
    subjects: tuple[str, ...] | None = None


_REQUEST: Final = TypeAdapter(AuthorizationRequest)


def dump(request: AuthorizationRequest) -> str:
    """The note that waits in the transaction."""
    return _REQUEST.dump_json(request).decode("utf-8")


def load(note: str) -> AuthorizationRequest:
    """The request of a note that we wrote ourselves."""
    return _REQUEST.validate_json(note)


def reply_with(address: ReplyAddress, fields: Mapping[str, str]) -> Reply:
    """The answer in the response mode that was asked for."""
    if address.response_mode == "form_post":
        return FormPost(address.redirect_uri, dict(fields))
    # A registered query stays as it is and ours follows it (RFC 6749 section 3.1.2).
    separator = "&" if "?" in address.redirect_uri else "?"
    return Redirect(address.redirect_uri + separator + urlencode(fields))


def refusal(address: ReplyAddress, error: OAuthError, issuer: str) -> Reply:
    """The error answer (RFC 6749 section 4.1.2.1) with the issuer, so that it is not taken for another's (RFC 9207)."""
    fields = {"error": error.code, "error_description": error.description}
    if address.state is not None:
        fields["state"] = address.state
    return reply_with(address, {**fields, "iss": issuer})
