"""Downstream: the OpenID Provider of the applications, and the API that its tokens open."""

from __future__ import annotations

from datetime import timedelta

from flask import Response

from broker.admission import Gate
from broker.composition.keys import derived
from broker.composition.lasting import Lasting
from broker.composition.signing_in import session_lifetimes
from broker.composition.surroundings import Surroundings
from broker.downstream.oidc.assembly import OpenIdProvider, ProviderPorts, TokenLifetimes, assemble
from broker.downstream.oidc.metadata import ProviderSettings
from broker.downstream.oidc.parties import FixedRelyingParties, RelyingParty
from broker.federation.load import Configuration
from broker.login import LoginFlow
from broker.membership.assembly import Membership
from broker.messages import LoginRequest
from broker.organizations import Organizations
from broker.remembered import RememberedFacts
from broker.sessions import Sessions
from broker.standing import DirectoryStanding
from broker.upstream.entra.assurance import DIRECTORY_ACR
from broker.web.api.endpoints import Api
from broker.web.steps import current_browser, present_step


def openid_provider(
    configuration: Configuration,
    flow: LoginFlow,
    gate: Gate,
    organizations: Organizations,
    sessions: Sessions,
    upstream_standing: DirectoryStanding,
    remembered: RememberedFacts,
    around: Surroundings,
    lasting: Lasting,
) -> OpenIdProvider:
    """The provider of the configured relying parties, with the signing keys of the directory store."""
    settings = configuration.broker
    contexts = (DIRECTORY_ACR, *settings.entra.authentication_contexts)
    tokens = settings.tokens
    ports = ProviderPorts(
        store=around.state,
        directory=around.directory,
        organizations=organizations,
        gate=gate,
        keys=lasting.keys,
        clock=around.clock,
        entropy=around.entropy,
        parties=FixedRelyingParties(
            RelyingParty.of(
                party,
                configuration.secret(party.client_secret) if party.client_secret else None,
                configuration.release(party.client_id),
            )
            for party in configuration.relying_parties
        ),
        session_is_live=sessions.live,
        pairwise_key=derived(configuration, "pairwise sub"),
        upstream_standing=upstream_standing,
        remembered=remembered,
        post=lasting.http.post_form,
    )
    lifetimes = TokenLifetimes(
        code=timedelta(seconds=tokens.code_seconds),
        access_token=timedelta(seconds=tokens.access_token_seconds),
        id_token=timedelta(seconds=tokens.id_token_seconds),
        refresh_token=timedelta(days=tokens.refresh_token_days),
        refresh_token_idle=timedelta(days=tokens.refresh_token_idle_days),
        session=session_lifetimes(configuration).absolute,
    )

    def begin_login(request: LoginRequest) -> Response:
        browser = current_browser()
        return present_step(flow.begin(request, browser), browser)

    return assemble(ProviderSettings(settings.public_url, contexts), lifetimes, ports, begin_login)


def organizations_api(provider: OpenIdProvider, members: Membership, around: Surroundings) -> Api:
    """The API over organisations and their people, for programs that hold an access token of this provider."""
    return Api(
        access=provider.api_tokens,
        ports=members.ports,
        federations=around.records.federations,
        invitations=members.invitations,
        app_passwords=members.app_passwords,
        co_workers=members.co_workers,
    )
