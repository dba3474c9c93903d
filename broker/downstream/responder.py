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

    # Each of these is idempotent and may be repeated by any worker. Word to the parties goes out in the background:
    # what becomes of it is logged, and nothing of it is raised.

    def session_ended(self, sid: str) -> None:
        """The person signed out: ends whatever parties were given under the session, and tells them.

        What was given for the time when nobody is there (``offline_access``) stays.
        """
        ...

    def person_ended(self, account_id: str) -> None:
        """The person was ended: ends all that parties were given for the account before its epoch rose, and tells them.

        What was given since, to somebody who has signed in again, stays.
        """
        ...

    def organization_ended(self, organization: str) -> None:
        """The same for everybody of an organisation whose way in changed, and whose epoch so rose."""
        ...
