"""The composition root: builds every object once, and is the only module of the service that knows the adapters."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response

from broker.admission import Gate
from broker.assurance import Contexts
from broker.clock import Clock, SystemClock
from broker.dns.resolving import DnsTextRecords
from broker.domains import Domains
from broker.downstream.oidc.assembly import OpenIdProvider, ProviderPorts, TokenLifetimes, assemble
from broker.downstream.oidc.metadata import ProviderSettings
from broker.downstream.oidc.parties import FixedRelyingParties, RelyingParty
from broker.entropy import Entropy, SystemEntropy
from broker.federation.declared import declared
from broker.federation.high_water import HighWater
from broker.federation.live import LiveOrganizations
from broker.federation.load import Configuration
from broker.federation.model import ClientSecret as ConfiguredSecret
from broker.federation.model import SqliteStore
from broker.federation.reconciling import Notice, reconcile, require_not_rolled_back
from broker.glass.alarm import Alarm
from broker.glass.entry import GlassEntry
from broker.glass.reminding import Reminders
from broker.glass.windows import Windows
from broker.http_client import HttpClient
from broker.jose.certificate_key import CertificateKey
from broker.jose.key_ring import KeyRing
from broker.login import LoginFlow
from broker.mail import Mailer
from broker.mailing.log import LogMailer
from broker.messages import LoginRequest
from broker.organizations import Organizations
from broker.passkeys import Passkeys
from broker.provisioning.just_in_time import JustInTime
from broker.sessions import Lifetimes, Sessions
from broker.standing import DirectoryStanding, NoDirectory
from broker.store import opening
from broker.store.directory import Directory
from broker.store.records import Records
from broker.store.state import StateStore
from broker.transactions import Transactions
from broker.upstream import endpoints as upstream_endpoints
from broker.upstream.break_glass.ceremonies import WebAuthnCeremonies
from broker.upstream.break_glass.connector import BreakGlassConnector
from broker.upstream.entra.assurance import DIRECTORY_ACR
from broker.upstream.entra_oidc.client_assertion import ClientCertificate, ClientCredential, ClientSecret
from broker.upstream.entra_oidc.connector import EntraOidcConnector
from broker.upstream.entra_oidc.settings import EntraOidcSettings
from broker.web import break_glass, co_workers, error_pages, headers, health, language, pages, reference, requests
from broker.web.forms import FormTokens
from broker.web.own_pages import OwnPages, Visitors
from broker.web.steps import current_browser, present_step


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the broker stands on: time, randomness and its two stores."""

    clock: Clock
    entropy: Entropy
    state: StateStore
    records: Records

    @property
    def directory(self) -> Directory:
        return self.records.directory

    @property
    def high_water(self) -> HighWater:
        """What is remembered of the records outside of them (threats FE-18)."""
        return HighWater(self.state, self.records.federations.generation)

    def close(self) -> None:
        self.state.close()
        self.records.close()

    @classmethod
    def of(
        cls, configuration: Configuration, *, clock: Clock | None = None, entropy: Entropy | None = None
    ) -> Surroundings:
        """The machine's own clock and generator unless given, and the configured stores, opened and not migrated."""
        clock = clock or SystemClock()
        state = opening.open_state(clock=clock, **_state_place(configuration))
        return cls(clock, entropy or SystemEntropy(), state, open_records(configuration))


def prepare_stores(
    configuration: Configuration, clock: Clock, *, accept_rollback: bool = False
) -> Sequence[Notice]:
    """Brings both stores into a state that the workers can use, once, before they start; what an operator should know.

    Raises ``StoreUnsuitable``, ``StateUnavailable``, ``DirectoryUnavailable``, or ``NotReconciled``.
    """
    opening.prepare_directory(**_directory_place(configuration))
    evicting = opening.prepare_state(clock=clock, **_state_place(configuration))
    notices = [Notice("store_warning", "evicted", evicting)] if evicting is not None else []
    with closing(Surroundings.of(configuration, clock=clock)) as around:
        records, known = around.records, around.high_water
        notices += require_not_rolled_back(
            known, records.federations, records.audit, clock, accept=accept_rollback
        )
        notices += reconcile(declared(configuration), records.federations, records.audit, clock)
        known.see(records.federations.generation())
    return notices


def open_records(configuration: Configuration) -> Records:
    """Everything in the configured directory."""
    return opening.open_records(**_directory_place(configuration))


def _state_place(configuration: Configuration) -> dict[str, Any]:
    store = configuration.broker.stores.state
    if isinstance(store, SqliteStore):
        return {"location": configuration.path(store.path)}
    return {
        "location": store.url,
        "username": store.username,
        "password": configuration.secret(store.password) if store.password else None,
        "ca_bundle": _ca_bundle(configuration),
    }


def _directory_place(configuration: Configuration) -> dict[str, Any]:
    store = configuration.broker.stores.directory
    if isinstance(store, SqliteStore):
        return {"location": configuration.path(store.path)}
    return {
        "location": store.url,
        "password": configuration.secret(store.password) if store.password else None,
    }


def create_app(configuration: Configuration, surroundings: Surroundings | None = None) -> Flask:
    """The broker as a WSGI application."""
    around = surroundings or Surroundings.of(configuration)
    settings = configuration.broker
    organizations = live_organizations(configuration, around)
    gate = Gate(organizations, around.clock)
    sessions = Sessions(around.state, around.clock, around.entropy, _session_lifetimes(configuration))
    connector = _entra(configuration, organizations, around)
    glass = _break_glass(configuration, organizations, gate, around, LogMailer())
    flow = LoginFlow(
        transactions=Transactions(around.state, around.clock, around.entropy),
        sessions=sessions,
        gate=gate,
        accounts=JustInTime(around.directory, organizations, around.clock, around.entropy),
        organizations=organizations,
        connectors={connector.kind: connector, glass.connector.kind: glass.connector},
        contexts=Contexts(DIRECTORY_ACR, frozenset(settings.entra.authentication_contexts)),
        clock=around.clock,
    )
    own = OwnPages()
    flow.register(own)
    visitors = Visitors(flow, own, around.clock)

    prefix = urlsplit(settings.public_url).path
    app = _bare_app(configuration, around, prefix)
    forms = FormTokens(_derived(configuration, "form tokens"))
    for blueprint in (
        pages.create_blueprint(flow, visitors, organizations, own, forms),
        co_workers.create_blueprint(visitors, organizations, around.directory),
        upstream_endpoints.create_blueprint(flow),
        break_glass.create_blueprint(
            flow=flow,
            own=own,
            visitors=visitors,
            forms=forms,
            windows=glass.windows,
            entry=glass.entry,
            clock=around.clock,
        ),
        health.create_blueprint(around.state, around.directory),
    ):
        app.register_blueprint(blueprint, url_prefix=f"{prefix}{blueprint.url_prefix or ''}" or None)
    standing = NoDirectory()
    provider = _openid_provider(configuration, flow, gate, organizations, sessions, standing, around)
    flow.register(provider.responder)
    app.register_blueprint(provider.blueprint())
    return app


def _bare_app(configuration: Configuration, around: Surroundings, prefix: str) -> Flask:
    """Everything that holds for every request, whatever it asks."""
    settings = configuration.broker
    app = Flask("broker.web", root_path=str(Path(pages.__file__).parent), static_url_path=f"{prefix}/static")
    app.url_map.merge_slashes = False  # A misspelt path is answered with a 308, which posts credentials once more.
    reference.install(app, around.entropy)
    requests.install(app, settings.public_url)
    headers.install(app, around.entropy, settings.public_url)
    language.install(app, settings.default_language)
    error_pages.install(app)
    app.jinja_env.globals["support_url"] = settings.support_url
    proxy = settings.listen.behind_proxy
    trusted = proxy.trusted_addresses if proxy else []
    app.wsgi_app = requests.ClientAddress(app.wsgi_app, trusted=trusted)  # type: ignore[method-assign]  # Flask's way
    return app


def _entra(configuration: Configuration, organizations: Organizations, around: Surroundings) -> EntraOidcConnector:
    settings = configuration.broker
    return EntraOidcConnector(
        EntraOidcSettings.of(settings.entra),
        _entra_credential(configuration, around),
        organizations,
        _http(configuration),
        around.clock,
        public_url=settings.public_url,
    )


def _http(configuration: Configuration) -> HttpClient:
    outbound = configuration.broker.outbound
    return HttpClient(
        allowed_private_addresses=outbound.allowed_private_addresses,
        ca_bundle=str(bundle) if (bundle := _ca_bundle(configuration)) else None,
        timeout=timedelta(seconds=outbound.timeout_seconds),
    )


def _entra_credential(configuration: Configuration, around: Surroundings) -> ClientCredential:
    entra = configuration.broker.entra
    credential = entra.credential
    if isinstance(credential, ConfiguredSecret):
        return ClientSecret(configuration.secret(credential.secret))
    key = CertificateKey.from_pem(
        configuration.secret(credential.key).reveal().encode(),
        configuration.path(credential.certificate).read_bytes(),
    )
    return ClientCertificate(
        entra.client_id, key, around.clock, around.entropy, assertion=credential.assertion
    )


def _openid_provider(
    configuration: Configuration,
    flow: LoginFlow,
    gate: Gate,
    organizations: Organizations,
    sessions: Sessions,
    upstream_standing: DirectoryStanding,
    around: Surroundings,
) -> OpenIdProvider:
    settings = configuration.broker
    contexts = (DIRECTORY_ACR, *settings.entra.authentication_contexts)
    tokens = settings.tokens
    ports = ProviderPorts(
        store=around.state,
        directory=around.directory,
        organizations=organizations,
        gate=gate,
        keys=KeyRing.open(around.directory, configuration.sealing_key(), around.clock),
        clock=around.clock,
        entropy=around.entropy,
        parties=FixedRelyingParties(
            RelyingParty.of(party, configuration.secret(party.client_secret) if party.client_secret else None)
            for party in configuration.relying_parties
        ),
        session_is_live=sessions.live,
        pairwise_key=_derived(configuration, "pairwise sub"),
        upstream_standing=upstream_standing,
        post=_http(configuration).post_form,
    )
    lifetimes = TokenLifetimes(
        code=timedelta(seconds=tokens.code_seconds),
        access_token=timedelta(seconds=tokens.access_token_seconds),
        id_token=timedelta(seconds=tokens.id_token_seconds),
        refresh_token=timedelta(days=tokens.refresh_token_days),
        refresh_token_idle=timedelta(days=tokens.refresh_token_idle_days),
        session=_session_lifetimes(configuration).absolute,
    )

    def begin_login(request: LoginRequest) -> Response:
        browser = current_browser()
        return present_step(flow.begin(request, browser), browser)

    return assemble(ProviderSettings(settings.public_url, contexts), lifetimes, ports, begin_login)


def domain_proofs(configuration: Configuration, organizations: Organizations, around: Surroundings) -> Domains:
    """The domains of organisations, as the command line, the pages and the background look after them."""
    dns = configuration.broker.domains
    return Domains(
        organizations,
        around.records.federations,
        around.records.audit,
        DnsTextRecords(dns.resolvers, dns.port, timedelta(seconds=dns.timeout_seconds)),
        around.state,
        around.clock,
        _derived(configuration, "domain tokens"),
    )


def live_organizations(configuration: Configuration, around: Surroundings) -> LiveOrganizations:
    """Files and records read together, remembered outside of the records as far as they were seen."""
    return LiveOrganizations(declared(configuration), around.records.federations, around.high_water.see)


@dataclass(frozen=True, slots=True)
class _Glass:
    windows: Windows
    entry: GlassEntry
    connector: BreakGlassConnector
    reminders: Reminders


def glass_windows(
    configuration: Configuration, organizations: Organizations, records: Records, mailer: Mailer, clock: Clock
) -> Windows:
    """The break-glass as an operator has it: who is named, and opening it."""
    return Windows(
        organizations=organizations,
        federations=records.federations,
        credentials=records.credentials,
        directory=records.directory,
        audit=records.audit,
        alarm=_glass_alarm(configuration, organizations, records, mailer),
        clock=clock,
    )


def _glass_alarm(
    configuration: Configuration, organizations: Organizations, records: Records, mailer: Mailer
) -> Alarm:
    settings = configuration.broker
    return Alarm(
        mailer=mailer,
        directory=records.directory,
        organizations=organizations,
        public_url=settings.public_url,
        default_language=settings.default_language,
    )


def _break_glass(
    configuration: Configuration, organizations: Organizations, gate: Gate, around: Surroundings, mailer: Mailer
) -> _Glass:
    records, public_url = around.records, configuration.broker.public_url
    windows = glass_windows(configuration, organizations, records, mailer, around.clock)
    alarm = _glass_alarm(configuration, organizations, records, mailer)
    ceremonies = WebAuthnCeremonies(public_url)
    entry = GlassEntry(
        windows=windows,
        passkeys=Passkeys(ceremonies, records.credentials, around.state, around.clock, around.entropy),
        gate=gate,
        organizations=organizations,
        credentials=records.credentials,
        directory=records.directory,
        audit=records.audit,
        alarm=alarm,
        state=around.state,
        clock=around.clock,
        entropy=around.entropy,
    )
    reminders = Reminders(
        windows=windows,
        organizations=organizations,
        audit=records.audit,
        alarm=alarm,
        state=around.state,
        clock=around.clock,
    )
    connector = BreakGlassConnector(entry, records.directory, public_url=public_url)
    return _Glass(windows, entry, connector, reminders)


def _session_lifetimes(configuration: Configuration) -> Lifetimes:
    settings = configuration.broker.sessions
    return Lifetimes(timedelta(minutes=settings.idle_minutes), timedelta(hours=settings.absolute_hours))


def _ca_bundle(configuration: Configuration) -> Path | None:
    written = configuration.broker.outbound.ca_bundle
    return configuration.path(written) if written else None


def _derived(configuration: Configuration, purpose: str) -> bytes:
    """A key of its own for each purpose, so that the use of one tells nothing of another."""
    return hashlib.blake2b(key=configuration.sealing_key(), person=purpose.encode()[:16], digest_size=32).digest()
