"""The application that serves now, and how another one takes its place while people sign in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

import structlog

from broker.composition.background import Background
from broker.composition.lasting import Application
from broker.composition.surroundings import Surroundings, live_organizations
from broker.federation.declared import declared
from broker.federation.findings import Finding
from broker.federation.load import Configuration
from broker.federation.reconciling import NotReconciled, no_longer_declared, reconcile
from broker.organizations import Organizations
from broker.reloading.reloader import NotTaken, Postponed
from broker.store.directory import DirectoryUnavailable
from broker.store.state import StateUnavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_log = structlog.get_logger()


class CreateApplication(Protocol):
    """``broker.app.create_app``, which stands above this package and is handed in; ``before`` is None for the first."""

    def __call__(
        self, configuration: Configuration, organizations: Organizations, before: Application | None, /
    ) -> Application: ...


class Serving:
    """A WSGI application that hands each request to the one of the moment.

    A request that has begun is finished by the application that it began with. What both know together, transactions,
    codes and sessions, is in the stores, so that a sign-in begins with one and ends with the other.
    """

    def __init__(self, configuration: Configuration, around: Surroundings, create: CreateApplication) -> None:
        """Builds the first application; the start has reconciled its declarations already."""
        self._around = around
        self._create = create
        self._configuration = configuration
        self._application = create(configuration, live_organizations(configuration, around), None)
        self._background = Background(around, lambda: self._application)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._application(environ, start_response)

    @property
    def application(self) -> Application:
        """The one that serves now."""
        return self._application

    def start_background(self) -> None:
        self._background.start()

    def take(self, configuration: Configuration) -> None:
        """Has a checked configuration take effect, as a whole and never weaker than the records (threats FE-18).

        Raises ``NotTaken`` and ``Postponed``; then, as after any other error, everything is as it was.
        """
        try:
            accept(self._configuration, configuration, self._around)
            organizations = live_organizations(configuration, self._around)
            organizations.current()  # Complete before anybody asks it.
            fresh = self._create(configuration, organizations, self._application)
        except (DirectoryUnavailable, StateUnavailable) as error:
            raise Postponed(str(error)) from error
        old, self._application, self._configuration = self._application, fresh, configuration
        self._background.follow(old, fresh)


def accept(running: Configuration, found: Configuration, around: Surroundings) -> None:
    """Reconciles the records with a configuration that is to take the place of another, as a start does.

    Raises ``NotTaken`` for one by which something would be lost that the running one has, and for one that contradicts
    the records; ``DirectoryUnavailable``.
    """
    _require_all_there(running, found)
    records, files = around.records, declared(found)
    gone = {notice.organization: notice for notice in no_longer_declared(files, records.federations)}
    for notice in no_longer_declared(declared(running), records.federations):
        gone.pop(notice.organization, None)  # It was so at the start already.
    if gone:
        raise NotTaken([_finding(found, notice.reason, notice.sentence) for notice in gone.values()])
    try:
        notices = reconcile(files, records.federations, records.audit, around.clock)
    except NotReconciled as contradiction:
        raise NotTaken([_finding(found, "conflict", str(contradiction))]) from contradiction
    for notice in notices:
        _log.warning(notice.event, reason=notice.reason, detail=notice.sentence)


def _require_all_there(running: Configuration, found: Configuration) -> None:
    """A folder that was full and is empty is being copied, or was not mounted: nobody takes everything away at once."""
    told = [
        _finding(found, "missing", f"{folder} held files and holds none any more; restart the broker if that is meant")
        for folder, before, after in (
            ("organizations", running.organizations, found.organizations),
            ("relying_parties", running.relying_parties, found.relying_parties),
        )
        if before and not after
    ]
    if told:
        raise NotTaken(told)


def _finding(configuration: Configuration, code: str, sentence: str) -> Finding:
    """About the files as a whole: at the beginning of the broker's own."""
    return Finding(configuration.location("broker").file, 1, 1, code, sentence)
