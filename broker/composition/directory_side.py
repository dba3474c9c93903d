"""What asks directories again whether their people are still theirs, and what follows when they are not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from broker.alerts import Alerts
from broker.clock import Clock
from broker.composition.keys import derived, entra_credential_ends_at
from broker.composition.surroundings import Surroundings
from broker.downstream.oidc import indexes
from broker.downstream.oidc.grants import REFRESH_FAMILY
from broker.endings import Endings
from broker.federation.load import Configuration
from broker.http_client import HttpClient
from broker.jose.bound_sealing import BoundSealer
from broker.mail import Mailer
from broker.notices import AdministratorNotices
from broker.organizations import Organizations
from broker.sessions import Sessions
from broker.upstream.entra_oidc.client_assertion import ClientCredential
from broker.upstream.entra_oidc.connector import EntraOidcConnector
from broker.upstream.entra_oidc.refresh import EntraRedemption
from broker.upstream.entra_oidc.settings import EntraOidcSettings
from broker.upstream.entra_oidc.watch import EntraDirectoryReader
from broker.watching.checking import CheckSettings, Grants, Standing
from broker.watching.looking import Looker, LookSettings
from broker.watching.looks import Looks
from broker.watching.subscribing import Notifications, Subscriber
from broker.watching.watcher import Watcher, WatchSettings


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


def directory_side(
    configuration: Configuration,
    organizations: Organizations,
    sessions: Sessions,
    connector: EntraOidcConnector,
    http: HttpClient,
    credential: ClientCredential,
    around: Surroundings,
    mailer: Mailer,
) -> DirectorySide:
    """All of it. Notifications are subscribed to, and directories read, only where ``entra`` of broker.yaml says so."""
    settings, clock, state = configuration.broker, around.clock, around.state
    directory, standings, audit = around.directory, around.records.standings, around.records.audit
    entra = settings.entra
    sealing = BoundSealer(derived(configuration, "upstream grants"))
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


def signing_out_everywhere(endings: Endings, clock: Clock) -> Callable[[str], None]:
    """What the account page calls: the person's own wish to end whatever was given out in their name."""

    def end_everything(account_id: str) -> None:
        endings.end_account(
            account_id, "signed_out_everywhere", clock.now(), actor=account_id, seen_by="account page"
        )

    return end_everything
