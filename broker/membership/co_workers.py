"""Administering co-workers of an organisation that is not federated; the directory does it for the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from broker.admission import Admission
from broker.errors import BadRequest, Busy, NotAllowed
from broker.identity import Account, FieldStamp
from broker.membership.passwords import require_own
from broker.membership.people import NAMES, Missing, cleaned
from broker.membership.ports import Ports
from broker.membership.roles import require_administrator, require_role
from broker.organizations import ADMINISTRATOR
from broker.store.audit import Entry

DOOR: Final = "co_workers"

EDITABLE: Final = ("first_name", "last_name", "role", "job_title", "department", "work_phone", "mobile_phone")

# Of one organisation only one change at a time, on any worker; a worker that dies meanwhile holds it up so long.
_HELD: Final = timedelta(seconds=10)
_PAGE: Final = 200


class CoWorkers:
    """Edits, deactivates and activates accounts."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def require_administrable(self, organization: str) -> None:
        """Raises ``NotAllowed`` if users of the organisation are administered in its directory."""
        current = self._ports.organizations.current().get(organization)
        if current is None or current.connection is not None:
            raise NotAllowed(DOOR, "the organisation is federated", explanation="federated_users")

    def person(self, admission: Admission, administrator: Account, account_id: str) -> Account:
        """The co-worker whom an administrator is about to change; raises ``NotAllowed``.

        Somebody of another organisation is as unknown as nobody (threats DO-22).
        """
        require_own(admission, administrator)
        require_administrator(administrator)
        self.require_administrable(administrator.organization)
        person = self._ports.directory.account(account_id)
        if person is None or person.organization != administrator.organization:
            raise NotAllowed(DOOR, "no such co-worker", explanation="no_such_person")
        return person

    def edit(self, admission: Admission, administrator: Account, account_id: str, fields: Mapping[str, str]) -> Account:
        """Writes the given fields; raises ``NotAllowed``, ``BadRequest``, and ``Missing`` for an empty name."""
        unknown = fields.keys() - set(EDITABLE)
        if unknown:
            raise BadRequest("params", f"not a field that is edited: {min(unknown)[:40]!r}")
        role = fields.get("role")
        values: dict[str, str | None] = {
            name: value or None for name, value in cleaned({n: v for n, v in fields.items() if n != "role"}).items()
        }
        for name in NAMES:
            if name in values and values[name] is None:
                raise Missing(name)
        with self._one_at_a_time(administrator.organization):
            person = self.person(admission, administrator, account_id)
            if role is not None and role != person.role:
                require_role(role)
                self._keep_an_administrator(person, leaves=role != ADMINISTRATOR)
                values["role"] = role
            if values.keys() & set(NAMES):
                first, last = (values.get(name) or getattr(person, name) for name in NAMES)
                values["display_name"] = " ".join(part for part in (first, last) if part != "-")
            now = self._ports.clock.now()
            edited = self._ports.directory.edit_account(person.id, values, by=administrator.id, at=now)
        if edited is None:
            raise NotAllowed(DOOR, "no such co-worker", explanation="no_such_person")
        detail = {"fields": " ".join(sorted(values)), **({"role": role} if role else {})}
        self._note("account_edited", administrator, person, detail)
        return edited

    def deactivate(self, admission: Admission, administrator: Account, account_id: str) -> None:
        """Keeps somebody out from now on; everything that they were given ends."""
        ports = self._ports
        with self._one_at_a_time(administrator.organization):
            person = self.person(admission, administrator, account_id)
            self._keep_an_administrator(person, leaves=True)
            now = ports.clock.now()
            ports.directory.set_active(person.id, False, stamp=FieldStamp(administrator.id, now))
        ports.standings.end_account(person.id, "deactivated", now)
        ports.tidy(person.id)
        self._note("account_deactivated", administrator, person)

    def activate(self, admission: Admission, administrator: Account, account_id: str) -> None:
        """Lets somebody in again, who then signs in anew."""
        person = self.person(admission, administrator, account_id)
        stamp = FieldStamp(administrator.id, self._ports.clock.now())
        self._ports.directory.set_active(person.id, True, stamp=stamp)
        self._note("account_activated", administrator, person)

    def _keep_an_administrator(self, person: Account, *, leaves: bool) -> None:
        """Raises ``NotAllowed`` if nobody could administer the organisation without this person."""
        if not leaves or person.role != ADMINISTRATOR or not person.active:
            return
        if not any(other.role == ADMINISTRATOR and other.active for other in self._others(person)):
            raise NotAllowed(DOOR, "the last administrator", explanation="last_administrator")

    def _others(self, person: Account) -> Iterator[Account]:
        after: tuple[str, str] | None = None
        while True:
            page = self._ports.directory.accounts(person.organization, after=after, limit=_PAGE)
            yield from (account for account in page if account.id != person.id)
            if len(page) < _PAGE:
                return
            after = (page[-1].display_name, page[-1].id)

    @contextmanager
    def _one_at_a_time(self, organization: str) -> Iterator[None]:
        """Two administrators who deactivate each other at the same moment must not both succeed."""
        ports = self._ports
        if not ports.state.add_if_absent("administering", organization, b"1", _HELD):
            raise Busy("lock", "another change of this organisation is under way")
        try:
            yield
        finally:
            ports.state.delete("administering", organization)

    def _note(
        self, event: str, administrator: Account, person: Account, detail: Mapping[str, str] | None = None
    ) -> None:
        ports = self._ports
        ports.audit.add(Entry(event, person.organization, administrator.id, ports.clock.now(), person.id, detail))
