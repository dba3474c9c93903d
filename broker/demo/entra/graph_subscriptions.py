"""Graph: ``/subscriptions`` to changes of people, with the handshake of their addresses (entra-id reference 4.7)."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

from flask import Blueprint, Response, jsonify, make_response, request

from broker.demo.entra.callbacks import post
from broker.demo.entra.graph_access import READ_FULLY, Caller, caller_of, organization_only
from broker.demo.entra.graph_errors import GraphError
from broker.demo.entra.graph_properties import moment_text
from broker.demo.entra.state import Simulator
from broker.demo.entra.subscriptions import LONGEST, LONGEST_CLIENT_STATE, Subscription
from broker.demo.entra.timing import moment_of

# entra-id reference 4.7.
_TIME_TO_VALIDATE_SECONDS: Final = 10
_CHANGE_TYPES: Final = frozenset({"updated", "deleted"})
_RESOURCE: Final = re.compile(r"/?users(/[0-9a-fA-F-]{36})?/?", re.IGNORECASE)
_MEMBERS: Final = frozenset(
    {"changeType", "notificationUrl", "resource", "expirationDateTime", "clientState", "latestSupportedTlsVersion"}
)


def subscriptions_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("graph_subscriptions", __name__)

    def subscriber() -> Caller:
        caller = caller_of(simulator)
        organization_only(caller)
        caller.require(READ_FULLY)
        return caller

    def own(caller: Caller, subscription_id: str) -> Subscription:
        for one in _own(simulator, caller):
            if one.subscription_id == subscription_id:
                return one
        raise GraphError(404, "ResourceNotFound", "The object was not found.")

    def said(subscription: Subscription, status: int = 200) -> Response:
        context = f"{simulator.base_url}/v1.0/$metadata#subscriptions/$entity"
        return make_response(jsonify({"@odata.context": context} | _described(subscription)), status)

    @blueprint.get("/v1.0/subscriptions")
    def subscriptions() -> Response:
        found = [_described(one) for one in _own(simulator, subscriber())]
        context = f"{simulator.base_url}/v1.0/$metadata#subscriptions"
        return make_response(jsonify({"@odata.context": context, "value": found}))

    @blueprint.post("/v1.0/subscriptions")
    def subscribe() -> Response:
        subscription = _read(simulator, subscriber())
        _shake_hands(simulator, subscription.notification_url)
        simulator.subscriptions.put(subscription)
        return said(subscription, 201)

    @blueprint.get("/v1.0/subscriptions/<subscription_id>")
    def subscription(subscription_id: str) -> Response:
        return said(own(subscriber(), subscription_id))

    @blueprint.patch("/v1.0/subscriptions/<subscription_id>")
    def renew(subscription_id: str) -> Response:
        known = own(subscriber(), subscription_id)
        body = _body(frozenset({"expirationDateTime", "notificationUrl"}))
        if "expirationDateTime" in body:
            known = replace(known, expires_at=_expiry(body["expirationDateTime"]))
        if "notificationUrl" in body:
            known = replace(known, notification_url=_address(simulator, body["notificationUrl"]))
            _shake_hands(simulator, known.notification_url)
        simulator.subscriptions.put(known)
        return said(known)

    @blueprint.delete("/v1.0/subscriptions/<subscription_id>")
    def unsubscribe(subscription_id: str) -> Response:
        simulator.subscriptions.remove(own(subscriber(), subscription_id).subscription_id)
        return make_response("", 204)

    return blueprint


def _own(simulator: Simulator, caller: Caller) -> list[Subscription]:
    """An application sees its own in the tenant, and no other's."""
    client_id, tenant_id = caller.authorization.client_id, caller.tenant.tenant_id
    found = simulator.subscriptions.all(moment_of())
    return [one for one in found if (one.client_id, one.tenant_id) == (client_id, tenant_id)]


def _read(simulator: Simulator, caller: Caller) -> Subscription:
    body = _body(_MEMBERS)
    for name in ("changeType", "notificationUrl", "resource", "expirationDateTime"):
        if not isinstance(body.get(name), str) or not body[name].strip():
            raise _invalid(f"The property '{name}' is required.")
    change_types = frozenset(part.strip() for part in body["changeType"].split(","))
    if not change_types <= _CHANGE_TYPES:
        raise _invalid("The change type of users is updated, deleted, or both.")
    if not _RESOURCE.fullmatch(body["resource"]):
        raise _invalid(f"The resource '{body['resource'][:80]}' is not supported for subscriptions.")
    client_state = body.get("clientState")
    if client_state is not None and (not isinstance(client_state, str) or len(client_state) > LONGEST_CLIENT_STATE):
        raise _invalid(f"clientState may have {LONGEST_CLIENT_STATE} characters at most.")
    principal = simulator.directory.service_principal(caller.authorization.client_id, caller.tenant.tenant_id)
    creator = caller.user.oid if caller.user else principal.object_id if principal else ""
    return Subscription(
        str(uuid.uuid4()),
        caller.authorization.client_id,
        caller.tenant.tenant_id,
        creator,
        body["resource"],
        change_types,
        _address(simulator, body["notificationUrl"]),
        client_state,
        _expiry(body["expirationDateTime"]),
    )


def _body(members: frozenset[str]) -> dict[str, Any]:
    try:
        body = request.get_json(silent=True, force=True)
    except RecursionError:
        body = None
    if not isinstance(body, dict):
        raise GraphError(400, "BadRequest", "Empty Payload. JSON content expected.")
    for name in body:
        if name not in members:
            raise _invalid(f"The property '{name[:80]}' is not supported here.")
    return body


def _expiry(text: Any) -> datetime:
    """Raises ``GraphError`` unless it is to come, and no further away than is allowed."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise _invalid("expirationDateTime is not a moment.") from error
    if moment.tzinfo is None or moment <= moment_of():
        raise _invalid("Subscription expiration must be a moment in the future, with its offset.")
    if moment > moment_of() + LONGEST:
        minutes = int(LONGEST.total_seconds() // 60)
        raise _invalid(f"Subscription expiration can only be {minutes} minutes in the future.")
    return moment


def _address(simulator: Simulator, text: Any) -> str:
    """TLS is a must, except for a simulator that has none itself."""
    try:
        parts = urlsplit(text if isinstance(text, str) else "")
    except ValueError as error:
        raise _invalid("The notification URL is not valid.") from error
    schemes = {"https", urlsplit(simulator.base_url).scheme}
    if parts.scheme not in schemes or not parts.hostname or parts.fragment:
        raise _invalid("The notification URL must begin with https and have no fragment.")
    return str(text)


def _shake_hands(simulator: Simulator, url: str) -> None:
    """The address must give a text back that it can only have from us; raises ``GraphError``."""
    token = f"Validation: Testing client application reachability for subscription Request-Id: {uuid.uuid4()}"
    joint = "&" if "?" in url else "?"
    answer = post(
        f"{url}{joint}validationToken={quote(token, safe='')}",
        b"",
        "text/plain; charset=utf-8",
        ca_file=simulator.settings.ca_file,
        timeout_seconds=_TIME_TO_VALIDATE_SECONDS,
    )
    simulator.notifier.note_handshake(url, answer)
    if answer.status is None:
        raise _not_validated("The request did not complete.")
    if answer.status != 200:
        raise _not_validated(f"It answered {answer.status}, and must respond with 200 OK.")
    if not answer.content_type.lower().startswith("text/plain") or answer.text != token:
        raise _not_validated("It must respond with the validation token as text/plain.")


def _not_validated(why: str) -> GraphError:
    return GraphError(400, "ValidationError", f"Subscription validation request failed. Notification endpoint: {why}")


def _invalid(message: str) -> GraphError:
    return GraphError(400, "InvalidRequest", message)


def _described(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": subscription.subscription_id,
        "resource": subscription.resource,
        "applicationId": subscription.client_id,
        "changeType": ",".join(sorted(subscription.change_types, reverse=True)),
        "clientState": subscription.client_state,
        "notificationUrl": subscription.notification_url,
        "notificationQueryOptions": None,
        "lifecycleNotificationUrl": None,
        "expirationDateTime": moment_text(subscription.expires_at),
        "creatorId": subscription.creator_id,
        "includeResourceData": None,
        "latestSupportedTlsVersion": "v1_2",
        "encryptionCertificate": None,
        "encryptionCertificateId": None,
        "notificationUrlAppId": None,
    }
