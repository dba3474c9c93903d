"""The application that serves now, and how another one takes its place while people sign in."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from broker.composition.accepting import accept, require_acceptable
from broker.composition.background import Background
from broker.composition.lasting import Application
from broker.composition.surroundings import Surroundings, live_organizations
from broker.federation.load import Configuration
from broker.organizations import Organizations
from broker.reloading.reloader import Postponed
from broker.reloading.served import keep_served
from broker.store.directory import DirectoryUnavailable
from broker.store.state import StateUnavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


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
            require_acceptable(self._configuration, configuration, self._around.records.federations)
            organizations = live_organizations(configuration, self._around)
            fresh = self._create(configuration, organizations, self._application)
            # Only now, when nothing is left that could fail for a reason of its own.
            accept(self._configuration, configuration, self._around)
            organizations.current()  # Complete before anybody asks it.
        except (DirectoryUnavailable, StateUnavailable) as error:
            raise Postponed(str(error)) from error
        old, self._application, self._configuration = self._application, fresh, configuration
        self._background.follow(old, fresh)
        with suppress(StateUnavailable):  # It serves; only `broker plan` would like to know.
            keep_served(self._around.state, configuration)
