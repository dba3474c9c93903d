"""Health: ``/health/live`` says that the process answers, ``/health/ready`` that it can sign people in, and whether it
does so by the configuration that lies in the files (threats CF-06).
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from flask import Blueprint, Response, jsonify, make_response

from broker.configuration_state import ConfigurationState
from broker.doors import harmless
from broker.store.directory import Directory, DirectoryUnavailable
from broker.store.state import StateStore, StateUnavailable

_log = structlog.get_logger()


def create_blueprint(
    state: StateStore, directory: Directory, configuration: Callable[[], ConfigurationState] | None = None
) -> Blueprint:
    """The two addresses; neither tells a stranger why something is wrong.

    An older configuration than that of the files is no reason to send people elsewhere: it serves, and they would find
    the same there.
    """
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/health/live")
    @harmless("says that the process answers")
    def live() -> Response:
        return jsonify(status="ok")

    @blueprint.get("/health/ready")
    @harmless("says whether the stores answer")
    def ready() -> Response:
        try:
            state.ping()
            directory.ping()
        except (StateUnavailable, DirectoryUnavailable) as error:
            _log.error("store_fault", reason="store", detail=str(error))
            return make_response(jsonify(status="unavailable"), 503)
        return jsonify(status="ok", **_told(configuration) if configuration is not None else {})

    return blueprint


def _told(configuration: Callable[[], ConfigurationState]) -> dict[str, str]:
    now = configuration()
    return {"configuration": now.word, "since": now.since.isoformat(timespec="seconds")}
