"""The only home of pyop: its provider, with every part replaced that reference/threats L1 to L11 and L18 name.

What pyop does here: it types and checks the authorization and the token message, runs its list of request rules,
builds the authorization and the token response, and holds the metadata. What it does not: prove clients or redirect
URIs first, authenticate clients, keep codes and tokens, derive subjects, sign. Its own doors to those are walled up
below.

No text of a pyop exception goes anywhere: it may quote codes and tokens (L8).
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn
from urllib.parse import urlencode

from oic.oic.message import AuthorizationResponse
from pyop.access_token import AccessToken
from pyop.message import AccessTokenRequest, AuthorizationRequest
from pyop.provider import Provider
from pyop.request_validator import (
    authorization_request_verify,
    client_id_is_known,
    redirect_uri_is_in_registered_redirect_uris,
    requested_scope_is_supported,
    response_type_is_in_registered_response_types,
    userinfo_claims_only_specified_when_access_token_is_issued,
)

from broker.downstream.oidc.errors import AuthorizationRefused, TokenRefused
from broker.downstream.oidc.grants import CodeGrant
from broker.downstream.oidc.parties import RelyingParties, RelyingParty

# They log tokens and codes below this level (L8).
for _name in ("pyop", "oic", "jwkest"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class AuthorizationMessage:
    """The typed parameters of an authorization request that passed the library's rules."""

    scopes: tuple[str, ...]
    prompts: frozenset[str]
    max_age_seconds: int | None
    acr_values: tuple[str, ...]
    ui_locales: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CodeTokenRequest:
    """The parameters of a token request for a code."""

    code: str
    redirect_uri: str
    code_verifier: str | None


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """What has been issued for a redeemed code and is to be told the client."""

    request: CodeTokenRequest
    grant: CodeGrant
    subject: str
    access_token: str
    expires_in_seconds: int
    id_token: str
    refresh_token: str | None = None


class BrokerProvider(Provider):
    """pyop's provider over our parties, state and signatures. Shared by threads: a call's own state is in a copy."""

    def __init__(self, metadata: Mapping[str, Any], parties: RelyingParties) -> None:
        super().__init__(None, dict(metadata), _Elsewhere(), _Clients(parties), _Nobody())
        # The library adds members of its own ("version", and defaults that are not true of us) and puts lists in
        # random order.
        self._metadata: Final = dict(metadata)
        rules: list[Callable[..., None]] = [
            _with(self, client_id_is_known),
            _with(self, redirect_uri_is_in_registered_redirect_uris),
            _with(self, response_type_is_in_registered_response_types),
            authorization_request_verify,
            userinfo_claims_only_specified_when_access_token_is_issued,
            _with(self, requested_scope_is_supported),
        ]
        self.authentication_request_validators = rules

    @property
    def provider_configuration(self) -> Mapping[str, Any]:
        """The metadata. The library's own copies all of it at every access."""
        return self._metadata

    # -- authorization ----------------------------------------------------------------------------------------

    def read_authorization_request(self, parameters: Mapping[str, str]) -> AuthorizationMessage:
        """Types and checks the parameters of a proved party; raises ``AuthorizationRefused``.

        Whatever carries a structure of its own (hints, claims, request objects) has been dealt with before and is not
        among them: the library takes unsigned tokens for good (L4).
        """
        try:
            message = self.parse_authentication_request(urlencode(parameters))
            return AuthorizationMessage(
                scopes=tuple(message["scope"]),
                prompts=frozenset(message.get("prompt", ())),
                max_age_seconds=message.get("max_age"),
                acr_values=tuple(message.get("acr_values", ())),
                ui_locales=tuple(message.get("ui_locales", ())),
            )
        except Exception as error:  # The library raises much outside its own tree on plain bad input (L7).
            said = "The request is malformed."
            raise AuthorizationRefused("invalid_request", "params", said, detail=type(error).__name__) from None

    def authorization_response(
        self, client_id: str, redirect_uri: str, scopes: tuple[str, ...], state: str | None, subject: str, code: str
    ) -> dict[str, str]:
        """The fields of a positive answer."""
        message = AuthorizationRequest(
            client_id=client_id, redirect_uri=redirect_uri, response_type=["code"], scope=list(scopes)
        )
        if state is not None:
            message["state"] = state
        response: AuthorizationResponse = self._over(_CodeState(code)).authorize(message, subject)
        response["iss"] = self._metadata["issuer"]
        return {name: str(value) for name, value in response.to_dict().items()}

    # -- token ------------------------------------------------------------------------------------------------

    def read_code_request(self, parameters: Mapping[str, str]) -> CodeTokenRequest:
        """The parameters of ``grant_type=authorization_code``; raises ``TokenRefused`` if one is missing."""
        try:
            message = AccessTokenRequest().from_dict(parameters)
            message.verify()
            return CodeTokenRequest(message["code"], message["redirect_uri"], message.get("code_verifier"))
        except Exception as error:  # As above (L7).
            said = "The request is malformed or lacks a parameter."
            raise TokenRefused("invalid_request", "params", said, detail=type(error).__name__) from None

    def token_response(self, issued: IssuedTokens) -> dict[str, Any]:
        """The members of the answer to a code's redemption (OpenID Connect Core 3.1.3.3).

        The library compares client, redirect URI and verifier with the grant once more on its way.
        """
        request = issued.request
        fields = {
            "grant_type": "authorization_code",
            "client_id": issued.grant.client_id,
            "code": request.code,
            "redirect_uri": request.redirect_uri,
            "code_verifier": request.code_verifier,
        }
        response = self._over(_IssuedState(issued))._do_code_exchange(fields)
        response["scope"] = list(issued.grant.scopes)
        members: dict[str, Any] = response.to_dict()
        return members

    # -- what the library asks for on its way -----------------------------------------------------------------

    def _over(self, state: _State) -> BrokerProvider:
        """This provider for one call."""
        call = copy.copy(self)
        call.authz_state = state
        return call

    def _create_subject_identifier(self, user_id: str, client_id: str, redirect_uri: str) -> str:  # noqa: ARG002 - its signature
        # Derived by ``subjects`` before; the library joins its parts without a separator (L18).
        return user_id

    def _create_signed_id_token(self, *_: Any, **__: Any) -> str:
        # Signed by ``minting`` before, for the one who was admitted.
        token: str = self.authz_state.id_token
        return token

    # -- walled up --------------------------------------------------------------------------------------------

    @property
    def jwks(self) -> NoReturn:
        raise TypeError("the key ring publishes its keys: the library has room for one")

    def handle_token_request(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("token requests are dispatched by the token endpoint")

    def handle_userinfo_request(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("claims are released by the UserInfo endpoint")

    def handle_client_registration_request(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("clients are configured")

    def logout_user(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("sessions are ended by the broker; the library believes unsigned hints")

    def do_post_logout_redirect(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("as logout_user")

    def _verify_client_authentication(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("clients are authenticated by the token endpoint")

    def _do_token_refresh(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("refresh tokens are exchanged by ours; the library does not bind them to a client")


def _with(provider: BrokerProvider, rule: Callable[..., None]) -> Callable[..., None]:
    return lambda message: rule(provider, message)


class _State:
    """The duck type that pyop keeps codes and tokens in: without a subject table, so that nothing is scanned (L10)."""

    stateless = True


class _Elsewhere(_State):
    """No state: outside a call there is nothing to ask for."""


class _CodeState(_State):
    """One authorization: the code that was issued for it."""

    def __init__(self, code: str) -> None:
        self._code = code

    def create_authorization_code(self, *_: Any, **__: Any) -> str:
        return self._code


class _IssuedState(_State):
    """One redemption: the code is taken and the tokens are issued; the library is told of them in its own words."""

    def __init__(self, issued: IssuedTokens) -> None:
        self._issued = issued
        self.id_token = issued.id_token

    def get_authorization_request_for_code(self, _: str) -> AuthorizationRequest:
        grant = self._issued.grant
        challenge = {"code_challenge": grant.code_challenge, "code_challenge_method": "S256"}
        return AuthorizationRequest(
            client_id=grant.client_id,
            redirect_uri=grant.redirect_uri,
            response_type=["code"],
            scope=list(grant.scopes),
            **(challenge if grant.code_challenge is not None else {}),
        )

    def get_subject_identifier_for_code(self, _: str) -> str:
        return self._issued.subject

    def _access_token(self, _: str) -> AccessToken:
        return AccessToken(self._issued.access_token, self._issued.expires_in_seconds)

    exchange_code_for_token = _access_token

    def create_refresh_token(self, _: str) -> str | None:
        return self._issued.refresh_token

    def get_extra_id_token_claims_for_code(self, _: str) -> dict[str, Any]:
        return {}

    def get_user_info_for_code(self, _: str) -> dict[str, Any]:
        return {}


class _Nobody:
    """The library's table of users: empty, since claims are released by ``claims`` (L6)."""

    def __getitem__(self, _: str) -> dict[str, Any]:
        return {}

    def get_claims_for(self, *_: Any) -> dict[str, Any]:
        return {}


class _Clients(Mapping[str, Mapping[str, Any]]):
    """Our parties as the client metadata that the library's rules read."""

    def __init__(self, parties: RelyingParties) -> None:
        self._parties = parties

    def __getitem__(self, client_id: str) -> Mapping[str, Any]:
        party = self._parties.get(client_id)
        if party is None:
            raise KeyError(client_id)
        return {"redirect_uris": _RedirectUris(party), "response_types": ["code"]}

    def __iter__(self) -> Iterator[str]:
        raise TypeError("clients are looked up, never listed")

    def __len__(self) -> int:
        raise TypeError("clients are looked up, never counted")


@dataclass(frozen=True, slots=True)
class _RedirectUris:
    party: RelyingParty

    def __contains__(self, redirect_uri: str) -> bool:
        return self.party.registers(redirect_uri)
