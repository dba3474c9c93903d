"""Health: ``/health/live`` says that the process answers, ``/health/ready`` that it can sign people in."""

from __future__ import annotations

import structlog
from flask import Blueprint, Response, jsonify, make_response

from broker.doors import harmless
from broker.store.directory import Directory, DirectoryUnavailable
from broker.store.state import StateStore, StateUnavailable

_log = structlog.get_logger()


def create_blueprint(state: StateStore, directory: Directory) -> Blueprint:
    """The two addresses; neither tells a stranger why something is wrong."""
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
        return jsonify(status="ok")

    return blueprint
