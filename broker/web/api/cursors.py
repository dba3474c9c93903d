"""Where a list goes on: opaque to callers."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Final

from broker.web.api.problems import ApiRefused

# A display name of 256 characters in base64 of JSON, escaped, and the id.
_LONGEST: Final = 4096


def write_cursor(name: str, account_id: str) -> str:
    """The cursor after this account."""
    return base64.urlsafe_b64encode(json.dumps([name, account_id]).encode()).decode().rstrip("=")


def read_cursor(written: str | None) -> tuple[str, str] | None:
    """The pair that a cursor stands for, None without one; raises ``ApiRefused`` for what is none of ours."""
    if written is None:
        return None
    refusal = ApiRefused(400, "invalid_request", "after is not a cursor of ours.")
    if len(written) > _LONGEST:
        raise refusal
    try:
        padded = written.encode("ascii") + b"=" * (-len(written) % 4)
        value = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise refusal from error
    if not (isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value)):
        raise refusal
    return value[0], value[1]
