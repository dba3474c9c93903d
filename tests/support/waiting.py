"""Waits for what another thread or server is about to do."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(condition: Callable[[], bool], what: str, *, within_seconds: float = 20) -> None:
    """Returns as soon as the condition holds; fails when it does not in a time that is far too long."""
    give_up = time.monotonic() + within_seconds
    while not condition():
        if time.monotonic() > give_up:
            raise AssertionError(f"not within {within_seconds} s: {what}")
        time.sleep(0.02)
