"""The one refusal of this package."""

from __future__ import annotations


class TokenRejected(Exception):
    """A token did not pass a check. ``reason`` is the word of the threat catalogue; ``detail`` is for the log, without
    the token.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
