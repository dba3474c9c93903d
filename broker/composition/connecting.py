"""How an organisation is connected to its directory, and how it is switched over and back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from broker.admission import Gate
from broker.attempts import Attempts
from broker.composition.entra import entra_connector, http_client
from broker.composition.hooks import nobody_hears
from broker.composition.keys import entra_credential
from broker.composition.signing_in import browser_sessions, just_in_time
from broker.composition.surroundings import Surroundings
from broker.connectable import OnboardingPorts
from broker.federating import Federating, FederatingPorts
from broker.federation.load import Configuration
from broker.federation.registry import connection_name
from broker.http_client import HttpClient
from broker.mail import Mailer
from broker.notices import AdministratorNotices
from broker.onboarding import Onboarding
from broker.organizations import Organizations
from broker.upstream.entra_oidc.onboarding import EntraOnboarding
from broker.upstream.entra_oidc.settings import EntraOidcSettings
from broker.web.own_pages import FRESH


def onboarding(
    configuration: Configuration, organizations: Organizations, around: Surroundings, http: HttpClient | None = None
) -> Onboarding:
    """Connecting an organisation, as the pages and the command line have it. ``http``: a client to share."""
    settings, http = configuration.broker, http or http_client(configuration)
    credential = entra_credential(configuration, around)
    connector = entra_connector(configuration, organizations, http, credential, around)
    ports = OnboardingPorts(
        attempts=Attempts(around.state, around.clock, around.entropy),
        upstream=EntraOnboarding(
            EntraOidcSettings.of(settings.entra),
            connector,
            http,
            public_url=settings.public_url,
            application_permissions=settings.entra.directory_watch == "application",
        ),
        organizations=organizations,
        federations=around.records.federations,
        audit=around.records.audit,
        gate=Gate(organizations, around.clock),
        accounts=just_in_time(organizations, around, nobody_hears(around)),
        clock=around.clock,
        connection_name=connection_name,
    )
    return Onboarding(ports, fresh=FRESH, public_url=settings.public_url)


def federating(
    configuration: Configuration,
    organizations: Organizations,
    around: Surroundings,
    mailer: Mailer,
    carry_out: Callable[[], object],
) -> Federating:
    """The switch and its undoing, as the pages, the command line and the background have them."""
    settings, records = configuration.broker, around.records
    ports = FederatingPorts(
        organizations=organizations,
        federations=records.federations,
        credentials=records.credentials,
        standings=records.standings,
        audit=records.audit,
        sessions=browser_sessions(configuration, around),
        notices=AdministratorNotices(
            around.directory,
            mailer,
            link=f"{settings.public_url}/settings/security",
            default_language=settings.default_language,
        ),
        carry_out=carry_out,
        clock=around.clock,
    )
    return Federating(ports, fresh=FRESH, delay=timedelta(hours=settings.federation.disconnect_delay_hours))
