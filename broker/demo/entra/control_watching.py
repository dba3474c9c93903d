"""The control API of those who watch the directory: subscriptions, notifications, delta tokens."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from flask import Blueprint, Response, jsonify, make_response
from pydantic import Field

from broker.demo.entra.control_input import Change, UnknownObject, body_of, plain, user_named
from broker.demo.entra.notifications import Notification
from broker.demo.entra.state import Simulator
from broker.demo.entra.timing import moment_of


class _Forged(Change):
    """A notification that nothing has happened for. What is left out is as the subscription has it."""

    subscription_id: str
    user: str
    change_type: Literal["created", "updated", "deleted"] = "updated"
    client_state: str | None = None
    count: Annotated[int, Field(ge=1, le=1000)] = 1


def watching_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("watching", __name__)

    @blueprint.get("/subscriptions")
    def subscriptions() -> Response:
        found: list[dict[str, Any]] = [plain(asdict(one)) for one in simulator.subscriptions.all(moment_of())]
        return make_response(jsonify(subscriptions=found))

    @blueprint.delete("/subscriptions/<subscription_id>")
    def drop_subscription(subscription_id: str) -> Response:
        if simulator.subscriptions.remove(subscription_id) is None:
            raise UnknownObject(subscription_id)
        return make_response("", 204)

    @blueprint.get("/notifications")
    def deliveries() -> Response:
        return make_response(jsonify(deliveries=simulator.notifier.deliveries(), waiting=simulator.notifier.waiting()))

    @blueprint.post("/notifications")
    def forge() -> Response:
        wanted = body_of(_Forged)
        subscription = simulator.subscriptions.get(wanted.subscription_id, moment_of())
        if subscription is None:
            raise UnknownObject(wanted.subscription_id)
        said = wanted.client_state if "client_state" in wanted.model_fields_set else subscription.client_state
        oid = user_named(simulator, wanted.user).oid
        for _ in range(wanted.count):
            simulator.notifier.put(
                Notification(subscription, wanted.change_type, oid, simulator.directory.changes.position, said)
            )
        return make_response("", 204)

    @blueprint.delete("/notifications")
    def forget() -> Response:
        simulator.notifier.forget_deliveries()
        return make_response("", 204)

    @blueprint.delete("/delta-tokens")
    def expire_delta_tokens() -> Response:
        simulator.delta_tokens.reset()
        return make_response("", 204)

    return blueprint
