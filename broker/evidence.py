"""What is known of somebody at a door, for the rules that judge it (``broker.admission``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from broker.claims.facts import Facts
from broker.claims.rules import Rule
from broker.identity import Account, Authentication, Stamp, Subject


@dataclass(frozen=True, slots=True)
class Heard:
    """What an upstream said of somebody, and the ``require`` rules that it has passed; made by ``Gate.hear`` only."""

    authentication: Authentication = field(repr=False)
    facts: Facts = field(repr=False)
    passed: tuple[Rule, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of somebody at a door.

    From a fresh ``Authentication``, or from a standing session or grant and its account. ``account`` is None only
    before the first sign-in has created it. ``party_organizations``: the organisations whose people the asking party
    may sign in, None for all. ``stamp``: of what stands; None when nothing was given out yet.

    ``facts``: what the upstream said just now, None for what stands. ``fields``: those that the account is going to
    have, None when nobody knows, or when they stay as they are. ``required``: the rules that what was said has passed.
    """

    organization: str
    connection: str
    subject: Subject
    email: str | None
    is_guest: bool
    account: Account | None
    party_organizations: tuple[str, ...] | None
    stamp: Stamp | None = None
    facts: Facts | None = field(default=None, repr=False)
    fields: Mapping[str, str] | None = field(default=None, repr=False)
    required: tuple[Rule, ...] | None = field(default=None, repr=False)

    @classmethod
    def fresh(
        cls,
        said: Authentication | Heard,
        account: Account | None,
        party_organizations: tuple[str, ...] | None,
        fields: Mapping[str, str] | None = None,
    ) -> Evidence:
        """Of somebody who has just signed in. ``fields``: those that the account will have once it is written; it is
        their ``email`` that is judged then, since a directory may know another address than the token.
        """
        heard = said if isinstance(said, Heard) else None
        authentication = said.authentication if isinstance(said, Heard) else said
        return cls(
            authentication.organization,
            authentication.connection,
            authentication.subject,
            authentication.email if fields is None else fields.get("email"),
            authentication.is_guest,
            account,
            party_organizations,
            facts=heard.facts if heard is not None else Facts.of(authentication),
            fields=fields,
            required=heard.passed if heard is not None else None,
        )

    @classmethod
    def standing(
        cls, account: Account, connection: str, stamp: Stamp, party_organizations: tuple[str, ...] | None
    ) -> Evidence:
        """Of a session or grant opened earlier through ``connection``; guesthood was judged when it was opened."""
        return cls(
            account.organization,
            connection,
            account.subject,
            account.email,
            False,
            account,
            party_organizations,
            stamp,
        )

    @classmethod
    def knocking(cls, account: Account, connection: str) -> Evidence:
        """Of an account at a door of Pobuca's own, before anything was proved: whether it may be tried at all.

        Passwords, resets, invitations and app passwords ask with it, and again with what was proved.
        """
        return cls(account.organization, connection, account.subject, account.email, False, account, None)


class FactsMemory(Protocol):
    """Remembers what the upstream said at somebody's last sign-in (``broker.remembered``)."""

    def of(self, account: Account, connection: str) -> Facts | None:
        """What it said when the person last came in through this connection; None when nothing is known of it.

        Raises ``Busy`` if nobody can tell just now.
        """
        ...


class NothingRemembered:
    """A memory in which there is nothing: what stands is refused where an organisation has rules of its own."""

    def of(self, account: Account, connection: str) -> Facts | None:  # noqa: ARG002 - the port's signature
        """None."""
        return None
