"""The composition root: builds every object once, and is the only module of the service that knows the adapters."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from flask import Flask, Response

from broker import doors
from broker.admission import Gate
from broker.alerts import Alerts, days_left
from broker.assurance import Contexts
from broker.attempts import Attempts
from broker.clock import Clock, SystemClock
from broker.connectable import OnboardingPorts
from broker.dns.resolving import DnsTextRecords
from broker.domains import Domains
from broker.doors import Harmless
from broker.downstream.oidc import indexes
from broker.downstream.oidc.assembly import OpenIdProvider, ProviderPorts, TokenLifetimes, assemble
from broker.downstream.oidc.back_channel import BackChannel
from broker.downstream.oidc.grants import REFRESH_FAMILY
from broker.downstream.oidc.metadata import ProviderSettings
from broker.downstream.oidc.parties import FixedRelyingParties, RelyingParty
from broker.endings import Endings
from broker.entropy import Entropy, SystemEntropy
from broker.federating import Federating, FederatingPorts
from broker.federation.declared import declared
from broker.federation.high_water import HighWater
from broker.federation.live import LiveOrganizations
from broker.federation.load import Configuration
from broker.federation.model import CertificateCredential, SqliteStore
from broker.federation.model import ClientSecret as ConfiguredSecret
from broker.federation.reconciling import Notice, reconcile, require_not_rolled_back
from broker.federation.registry import Registry, connection_name
from broker.glass.alarm import Alarm
from broker.glass.entry import GlassEntry
from broker.glass.reminding import Reminders
from broker.glass.windows import Windows
from broker.http_client import HttpClient
from broker.jose.bound_sealing import BoundSealer
from broker.jose.certificate_key import CertificateKey
from broker.jose.key_ring import KeyRing
from broker.login import LoginFlow
from broker.mail import Mailer
from broker.mailing.configured import configured_mailer
from broker.membership.assembly import Membership, attempts_at_doors
from broker.membership.hashing import PasswordHashing
from broker.membership.policy import MIN_CHARACTERS
from broker.membership.ports import Ports
from broker.membership.proofs import Proofs
from broker.messages import LoginRequest
from broker.metrics import FederationCollector
from broker.notices import AdministratorNotices
from broker.onboarding import Onboarding
from broker.organizations import Organizations
from broker.passkeys import Passkeys
from broker.proof import NotRecorded, ProofOfEnforcement, ProofPorts
from broker.proving.probe import Client as ProbeClient
from broker.proving.report import Report
from broker.provisioning.just_in_time import JustInTime
from broker.rate_limits import Limits, RateLimits
from broker.sessions import Lifetimes, Sessions
from broker.standing import DirectoryStanding
from broker.store import opening
from broker.store.directory import Directory
from broker.store.records import Records
from broker.store.state import StateStore
from broker.transactions import Transactions
from broker.upstream import endpoints as upstream_endpoints
from broker.upstream import notification_endpoint
from broker.upstream.break_glass.ceremonies import WebAuthnCeremonies
from broker.upstream.break_glass.connector import BreakGlassConnector
from broker.upstream.entra.assurance import DIRECTORY_ACR
from broker.upstream.entra_oidc.client_assertion import ClientCertificate, ClientCredential, ClientSecret
from broker.upstream.entra_oidc.connector import EntraOidcConnector
from broker.upstream.entra_oidc.onboarding import EntraOnboarding
from broker.upstream.entra_oidc.refresh import EntraRedemption
from broker.upstream.entra_oidc.settings import EntraOidcSettings
from broker.upstream.entra_oidc.watch import EntraDirectoryReader
from broker.upstream.password.connector import PasswordConnector
from broker.watching.checking import CheckSettings, Grants, Standing
from broker.watching.looking import Looker, LookSettings
from broker.watching.looks import Looks
from broker.watching.subscribing import Notifications, Subscriber
from broker.watching.watcher import Watcher, WatchSettings
from broker.web import (
    account,
    break_glass,
    co_workers,
    connecting,
    error_pages,
    headers,
    health,
    invitations,
    language,
    pages,
    proving,
    reference,
    requests,
    security,
)
from broker.web import password as password_pages
from broker.web.api import endpoints as api_endpoints
from broker.web.api.endpoints import PREFIX as API_PREFIX
from broker.web.api.endpoints import Api
from broker.web.forms import FormTokens
from broker.web.own_pages import FRESH, OwnPages, Visitors
from broker.web.steps import current_browser, present_step
from broker.web.wire import InProcessWire


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


def create_app(
    configuration: Configuration,
    surroundings: Surroundings | None = None,
    *,
    organizations: Organizations | None = None,
    mailer: Mailer | None = None,
) -> Flask:
    """The broker as a WSGI application; over other organisations and another mailer as the twin of a proof."""
    around = surroundings or Surroundings.of(configuration)
    settings = configuration.broker
    organizations = organizations or live_organizations(configuration, around)
    gate = Gate(organizations, around.clock)
    sessions = Sessions(around.state, around.clock, around.entropy, _session_lifetimes(configuration))
    http, credential = _http(configuration), _entra_credential(configuration, around)
    connector = _entra(configuration, organizations, http, credential, around)
    mailer = mailer or configured_mailer(configuration, around.clock, around.entropy)
    side = _directory_side(configuration, organizations, sessions, connector, http, credential, around, mailer)
    glass = _break_glass(configuration, organizations, gate, around, mailer)
    password = PasswordConnector(
        Proofs(around.state, around.clock, around.entropy), around.directory, around.clock, settings.public_url
    )
    flow = LoginFlow(
        transactions=Transactions(around.state, around.clock, around.entropy),
        sessions=sessions,
        gate=gate,
        accounts=_just_in_time(organizations, around),
        organizations=organizations,
        connectors={each.kind: each for each in (connector, password, glass.connector)},
        contexts=Contexts(DIRECTORY_ACR, frozenset(settings.entra.authentication_contexts)),
        clock=around.clock,
        upstream_grants=side.grants,
        directory_standing=side.standing,
    )
    own = OwnPages()
    flow.register(own)
    side.endings.register(own)
    visitors = Visitors(flow, own, around.clock)
    members = membership(configuration, organizations, gate, around, mailer, flow.sign_out_everywhere)
    connecting_flow = onboarding(configuration, organizations, around)
    switch = federating(configuration, organizations, around, mailer, side.endings.carry_out)

    def end_everything(account_id: str) -> None:
        side.endings.end_account(
            account_id, "signed_out_everywhere", around.clock.now(), actor=account_id, seen_by="account page"
        )

    prefix = urlsplit(settings.public_url).path
    app = _bare_app(configuration, around, prefix)
    forms = FormTokens(_derived(configuration, "form tokens"))
    for blueprint in (
        pages.create_blueprint(flow, visitors, organizations, own, forms),
        password_pages.create_blueprint(flow, members.passwords, members.proofs, members.resets),
        co_workers.create_blueprint(visitors, organizations, around.directory, members.co_workers, forms),
        invitations.create_blueprint(visitors, organizations, members.invitations, forms),
        account.create_blueprint(
            flow,
            visitors,
            organizations,
            members.passwords,
            members.app_passwords,
            sessions.count,
            end_everything,
            forms,
        ),
        upstream_endpoints.create_blueprint(flow),
        connecting.create_blueprint(connecting_flow, visitors, organizations, around.records.federations),
        security.create_blueprint(
            security.SecurityPorts(
                onboarding=connecting_flow,
                federating=switch,
                visitors=visitors,
                organizations=organizations,
                federations=around.records.federations,
                directory=around.directory,
                standings=around.records.standings,
                domains=domain_proofs(configuration, organizations, around),
                forms=forms,
                clock=around.clock,
            )
        ),
        notification_endpoint.create_blueprint(side.notifications),
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
    provider = _openid_provider(configuration, flow, gate, organizations, sessions, side.standing, around)
    flow.register(provider.responder)
    side.endings.register(provider.responder)
    app.register_blueprint(provider.blueprint())
    api = Api(
        access=provider.api_tokens,
        ports=members.ports,
        federations=around.records.federations,
        invitations=members.invitations,
        app_passwords=members.app_passwords,
        co_workers=members.co_workers,
    )
    app.register_blueprint(api_endpoints.create_blueprint(api, settings.public_url), url_prefix=f"{prefix}{API_PREFIX}")
    proof = proof_of_enforcement(configuration, organizations, around)

    def prove(organization: str, by: str) -> Report:
        return proof.run(organization, running=InProcessWire(app, settings.public_url), by=by)

    doors_page = proving.create_blueprint(visitors, organizations, around.state, forms, prove)
    app.register_blueprint(doors_page, url_prefix=f"{prefix}{doors_page.url_prefix}")
    grants = {name: type(grant) for name, grant in provider.endpoints.token.grant_types.items()}
    doors.install(app, {"static": Harmless("files of ours")}, grants)
    app.extensions[ProofOfEnforcement.NAME] = proof
    app.extensions[DirectorySide.NAME] = side
    app.extensions[BackChannel.NAME] = provider.back_channel
    app.extensions[Federating.NAME] = switch
    app.extensions[Windows.NAME] = glass.windows
    app.extensions[Reminders.NAME] = glass.reminders
    app.extensions[Onboarding.NAME] = connecting_flow
    return app


@dataclass(frozen=True, slots=True)
class DirectorySide:
    """What asks directories again, and what follows: the parts that run in the background of a worker, and those that
    other parts call. ``app.extensions[DirectorySide.NAME]`` is an application's.
    """

    NAME: ClassVar[str] = "directory_side"

    grants: Grants
    standing: Standing
    endings: Endings
    looks: Looks
    watcher: Watcher
    notifications: Notifications


def _just_in_time(organizations: Organizations, around: Surroundings) -> JustInTime:
    records = around.records
    return JustInTime(
        records.directory, records.credentials, records.audit, organizations, around.clock, around.entropy
    )


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
    ends_at = entra_credential_ends_at(configuration)
    app.jinja_env.globals["credential_days_left"] = lambda: days_left(ends_at, around.clock.now())
    app.jinja_env.globals["least_characters"] = MIN_CHARACTERS
    proxy = settings.listen.behind_proxy
    trusted = proxy.trusted_addresses if proxy else []
    app.wsgi_app = requests.ClientAddress(app.wsgi_app, trusted=trusted)  # type: ignore[method-assign]  # Flask's way
    return app


def _entra(
    configuration: Configuration,
    organizations: Organizations,
    http: HttpClient,
    credential: ClientCredential,
    around: Surroundings,
) -> EntraOidcConnector:
    settings = configuration.broker
    return EntraOidcConnector(
        EntraOidcSettings.of(settings.entra),
        credential,
        organizations,
        http,
        around.clock,
        public_url=settings.public_url,
    )


def _directory_side(
    configuration: Configuration,
    organizations: Organizations,
    sessions: Sessions,
    connector: EntraOidcConnector,
    http: HttpClient,
    credential: ClientCredential,
    around: Surroundings,
    mailer: Mailer,
) -> DirectorySide:
    settings, clock, state = configuration.broker, around.clock, around.state
    directory, standings, audit = around.directory, around.records.standings, around.records.audit
    entra = settings.entra
    sealing = BoundSealer(_derived(configuration, "upstream grants"))
    endings = Endings(
        standings=standings,
        audit=audit,
        directory=directory,
        organizations=organizations,
        sessions=sessions,
        state=state,
        clock=clock,
    )
    redemption = EntraRedemption(http, credential, connector.metadata, clock, client_id=entra.client_id)
    grants = Grants(standings, redemption, sealing, clock)
    looks = Looks(state, clock)
    check_every, watch_every = timedelta(minutes=entra.check_minutes), timedelta(seconds=entra.watch_seconds)
    reader: EntraDirectoryReader | None = None
    if entra.directory_watch == "application":
        reader = EntraDirectoryReader(
            http,
            credential,
            connector.metadata,
            clock,
            EntraOidcSettings.of(entra),
            public_url=settings.public_url,
        )
    looker = Looker(
        standings=standings,
        directory=directory,
        sessions=sessions,
        grants=grants,
        endings=endings,
        sealing=sealing,
        clock=clock,
        settings=LookSettings(watch_every, check_every),
        holds_grants=lambda account: bool(state.members(REFRESH_FAMILY, indexes.of_account(account))),
        reader=reader,
        subscriber=Subscriber(reader, state, clock, around.entropy) if reader and entra.notifications else None,
    )
    page = f"{settings.public_url}/settings/security"
    alerts = Alerts(
        notices=AdministratorNotices(directory, mailer, link=page, default_language=settings.default_language),
        audit=audit,
        state=state,
        mailer=mailer,
        clock=clock,
        page=page,
    )
    return DirectorySide(
        grants=grants,
        standing=Standing(
            organizations=organizations,
            standings=standings,
            grants=grants,
            endings=endings,
            looks=looks,
            settings=CheckSettings(check_every, timedelta(minutes=entra.check_grace_minutes)),
            clock=clock,
        ),
        endings=endings,
        looks=looks,
        watcher=Watcher(
            organizations=organizations,
            standings=standings,
            state=state,
            looks=looks,
            looker=looker,
            alerts=alerts,
            clock=clock,
            entropy=around.entropy,
            settings=WatchSettings(watch_every, entra_credential_ends_at(configuration)),
        ),
        notifications=Notifications(standings, state, looks, clock),
    )


def federation_metrics(configuration: Configuration, around: Surroundings) -> FederationCollector:
    """What Prometheus reads of the records."""
    return FederationCollector(
        live_organizations(configuration, around),
        around.records.federations,
        around.records.standings,
        around.clock,
        entra_credential_ends_at(configuration),
    )


def entra_credential_ends_at(configuration: Configuration) -> datetime | None:
    """When Entra stops accepting our credential: the certificate's own end, or the day that was written down."""
    credential = configuration.broker.entra.credential
    if isinstance(credential, ConfiguredSecret):
        day = credential.expires_on
        return datetime.fromisoformat(day).replace(tzinfo=UTC) if day is not None else None
    return _certificate_key(configuration, credential).expires_at


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
    key = _certificate_key(configuration, credential)
    return ClientCertificate(entra.client_id, key, around.clock, around.entropy, assertion=credential.assertion)


def _certificate_key(configuration: Configuration, credential: CertificateCredential) -> CertificateKey:
    return CertificateKey.from_pem(
        configuration.secret(credential.key).reveal().encode(),
        configuration.path(credential.certificate).read_bytes(),
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


def proof_of_enforcement(
    configuration: Configuration, organizations: Organizations, around: Surroundings
) -> ProofOfEnforcement:
    """What tries every door of this broker for one organisation."""
    settings = configuration.broker

    def create_twin(others: Organizations, mailer: Mailer) -> Flask:
        unrecorded = replace(around, records=replace(around.records, audit=NotRecorded()))
        return create_app(configuration, unrecorded, organizations=others, mailer=mailer)

    return ProofOfEnforcement(
        ProofPorts(
            organizations=organizations,
            make_reading=Registry,
            probes=around.records.probes,
            audit=around.records.audit,
            hashing=PasswordHashing(),
            clock=around.clock,
            entropy=around.entropy,
            create_twin=create_twin,
            clients=_confidential_clients(configuration),
            public_url=settings.public_url,
            authority_host=settings.entra.authority_host,
        )
    )


def _confidential_clients(configuration: Configuration) -> Sequence[ProbeClient]:
    """The applications in whose name a proof can ask for tokens, since the configuration names their secrets."""
    return [
        ProbeClient(
            client_id=party.client_id,
            secret=configuration.secret(party.client_secret).reveal(),
            method=party.token_endpoint_auth_method,
            redirect_uri=party.redirect_uris[0] if party.redirect_uris else None,
            scopes=party.scopes,
            api_scopes=party.api_scopes,
            organizations=party.organizations,
        )
        for party in configuration.relying_parties
        if party.client_secret is not None
    ]


def membership(
    configuration: Configuration,
    organizations: Organizations,
    gate: Gate,
    around: Surroundings,
    mailer: Mailer,
    tidy: Callable[[str], None],
) -> Membership:
    """Passwords, invitations and app passwords, as pages, the API and the command line have them.

    ``tidy`` ends what is left of an account's sessions.
    """
    settings, often = configuration.broker, configuration.broker.rate_limits
    attempts = Limits(
        timedelta(minutes=often.window_minutes),
        person_and_client=often.attempts_by_client_for_person,
        person=often.attempts_for_person,
        client=often.attempts_by_client,
        everybody=often.attempts,
    )
    ports = Ports(
        gate=gate,
        organizations=organizations,
        directory=around.directory,
        credentials=around.records.credentials,
        standings=around.records.standings,
        audit=around.records.audit,
        state=around.state,
        limits=RateLimits(around.state, around.clock, attempts_at_doors(attempts, often.letters_for_person)),
        hashing=PasswordHashing(),
        mailer=mailer,
        clock=around.clock,
        entropy=around.entropy,
        tidy=tidy,
        public_url=settings.public_url,
        default_language=settings.default_language,
    )
    return Membership.over(ports)


def onboarding(configuration: Configuration, organizations: Organizations, around: Surroundings) -> Onboarding:
    """Connecting an organisation, as the pages and the command line have it."""
    settings, http = configuration.broker, _http(configuration)
    connector = _entra(configuration, organizations, http, _entra_credential(configuration, around), around)
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
        accounts=_just_in_time(organizations, around),
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
        sessions=Sessions(around.state, around.clock, around.entropy, _session_lifetimes(configuration)),
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
