"""The names under which what was given out is found again when it has to end (``StateStore`` indexes)."""

from __future__ import annotations

from typing import Protocol


class OfSomebody(Protocol):
    """Anything that was given out for a person."""

    @property
    def account_id(self) -> str: ...

    @property
    def organization(self) -> str: ...


def of_grant(grant_id: str) -> str:
    return f"grant:{grant_id}"


def of_session(sid: str) -> str:
    return f"session:{sid}"


def of_account(account_id: str) -> str:
    return f"account:{account_id}"


def of_organization(organization: str) -> str:
    return f"organization:{organization}"


def of_person(given: OfSomebody) -> tuple[str, str]:
    """Those of the account and of its organisation."""
    return of_account(given.account_id), of_organization(given.organization)


def of_client(client_id: str) -> str:
    return f"client:{client_id}"
