"""Upstream text made fit for a log: bounded, on one line, without addresses (threats UO-23, G9)."""

from __future__ import annotations

import re
from typing import Final

_MAX: Final = 200
_ADDRESS: Final = re.compile(r"[^\s<>\"'`]+@[^\s<>\"'`]+")


def loggable(text: str) -> str:
    """At most 200 characters; control characters and everything beyond ASCII escaped; e-mail addresses left out."""
    plain = _ADDRESS.sub("(address)", text[: _MAX * 4])
    return plain[:_MAX].encode("unicode_escape").decode("ascii")[:_MAX]
