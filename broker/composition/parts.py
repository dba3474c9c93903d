"""All the parts of one application, each built once."""

from __future__ import annotations

from dataclasses import dataclass

from broker.admission import Gate
from broker.composition.connecting import federating, onboarding
from broker.composition.directory_side import DirectorySide, directory_side
from broker.composition.domains import domain_proofs
from broker.composition.entra import entra_connector
from broker.composition.glass import Glass, break_glass
from broker.composition.hooks import HookSide, hook_side
from broker.composition.keys import derived, entra_credential
from broker.composition.lasting import Lasting
from broker.composition.membership import membership, password_connector
from broker.composition.provider import openid_provider
from broker.composition.signing_in import browser_sessions, login_flow, remembered_facts
from broker.composition.surroundings import Surroundings
from broker.domains import Domains
from broker.downstream.oidc.assembly import OpenIdProvider
from broker.downstream.responder import Responder
from broker.federating import Federating
from broker.federation.load import Configuration
from broker.login import LoginFlow
from broker.mail import Mailer
from broker.membership.assembly import Membership
from broker.onboarding import Onboarding
from broker.organizations import Organizations
from broker.provisioning.hooks import Hooks
from broker.sessions import Sessions
from broker.web.forms import FormTokens
from broker.web.own_pages import OwnPages, Visitors


@dataclass(frozen=True, slots=True)
class Parts:
    """What the pages, the endpoints and the background of one application share."""

    configuration: Configuration
    around: Surroundings
    organizations: Organizations
    sessions: Sessions
    side: DirectorySide
    glass: Glass
    flow: LoginFlow
    own: OwnPages
    visitors: Visitors
    members: Membership
    connecting: Onboarding
    switch: Federating
    domains: Domains
    provider: OpenIdProvider
    forms: FormTokens
    hooks: HookSide

    @classmethod
    def of(
        cls,
        configuration: Configuration,
        around: Surroundings,
        organizations: Organizations,
        mailer: Mailer,
        lasting: Lasting,
        *,
        hooks: Hooks | None = None,
    ) -> Parts:
        """Builds them in the order in which they need each other.

        Our own pages and the provider are told of every session, and of everybody, that ends.
        """
        remembered = remembered_facts(configuration, around)
        gate = Gate(organizations, around.clock, remembered)
        sessions = browser_sessions(configuration, around)
        http, credential = lasting.http, entra_credential(configuration, around)
        connector = entra_connector(configuration, organizations, http, credential, around, lasting.memory)
        side = directory_side(configuration, organizations, sessions, connector, http, credential, around, mailer)
        glass = break_glass(configuration, organizations, gate, around, mailer)
        connectors = (connector, password_connector(configuration, around), glass.connector)
        heard = hook_side(configuration, around, http, hooks=hooks)
        flow = login_flow(
            configuration, organizations, gate, sessions, connectors, remembered, side, around, heard.consulting
        )
        own = OwnPages()
        provider = openid_provider(
            configuration, flow, gate, organizations, sessions, side.standing, remembered, around, lasting
        )
        responders: tuple[Responder, ...] = (own, provider.responder)
        for responder in responders:
            flow.register(responder)
            side.endings.register(responder)
        return cls(
            configuration=configuration,
            around=around,
            organizations=organizations,
            sessions=sessions,
            side=side,
            glass=glass,
            flow=flow,
            own=own,
            visitors=Visitors(flow, own, around.clock),
            members=membership(
                configuration, organizations, gate, around, mailer, flow.sign_out_everywhere, heard.consulting
            ),
            connecting=onboarding(configuration, organizations, around, http),
            switch=federating(configuration, organizations, around, mailer, side.endings.carry_out),
            domains=domain_proofs(configuration, organizations, around),
            provider=provider,
            forms=FormTokens(derived(configuration, "form tokens")),
            hooks=heard,
        )
