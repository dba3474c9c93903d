"""The switch: from now on with Microsoft and in no other way; and its undoing, which is as careful.

Each change is one transaction of the records, of which every worker knows at its next admission. What follows it, the
ending of sessions, the letters and the audit, can be interrupted anywhere and opens nothing meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

import structlog

from broker.attempts import OPERATOR
from broker.clock import Clock
from broker.connectable import require_connectable
from broker.errors import NotAllowed
from broker.login_steps import Present
from broker.notices import AdministratorNotices, Kind
from broker.organizations import ADMINISTRATOR, Organization, Organizations
from broker.sessions import Sessions
from broker.store.audit import AuditTrail, Entry
from broker.store.credentials import Credentials, Holdings
from broker.store.federations import Disconnection, Enforcement, Federation, Federations, OutOfStep
from broker.store.standings import Standings

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Preview:
    """What the switch will change. ``sessions``: open ones at most; some may have ended by themselves."""

    holdings: Holdings
    sessions: int
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """The federation that a page showed when somebody agreed to it: only that one is switched on."""

    tenant_id: str
    epoch: int


@dataclass(frozen=True, slots=True)
class FederatingPorts:
    """What the flow stands on. ``carry_out`` ends what the records have noted to be ended, and may be called again."""

    organizations: Organizations
    federations: Federations
    credentials: Credentials
    standings: Standings
    audit: AuditTrail
    sessions: Sessions
    notices: AdministratorNotices
    carry_out: Callable[[], object]
    clock: Clock


class Federating:
    """Enforces and disconnects. ``fresh``: how long ago an administrator may have signed in at most; ``delay``: between
    asking for a disconnection and its effect. ``NAME``: under which an application keeps it for its background.
    """

    NAME: ClassVar[str] = "federating"

    def __init__(self, ports: FederatingPorts, *, fresh: timedelta, delay: timedelta) -> None:
        self._ports = ports
        self._fresh = fresh
        self._delay = delay
        self._seen: Final[dict[str, Disconnection]] = {}
        self._generation = 0

    @property
    def delay_hours(self) -> int:
        """Hours between asking for a disconnection and its effect, for the page that asks."""
        return round(self._delay / timedelta(hours=1))

    # -- the switch -------------------------------------------------------------------------------------------

    def preview(self, organization: Organization) -> Preview:
        """For the page that asks, and for ``--dry-run``."""
        return Preview(
            self._ports.credentials.holdings(organization.name),
            len(self._ports.sessions.of_organization(organization.name)),
            organization.domains,
        )

    def ready(self, present: Present) -> Federation:
        """The federation that this administrator may switch on now; raises ``NotAllowed`` (threats FE-21)."""
        self._require_administrator(present)
        require_connectable(self._ports.organizations, present.account.organization)
        federation = self._tested(present.account.organization)
        test = federation.test
        if test is None or (test.account_id, test.sid) != (present.account.id, present.session.sid):
            raise NotAllowed("precondition", "tested by somebody else or earlier", explanation="test_first")
        return federation

    def enforce(self, present: Present, shown: Shown) -> Federation:
        """Switches on what the page showed; the administrator's account is from now on the proved person's."""
        federation = self.ready(present)
        if (federation.tenant_id, federation.epoch) != (shown.tenant_id, shown.epoch):
            raise NotAllowed("precondition", "not what the page showed", explanation="changed_meanwhile")
        return self._enforce(federation, present.account.id, present.account.display_name)

    def enforce_by_operator(self, organization: str) -> Federation:
        """The same by command; raises ``NotAllowed`` without a recorded test."""
        require_connectable(self._ports.organizations, organization)
        return self._enforce(self._tested(organization), OPERATOR, None)

    def _tested(self, organization: str) -> Federation:
        federation = self._ports.federations.recorded(organization).federation
        if federation is None or federation.stage != "tested" or federation.test is None:
            raise NotAllowed("precondition", "no test sign-in is recorded", explanation="test_first")
        return federation

    def _enforce(self, tested: Federation, by: str, who: str | None) -> Federation:
        ports, test, now = self._ports, tested.test, self._ports.clock.now()
        if tested.tenant_id is None or test is None:
            raise NotAllowed("precondition", "not tested", explanation="test_first")
        proved = (test.account_id, test.object_id) if test.account_id is not None else None
        order = Enforcement(tested.organization, tested.epoch, tested.tenant_id, by, now, proved)
        try:
            federation = ports.federations.enforce(order)
        except OutOfStep as error:
            raise NotAllowed("precondition", str(error), explanation="changed_meanwhile") from error
        detail = {"tenant": tested.tenant_id, "epoch": str(federation.epoch)}
        ports.audit.add(Entry("federation_enforced", tested.organization, by, now, test.account_id, detail))
        _log.info("federation_enforced", org=tested.organization, tenant=tested.tenant_id, epoch=federation.epoch)
        ports.carry_out()
        self._tell(tested.organization, "enforced", who)
        return federation

    # -- disconnecting ----------------------------------------------------------------------------------------

    def require_disconnectable(self, present: Present) -> Organization:
        """The organisation, if this administrator may ask for its disconnection now: signed in a moment ago, with
        Microsoft (threats FE-20). Raises ``NotAllowed``.
        """
        self._require_administrator(present)
        organization = self._ports.organizations.current().get(present.account.organization)
        if organization is None or organization.connection is None:
            raise NotAllowed("switch", "it is not connected", explanation="not_connected")
        if organization.is_declared:
            raise NotAllowed("declared", "the connection stands in a file", explanation="connection_declared")
        if present.session.connection != organization.connection.name:
            raise NotAllowed(
                "switch", f"signed in by {present.session.connection}", explanation="sign_in_with_microsoft"
            )
        return organization

    def schedule_disconnection(self, present: Present, typed_name: str) -> Federation:
        """Takes effect after the delay, unless an administrator calls it off before."""
        organization = self.require_disconnectable(present)
        if " ".join(typed_name.split()).casefold() not in (organization.display_name.casefold(), organization.name):
            raise NotAllowed("switch", "the name was not typed", explanation="name_not_typed")
        now = self._ports.clock.now()
        wanted = Disconnection(present.account.id, now, now + self._delay)
        try:
            federation = self._ports.federations.schedule_disconnection(organization.name, wanted)
        except OutOfStep as error:
            raise NotAllowed("switch", str(error), explanation="changed_meanwhile") from error
        at = _readable(wanted.at)
        self._note("disconnection_scheduled", organization.name, present.account.id, now, due=wanted.at.isoformat())
        self._tell(organization.name, "disconnection_scheduled", present.account.display_name, at=at)
        return federation

    def call_off(self, present: Present) -> Federation:
        """Any administrator may, also without signing in anew: it keeps what is."""
        self._require_role(present)
        name = present.account.organization
        try:
            federation = self._ports.federations.call_off_disconnection(name)
        except OutOfStep as error:
            raise NotAllowed("switch", str(error), explanation="changed_meanwhile") from error
        self._note("disconnection_called_off", name, present.account.id, self._ports.clock.now())
        self._tell(name, "disconnection_called_off", present.account.display_name)
        return federation

    def disconnect_by_operator(self, organization: str, reason: str) -> Federation:
        """At once; raises ``NotAllowed`` if there is nothing to disconnect."""
        known = self._ports.organizations.current().get(organization)
        if known is not None and known.is_declared:
            raise NotAllowed("declared", "the connection stands in a file", explanation="connection_declared")
        return self._disconnect(organization, OPERATOR, reason)

    def carry_out_due(self) -> int:
        """Carries out every disconnection that is due, on whichever worker comes first; how many this one did."""
        changes = self._ports.federations.changes(self._generation)
        for recorded in changes.organizations:
            federation = recorded.federation
            if federation is not None and federation.disconnection is not None:
                self._seen[recorded.name] = federation.disconnection
            else:
                self._seen.pop(recorded.name, None)
        self._generation = changes.generation
        due = [(name, what) for name, what in self._seen.items() if what.at <= self._ports.clock.now()]
        done = 0
        for name, scheduled in due:
            try:
                self._disconnect(name, scheduled.requested_by, "scheduled", scheduled)
                done += 1
            except NotAllowed:
                continue  # Called off, or another worker was first: the next reading says which.
        return done

    def _disconnect(self, name: str, by: str, reason: str, scheduled: Disconnection | None = None) -> Federation:
        before = self._ports.federations.recorded(name).federation
        now = self._ports.clock.now()
        try:
            federation = self._ports.federations.disconnect(name, by, now, scheduled=scheduled)
        except OutOfStep as error:
            raise NotAllowed("switch", str(error), explanation="not_connected") from error
        tenant = before.tenant_id if before is not None and before.tenant_id is not None else ""
        self._ports.standings.drop_watch(name)
        self._note("federation_disconnected", name, by, now, tenant=tenant, reason=reason, epoch=str(federation.epoch))
        self._ports.carry_out()
        self._tell(name, "disconnected", None)
        return federation

    def previous_tenant(self, organization: str) -> str | None:
        """The tenant with which the organisation was connected last, for the page that connects it again."""
        entry = self._ports.audit.latest(organization, "federation_disconnected")
        return (entry.entry.detail or {}).get("tenant") or None if entry is not None else None

    # -- shared -----------------------------------------------------------------------------------------------

    def _require_role(self, present: Present) -> None:
        if present.account.role != ADMINISTRATOR:
            raise NotAllowed("switch", "not an administrator of the organisation", explanation="not_admin")

    def _require_administrator(self, present: Present) -> None:
        self._require_role(present)
        at = present.session.authenticated_at
        if at is None or self._ports.clock.now() - at > self._fresh:
            raise NotAllowed("stale", "the sign-in is not fresh", explanation="sign_in_again")

    def _note(self, event: str, organization: str, by: str, at: datetime, **detail: str) -> None:
        self._ports.audit.add(Entry(event, organization, by, at, None, detail))
        _log.info(event, org=organization, by=by, **detail)

    def _tell(self, name: str, kind: Kind, who: str | None, **words: str) -> None:
        organization = self._ports.organizations.current().get(name)
        if organization is not None:
            self._ports.notices.tell(organization, kind, who, **words)


def _readable(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")
