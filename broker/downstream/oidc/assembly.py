"""Puts the OpenID Provider together from its ports, so that the composition root need not know its parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint

from broker.admission import Gate
from broker.clock import Clock
from broker.downstream.oidc.authorization_endpoint import AuthorizationEndpoint
from broker.downstream.oidc.endpoints import BeginLogin, OidcEndpoints, create_blueprint
from broker.downstream.oidc.grants import GrantLifetimes, Grants
from broker.downstream.oidc.metadata import ProviderSettings, provider_metadata
from broker.downstream.oidc.minting import IdTokens
from broker.downstream.oidc.parties import RelyingParties
from broker.downstream.oidc.provider import BrokerProvider
from broker.downstream.oidc.responder import NAME, OidcResponder
from broker.downstream.oidc.standing import StandingPeople
from broker.downstream.oidc.subjects import Subjects
from broker.downstream.oidc.token_endpoint import SessionIsLive, TokenEndpoint
from broker.downstream.oidc.userinfo_endpoint import UserInfoEndpoint
from broker.entropy import Entropy
from broker.jose.key_ring import KeyRing
from broker.organizations import Organizations
from broker.store.directory import Directory
from broker.store.state import StateStore


@dataclass(frozen=True, slots=True)
class ProviderPorts:
    """What the provider stands on. ``pairwise_key``: 32 bytes or more that never change, or pairwise subjects do."""

    store: StateStore
    directory: Directory
    organizations: Organizations
    gate: Gate
    keys: KeyRing
    clock: Clock
    entropy: Entropy
    parties: RelyingParties
    session_is_live: SessionIsLive
    pairwise_key: bytes


@dataclass(frozen=True, slots=True)
class TokenLifetimes:
    """How long what applications receive is good."""

    code: timedelta
    access_token: timedelta
    id_token: timedelta


@dataclass(frozen=True, slots=True)
class OpenIdProvider:
    """The provider, ready: ``responder`` for the login flow, ``grants`` to end what a session gave out."""

    responder: OidcResponder
    grants: Grants
    endpoints: OidcEndpoints

    def blueprint(self) -> Blueprint:
        return create_blueprint(self.endpoints)


def assemble(
    settings: ProviderSettings, lifetimes: TokenLifetimes, ports: ProviderPorts, begin_login: BeginLogin
) -> OpenIdProvider:
    """The provider of one issuer. Importing the library it stands on takes a quarter of a second, once."""
    issuer, parties = settings.issuer, ports.parties
    grants = Grants(ports.store, ports.clock, ports.entropy, GrantLifetimes(lifetimes.code, lifetimes.access_token))
    subjects = Subjects(ports.pairwise_key)
    people = StandingPeople(ports.directory, ports.gate, ports.organizations)
    provider = BrokerProvider(provider_metadata(settings), parties)
    token = TokenEndpoint(
        provider=provider,
        parties=parties,
        grants=grants,
        people=people,
        session_is_live=ports.session_is_live,
        subjects=subjects,
        id_tokens=IdTokens(issuer, ports.keys, ports.clock, lifetimes.id_token),
    )
    endpoints = OidcEndpoints(
        issuer=issuer,
        provider=provider,
        keys=ports.keys,
        authorization=AuthorizationEndpoint(NAME, issuer, provider, parties, ports.keys),
        token=token,
        userinfo=UserInfoEndpoint(parties, grants, people, subjects),
        begin_login=begin_login,
    )
    return OpenIdProvider(OidcResponder(issuer, provider, parties, grants, subjects), grants, endpoints)
