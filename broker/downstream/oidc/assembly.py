"""Puts the OpenID Provider together from its ports, so that the composition root need not know its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint

from broker.admission import Gate
from broker.clock import Clock
from broker.downstream.oidc.api_tokens import ApiTokens
from broker.downstream.oidc.authorization_endpoint import AuthorizationEndpoint
from broker.downstream.oidc.back_channel import PAUSES, BackChannel, Post
from broker.downstream.oidc.client_credentials import ClientCredentials
from broker.downstream.oidc.code_exchange import CodeExchange, SessionIsLive
from broker.downstream.oidc.ending import PartyEndings
from broker.downstream.oidc.endpoints import BeginLogin, OidcEndpoints, create_blueprint
from broker.downstream.oidc.grants import GrantLifetimes, Grants
from broker.downstream.oidc.introspection_endpoint import IntrospectionEndpoint
from broker.downstream.oidc.logout_tokens import LogoutTokens
from broker.downstream.oidc.metadata import ProviderSettings, provider_metadata
from broker.downstream.oidc.minting import IdTokens
from broker.downstream.oidc.participants import Participants
from broker.downstream.oidc.parties import RelyingParties
from broker.downstream.oidc.provider import BrokerProvider
from broker.downstream.oidc.refresh_exchange import RefreshExchange
from broker.downstream.oidc.refresh_families import RefreshFamilies, RefreshLifetimes
from broker.downstream.oidc.released import Releases
from broker.downstream.oidc.responder import NAME, OidcResponder
from broker.downstream.oidc.revocation_endpoint import RevocationEndpoint
from broker.downstream.oidc.standing import StandingPeople
from broker.downstream.oidc.subjects import Subjects
from broker.downstream.oidc.token_endpoint import GrantType, TokenEndpoint
from broker.downstream.oidc.userinfo_endpoint import UserInfoEndpoint
from broker.entropy import Entropy
from broker.jose.key_ring import KeyRing
from broker.organizations import Organizations
from broker.remembered import RememberedFacts
from broker.standing import DirectoryStanding
from broker.store.directory import Directory
from broker.store.state import StateStore


@dataclass(frozen=True, slots=True)
class ProviderPorts:
    """What the provider stands on.

    ``pairwise_key``: 32 bytes or more that never change, or pairwise subjects do. ``upstream_standing``: what the
    directory of a person says at each refresh, and ``remembered`` what it said at the last sign-in. ``post``: reaches
    the applications that want to hear of a logout, and ``pauses`` are those before it is tried again.
    """

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
    upstream_standing: DirectoryStanding
    remembered: RememberedFacts
    post: Post
    pauses: Sequence[timedelta] = PAUSES


@dataclass(frozen=True, slots=True)
class TokenLifetimes:
    """How long what applications receive is good; ``session`` is the longest life of a session."""

    code: timedelta
    access_token: timedelta
    id_token: timedelta
    refresh_token: timedelta
    refresh_token_idle: timedelta
    session: timedelta


@dataclass(frozen=True, slots=True)
class OpenIdProvider:
    """The provider, ready: ``responder`` for the login flow, ``api_tokens`` for our API, ``back_channel`` to be resumed
    by a worker now and then.
    """

    responder: OidcResponder
    grants: Grants
    api_tokens: ApiTokens
    back_channel: BackChannel
    endpoints: OidcEndpoints

    def blueprint(self) -> Blueprint:
        return create_blueprint(self.endpoints)


def assemble(
    settings: ProviderSettings, lifetimes: TokenLifetimes, ports: ProviderPorts, begin_login: BeginLogin
) -> OpenIdProvider:
    """The provider of one issuer. Importing the library it stands on takes a quarter of a second, once."""
    issuer, parties, store = settings.issuer, ports.parties, ports.store
    clock, entropy = ports.clock, ports.entropy
    grants = Grants(store, clock, entropy, GrantLifetimes(lifetimes.code, lifetimes.access_token))
    refresh = RefreshLifetimes(lifetimes.refresh_token, lifetimes.refresh_token_idle)
    families = RefreshFamilies(store, clock, entropy, grants, refresh)
    api_tokens = ApiTokens(store, clock, entropy, parties, lifetimes.access_token)
    subjects = Subjects(ports.pairwise_key)
    people = StandingPeople(ports.directory, ports.gate, ports.organizations, ports.upstream_standing)
    releases = Releases(ports.remembered)
    participants = Participants(store, lifetimes.session)
    logout_tokens = LogoutTokens(issuer, ports.keys, clock, subjects)
    back_channel = BackChannel(store, parties, logout_tokens, ports.post, pauses=ports.pauses)
    provider = BrokerProvider(provider_metadata(settings), parties)
    id_tokens = IdTokens(issuer, ports.keys, clock, lifetimes.id_token)
    code_exchange = CodeExchange(
        provider=provider,
        grants=grants,
        families=families,
        participants=participants,
        people=people,
        session_is_live=ports.session_is_live,
        subjects=subjects,
        releases=releases,
        id_tokens=id_tokens,
    )
    grant_types: Mapping[str, GrantType] = {
        "authorization_code": code_exchange,
        "refresh_token": RefreshExchange(grants, families, people, subjects, releases, id_tokens),
        "client_credentials": ClientCredentials(api_tokens),
    }
    endpoints = OidcEndpoints(
        issuer=issuer,
        provider=provider,
        keys=ports.keys,
        authorization=AuthorizationEndpoint(NAME, issuer, provider, parties, ports.keys),
        token=TokenEndpoint(parties, grant_types),
        userinfo=UserInfoEndpoint(parties, grants, people, releases, subjects),
        introspection=IntrospectionEndpoint(issuer, parties, grants, families, api_tokens, people, releases, subjects),
        revocation=RevocationEndpoint(parties, grants, families, api_tokens),
        begin_login=begin_login,
    )
    endings = PartyEndings(
        ports.directory,
        ports.organizations,
        parties,
        grants,
        families,
        participants,
        back_channel,
        ports.remembered,
    )
    responder = OidcResponder(issuer, provider, parties, grants, subjects, endings)
    return OpenIdProvider(responder, grants, api_tokens, back_channel, endpoints)
