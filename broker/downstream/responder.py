"""The port of a downstream protocol: how an application that asked is answered."""

from __future__ import annotations

from typing import Protocol

from broker.errors import PartyError
from broker.messages import LoginRequest, LoginResult, Reply


class Responder(Protocol):
    """Answers the parties of one protocol. ``name`` is what ``LoginRequest.responder`` says."""

    name: str

    def reply(self, result: LoginResult) -> Reply:
        """The positive answer to the party; needs the admission inside ``result``."""
        ...

    def refuse(self, request: LoginRequest, error: PartyError) -> Reply:
        """The protocol's error answer to the party, at its proved reply address."""
        ...

    def session_ended(self, sid: str) -> None:
        """Ends whatever parties of this protocol were given under a session."""
        ...
