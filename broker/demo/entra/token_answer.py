"""The success body of the token endpoint (entra-id reference 1.6)."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from broker.demo.entra.grants import Authorization


def access_token_lifetime(authorization: Authorization) -> timedelta:
    """Random 60 to 90 minutes; 20 to 28 hours for a client that evaluates continuously (entra-id reference 1.7)."""
    low, high = (20 * 3600, 28 * 3600) if authorization.evaluates_continuously else (3600, 5400)
    return timedelta(seconds=low + secrets.randbelow(high - low))


def token_answer(authorization: Authorization, access_token: str, lifetime: timedelta, **more: str) -> dict[str, Any]:
    """``more``: refresh_token, id_token, client_info."""
    seconds = int(lifetime.total_seconds())
    return {
        "token_type": "Bearer",
        "scope": authorization.scope,
        "expires_in": seconds,
        "ext_expires_in": seconds,
        "access_token": access_token,
        **more,
    }
