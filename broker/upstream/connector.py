"""The port of an upstream: start a sign-in there, finish it, and read a person's profile once."""

from __future__ import annotations

from typing import Protocol

from broker.identity import Authentication, Profile
from broker.messages import Transaction, UpstreamAnswer


class Connector(Protocol):
    """Speaks one kind of upstream for every connection of that kind.

    Each method raises ``LoginFailed`` or ``NotAllowed`` when a check says no, and ``Busy`` when the upstream does not
    answer as it should. Endpoints, keys and expectations come from the transaction and the configuration, never from
    the answer.
    """

    kind: str

    def callback_uri(self, connection: str) -> str:
        """The registered redirect URI of this connection's app registration at the upstream."""
        ...

    def start(self, transaction: Transaction, state: str) -> str:
        """The address at the upstream to which the browser is sent."""
        ...

    def finish(self, transaction: Transaction, answer: UpstreamAnswer) -> Authentication:
        """Redeems and verifies what came back; ``answer.state`` has already been matched with the transaction."""
        ...

    def profile(self, authentication: Authentication) -> Profile:
        """What the directory knows of this person, with the photo; called only for a first sign-in."""
        ...

    def profile_again(self, authentication: Authentication, *, ask_directory: bool) -> Profile:
        """What it knows now of somebody who has an account, for the fields that the directory keeps.

        With ``ask_directory`` the directory is asked, which costs a call; a directory that does not answer is no error,
        but ``Profile.from_directory`` is False. That it refuses the person is one.
        """
        ...
