"""The port through which letters go out, and the letter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


class NotSent(Exception):
    """The letter did not go out; the text says why, without address or content."""


@dataclass(frozen=True, slots=True)
class Letter:
    """Plain text to one address. None of it is for a log (threats G9).

    Raises ``ValueError`` for an address or a subject with a line break, which would write headers of its own.
    """

    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.to.isprintable() or not self.subject.isprintable():
            raise ValueError("an address and a subject are one line each")


class Mailer(Protocol):
    """Sends letters."""

    def send(self, letter: Letter) -> None:
        """Accepts the letter for sending, or raises ``NotSent``.

        An implementation that sends in the background accepts at once and logs what fails afterwards.
        """
        ...
