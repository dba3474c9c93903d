"""Where Microsoft Graph sends word of changes in a directory (entra-id reference, section 4.7).

The answer is given before anything is looked at, within the 3 s that Graph allows: an item that proves where it comes
from orders a look in the background, and everything else is forgotten. Both look the same from outside.
"""

from __future__ import annotations

from typing import Final

import structlog
from flask import Blueprint, Response, request

from broker import strict_json
from broker.doors import harmless
from broker.errors import BadRequest
from broker.watching.subscribing import Notifications, notification_of

PATH: Final = "/upstream/entra/notifications"

# Bytes. Graph sends one or a few items of about 600 bytes each.
_LARGEST: Final = 256 * 1024
_MOST_ITEMS: Final = 1000
# Characters; Graph's token is a sentence and a GUID.
_LONGEST_TOKEN: Final = 1024

_log = structlog.get_logger(__name__)


def create_blueprint(notifications: Notifications) -> Blueprint:
    """The one address for the notifications of every directory."""
    blueprint = Blueprint("notifications", __name__)

    @blueprint.post(PATH)
    @harmless("makes the broker read a directory again, and nothing else")
    def receive() -> Response:
        source = request.remote_addr or ""
        if not notifications.may_send(source):
            _log.warning("notification_refused", reason="rate", src=source)
            return _plain("", 429, {"Retry-After": "60"})
        tokens = request.args.getlist("validationToken")
        if tokens:
            return _handshake(notifications, tokens)
        if request.mimetype != "application/json" or (request.content_length or 0) > _LARGEST:
            raise BadRequest("params", "a notification is JSON of at most 256 KiB")
        notifications.arrived(found for found in map(notification_of, _items(request.get_data())) if found is not None)
        return _plain("", 202)

    return blueprint


def _handshake(notifications: Notifications, tokens: list[str]) -> Response:
    """Says the token back, as Graph wants, but only while a directory was asked for notifications by us: otherwise
    this would say back anybody's words.
    """
    token = tokens[0]
    if len(tokens) != 1 or not 0 < len(token) <= _LONGEST_TOKEN or not token.isprintable():
        raise BadRequest("params", "not a validation token")
    if not notifications.handshake_is_expected():
        _log.warning("notification_refused", reason="handshake", src=request.remote_addr)
        return _plain("", 404)
    return _plain(token, 200)


def _items(body: bytes) -> list[object]:
    if len(body) > _LARGEST:  # Without a length in its header, it shows only when it is read.
        raise BadRequest("size", "a notification is JSON of at most 256 KiB")
    try:
        value = strict_json.parse(body)
    except strict_json.JsonRefused as error:
        raise BadRequest("params", "not JSON") from error
    items = value.get("value") if isinstance(value, dict) else None
    if not isinstance(items, list) or len(items) > _MOST_ITEMS:
        raise BadRequest("params", "value is not a list of notifications")
    return items


def _plain(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(text, status, headers, content_type="text/plain; charset=utf-8")
