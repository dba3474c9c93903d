"""Who asks at the token endpoint, by exactly the method it is registered for (RFC 6749 section 2.3, threats DO-08)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_plus

from broker.downstream.oidc.errors import ClientRefused
from broker.downstream.oidc.parameters import Parameters
from broker.downstream.oidc.parties import RelyingParties, RelyingParty

# Characters; threats G7 allow a header line of 8 KiB.
_MAX_HEADER: Final = 8 * 1024

# Methods of which the trace in a request is enough to refuse it, since no client is registered for them.
_FOREIGN: Final = ("client_assertion", "client_assertion_type")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client showed, by which method."""

    method: str
    client_id: str
    secret: str = field(default="", repr=False)


def authenticate(parties: RelyingParties, parameters: Parameters, authorization: str | None) -> RelyingParty:
    """The party that proved itself; raises ``ClientRefused``, in the same way whatever was wrong."""
    shown = _present(parameters, authorization)
    party = parties.get(shown.client_id)
    if party is None:
        raise ClientRefused("not registered")
    if shown.method != party.authentication_method:
        raise ClientRefused(f"client {party.client_id}: not the registered method")
    if not _PROOFS[shown.method](party, shown):
        raise ClientRefused(f"client {party.client_id}: wrong secret")
    return party


def _present(parameters: Parameters, authorization: str | None) -> Credentials:
    """The one method that the request uses. Two at once are refused, whether or not they agree."""
    client_id = parameters.get("client_id")
    secret = parameters.get("client_secret")
    if any(parameters.get(name) is not None for name in _FOREIGN):
        raise ClientRefused("client assertions are not accepted")
    if authorization is not None:
        if secret is not None:
            raise ClientRefused("two methods at once")
        shown = _basic(authorization)
        if client_id is not None and client_id != shown.client_id:
            raise ClientRefused("client_id of another client than in the header")
        return shown
    if client_id is None:
        raise ClientRefused("no client")
    if secret is not None:
        return Credentials("client_secret_post", client_id, secret)
    return Credentials("none", client_id)


def _basic(authorization: str) -> Credentials:
    """The credentials of a Basic header: form-encoded on their own before they are joined (RFC 6749 section 2.3.1)."""
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "basic" or len(authorization) > _MAX_HEADER:
        raise ClientRefused("not Basic")
    try:
        joined = base64.b64decode(token.strip().encode("ascii"), validate=True).decode("utf-8")
        client_id, colon, secret = joined.partition(":")
        shown = Credentials("client_secret_basic", _form_decoded(client_id), _form_decoded(secret))
    except (binascii.Error, ValueError) as error:
        raise ClientRefused("malformed Basic credentials") from error
    if not colon or not shown.client_id or not shown.secret:
        raise ClientRefused("Basic credentials lack a part")
    return shown


def _form_decoded(text: str) -> str:
    return unquote_plus(text, errors="strict")


def _by_secret(party: RelyingParty, shown: Credentials) -> bool:
    return party.has_secret(shown.secret)


def _by_nothing(party: RelyingParty, _: Credentials) -> bool:
    """A public client proves nothing here; its proof is the PKCE verifier (RFC 9700 section 2.1.1)."""
    return party.secret_digest is None


_PROOFS: Final[dict[str, Callable[[RelyingParty, Credentials], bool]]] = {
    "client_secret_basic": _by_secret,
    "client_secret_post": _by_secret,
    "none": _by_nothing,
}
