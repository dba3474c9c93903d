"""The simulator as one Flask application."""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, g, jsonify, make_response, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException

from broker.clock import Clock
from broker.demo.entra.admin_consent import admin_consent_blueprint
from broker.demo.entra.authorize import authorize_blueprint
from broker.demo.entra.control import control_blueprint
from broker.demo.entra.directory import SimulatedDirectory
from broker.demo.entra.discovery import discovery_blueprint
from broker.demo.entra.errors import EntraError, as_json, correlation_id, timestamp, trace_id
from broker.demo.entra.faults import answer
from broker.demo.entra.graph_delta import delta_blueprint
from broker.demo.entra.graph_errors import GraphError, graph_error
from broker.demo.entra.graph_grants import grants_blueprint
from broker.demo.entra.graph_groups import groups_blueprint
from broker.demo.entra.graph_people_events import people_events_blueprint
from broker.demo.entra.graph_photo import photo_blueprint
from broker.demo.entra.graph_subscriptions import subscriptions_blueprint
from broker.demo.entra.graph_users import users_blueprint
from broker.demo.entra.index import index_blueprint
from broker.demo.entra.logout import logout_blueprint
from broker.demo.entra.no_store import no_store
from broker.demo.entra.scopes import described
from broker.demo.entra.seed import seeded_directory
from broker.demo.entra.settings import Settings
from broker.demo.entra.state import Simulator, new_simulator
from broker.demo.entra.timing import moment_of, note_moment
from broker.demo.entra.token import token_blueprint

# Which faults concern which view.
_FAULT_POINTS: Final = {
    "discovery.metadata": "discovery",
    "discovery.metadata_v1": "discovery",
    "discovery.keys": "keys",
    "discovery.keys_v1": "keys",
    "authorize.authorize": "authorize",
    "admin_consent.first_version": "adminConsent",
    "admin_consent.second_version": "adminConsent",
    "token.token": "token",
    "logout.logout": "logout",
    "graph_users.me": "me",
    "graph_users.user": "users",
    "graph_users.organization": "organization",
    "graph_users.userinfo": "userinfo",
    "graph_photo.photo": "photo",
    "graph_photo.sized_photo": "photo",
    "graph_photo.described_photo": "photo",
    "graph_photo.described_sized_photo": "photo",
    "graph_groups.member_of": "memberOf",
    "graph_groups.transitive_member_of": "transitiveMemberOf",
    "graph_groups.get_member_objects": "getMemberObjects",
    "graph_delta.users_delta": "delta",
    "graph_people_events.deleted_items": "deletedItems",
    "graph_people_events.revoke_sign_in_sessions": "revokeSignInSessions",
    "graph_grants.grants": "oauth2PermissionGrants",
    "graph_grants.grant": "oauth2PermissionGrants",
    "graph_grants.withdraw": "oauth2PermissionGrants",
    "graph_grants.principals": "servicePrincipals",
    "graph_grants.principal_of": "servicePrincipals",
    "graph_subscriptions.subscriptions": "subscriptions",
    "graph_subscriptions.subscribe": "subscriptions",
    "graph_subscriptions.subscription": "subscriptions",
    "graph_subscriptions.renew": "subscriptions",
    "graph_subscriptions.unsubscribe": "subscriptions",
}

# More than any of these endpoints takes; a body beyond it is refused unread.
_LARGEST_BODY: Final = 1 << 20


class _Json(DefaultJSONProvider):
    """Members stay in the order in which the original sends them."""

    sort_keys = False
    compact = True
    mimetype = "application/json; charset=utf-8"


def create_simulator(
    directory: SimulatedDirectory | None = None, *, clock: Clock, base_url: str, ca_file: str | None = None
) -> Flask:
    """The application, at the start of its life.

    ``base_url``: scheme, host and port under which browsers and the relying party reach it. It is in issuers and links.
    ``ca_file``: PEM file of the authority to trust when subscribers are called; None: the usual ones.
    """
    simulator = new_simulator(directory or seeded_directory(), clock, base_url, Settings(ca_file=ca_file))
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["describe"] = described
    app.json = _Json(app)
    _note_everything(app, simulator)
    for make in (
        index_blueprint,
        control_blueprint,
        discovery_blueprint,
        authorize_blueprint,
        admin_consent_blueprint,
        token_blueprint,
        logout_blueprint,
        users_blueprint,
        photo_blueprint,
        groups_blueprint,
        delta_blueprint,
        people_events_blueprint,
        grants_blueprint,
        subscriptions_blueprint,
    ):
        app.register_blueprint(make(simulator))
    _answer_errors(app, simulator)
    return app


def _note_everything(app: Flask, simulator: Simulator) -> None:
    """Every request has a moment and is remembered; a fault on order may take its place."""

    @app.before_request
    def begin() -> Response | None:
        note_moment(simulator.clock.now())
        if request.path.startswith("/_simulator") or request.endpoint == "static":
            return None
        g.entry = simulator.journal.note_request(request, timestamp(moment_of()))
        point = _FAULT_POINTS.get(request.endpoint or "")
        fault = simulator.faults.take(point) if point else None
        if fault is None:
            return None
        simulator.faults.delay(fault)
        if point in ("authorize", "adminConsent") and fault.is_refusal:
            g.fault = fault  # The answer goes to the application, so the view must know which one it is.
            return None
        return answer(fault, simulator.base_url)

    @app.after_request
    def finish(response: Response) -> Response:
        if "entry" in g:
            g.entry["status"] = response.status_code
        if request.path.startswith("/_simulator"):
            return no_store(response)
        headers = response.headers
        headers.setdefault("x-ms-request-id", trace_id())
        headers["client-request-id"] = correlation_id()
        headers["X-Content-Type-Options"] = "nosniff"
        # No Strict-Transport-Security, which the original sends: a browser would keep it for all of localhost.
        if request.path.startswith(("/v1.0/", "/oidc/")):
            headers["request-id"] = trace_id()
        else:
            headers["x-ms-ests-server"] = "2.1.0.0 - SIMULATED"
            headers["P3P"] = 'CP="DSP CUR OTPi IND OTRi ONL FIN"'
        return response


def _answer_errors(app: Flask, simulator: Simulator) -> None:
    @app.errorhandler(EntraError)
    def entra(error: EntraError) -> Response:
        return make_response(jsonify(as_json(error, moment_of(), simulator.base_url)), error.status)

    @app.errorhandler(GraphError)
    def graph(error: GraphError) -> Response:
        return graph_error(error.status, error.code, error.message)

    @app.errorhandler(HTTPException)
    def other(error: HTTPException) -> Response:
        status = error.code or 500
        if request.path.startswith("/v1.0/"):
            return graph_error(status, "BadRequest" if status < 500 else "InternalServerError", error.name)
        return make_response(f"{status} {error.name}\n", status, {"Content-Type": "text/plain; charset=utf-8"})
