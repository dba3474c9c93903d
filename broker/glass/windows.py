"""Who is named for the break-glass, who of them may come in, and the window itself: the operator's part.

A break-glass that nobody has tried is a plan and no way in. So a window opens only for people who rehearsed within 90
days, and it records them: rule 0 knows nobody else (``organizations.BreakGlass``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from broker.clock import Clock
from broker.glass.alarm import Alarm
from broker.identity import Account
from broker.organizations import Organization, Organizations
from broker.store.audit import AuditTrail, Entry
from broker.store.credentials import Credentials, Passkey
from broker.store.directory import Directory
from broker.store.federations import BreakGlassWindow, Federations

# Issue of the break-glass: refused unless rehearsed within 90 days. A reminder leaves two weeks for it.
REHEARSED_WITHIN: Final = timedelta(days=90)
REMIND_AFTER: Final = timedelta(days=75)
LONGEST_WINDOW: Final = timedelta(minutes=240)
MAX_WHY: Final = 200

# Words of ``account_ended`` that say that the directory does not want the person: they open no break-glass afterwards,
# until they have rehearsed again, for which they must have signed in with Microsoft.
_UNWANTED: Final = frozenset({"disabled", "deleted", "unassigned"})
_PAGE: Final = 100


class CannotOpen(Exception):
    """Why a person cannot be named or a window not be opened: one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class NamedPerson:
    """One of the named people. ``rehearsed_at``: the latest of any of their passkeys. ``ready``: may be let in."""

    account: Account
    passkeys: int
    rehearsed_at: datetime | None
    ready: bool


class Windows:
    """Names people, opens and closes. ``by`` is ``operator`` or an account id, for the audit trail.

    ``app.extensions[Windows.NAME]`` is a running broker's.
    """

    NAME: Final = "glass_windows"

    def __init__(
        self,
        *,
        organizations: Organizations,
        federations: Federations,
        credentials: Credentials,
        directory: Directory,
        audit: AuditTrail,
        alarm: Alarm,
        clock: Clock,
    ) -> None:
        self._organizations = organizations
        self._federations = federations
        self._credentials = credentials
        self._directory = directory
        self._audit = audit
        self._alarm = alarm
        self._clock = clock

    # -- people -----------------------------------------------------------------------------------------------

    def named(self, organization: str) -> Sequence[NamedPerson]:
        """Everybody named for an organisation, whether or not a window is open."""
        ids = self._federations.recorded(organization).glass_people
        accounts = filter(None, map(self._directory.account, ids))
        return [self._person(account) for account in accounts]

    def is_named(self, account: Account) -> bool:
        return account.id in self._federations.recorded(account.organization).glass_people

    def nameable(self, organization: str, account_id: str) -> Account:
        """The account, if it can be named; raises ``CannotOpen``."""
        self._federated(organization)
        account = self._directory.account(account_id)
        if account is None or account.organization != organization:
            raise CannotOpen(f"there is no account {account_id} in {organization}")
        if not account.active:
            raise CannotOpen(f"account {account_id} is deactivated")
        return account

    def name(self, organization: str, account_id: str, by: str) -> bool:
        """True if the account was not named before; raises ``CannotOpen`` if it cannot be."""
        account = self.nameable(organization, account_id)
        if not self._federations.name_glass_person(organization, account_id):
            return False
        self._note("break_glass_named", organization, by, account_id)
        self._alarm.named(account)
        return True

    def unname(self, organization: str, account_id: str, by: str) -> bool:
        """Takes the name and the passkeys away, and ends what the account holds; True if it was named."""
        if not self._federations.unname_glass_person(organization, account_id):
            return False
        for passkey in self._credentials.passkeys(account_id):
            self._credentials.drop_passkey(account_id, passkey.credential_id)
        self._note("break_glass_unnamed", organization, by, account_id)
        return True

    def is_ready(self, account: Account, passkey: Passkey) -> bool:
        """Whether this passkey of a named person was rehearsed lately enough to come in with it."""
        at = passkey.rehearsed_at
        if at is None or self._clock.now() - at > REHEARSED_WITHIN or not account.active:
            return False
        return not self._is_unwanted_since(account, at)

    # -- the window -------------------------------------------------------------------------------------------

    def is_open_somewhere(self) -> bool:
        now = self._clock.now()
        every = (organization.break_glass for organization in self._organizations.current().all())
        return any(glass is not None and glass.is_open(now) for glass in every)

    def exists_somewhere(self) -> bool:
        """Whether anybody at all is named: where not, the pages are not there either."""
        return any(organization.break_glass for organization in self._organizations.current().all())

    def window(self, organization: str) -> BreakGlassWindow | None:
        """The open window, if there is one."""
        window = self._federations.recorded(organization).window
        return window if window is not None and window.closes_at > self._clock.now() else None

    def openable(self, organization: str, duration: timedelta, why: str) -> Sequence[Account]:
        """The people for whom it would open, at least one; raises ``CannotOpen``."""
        self._federated(organization)
        if not timedelta(minutes=1) <= duration <= LONGEST_WINDOW:
            raise CannotOpen("the break-glass opens for 1 to 240 minutes")
        if not why.strip() or len(why) > MAX_WHY or not why.isprintable():
            raise CannotOpen(f"say why, in one line of at most {MAX_WHY} characters")
        named = self.named(organization)
        if not named:
            raise CannotOpen(f"nobody is named for the break-glass of {organization}")
        ready = [person.account for person in named if person.ready]
        if not ready:
            raise CannotOpen(f"nobody named for {organization} has rehearsed within {REHEARSED_WITHIN.days} days")
        return ready

    def open(self, organization: str, duration: timedelta, why: str, by: str) -> BreakGlassWindow:
        """Opens for those who are ready, at least one; raises ``CannotOpen``.

        One that is open is replaced: what came in through it ends, and its people come in anew.
        """
        people = tuple(account.id for account in self.openable(organization, duration, why))
        now, why = self._clock.now(), why.strip()
        window = BreakGlassWindow(organization, now, now + duration, by, why, people)
        minutes = str(int(duration.total_seconds() // 60))
        # The trail comes first: an opening that it does not tell of must not be.
        self._note("break_glass_opened", organization, by, None, minutes=minutes, why=why, people=str(len(people)))
        self._federations.open_window(window)
        self._alarm.opened(window)
        return window

    def close(self, organization: str, by: str) -> bool:
        """Closes before the time; what came in through it opens nothing from now on. True if one was recorded."""
        closed = self._federations.close_window(organization)
        if closed:
            self._note("break_glass_closed", organization, by, None)
        return closed

    # -- inside -----------------------------------------------------------------------------------------------

    def _federated(self, organization: str) -> Organization:
        found = self._organizations.current().get(organization)
        if found is None:
            raise CannotOpen(f"there is no organization {organization}")
        if found.connection is None:
            raise CannotOpen(f"{organization} is not federated: nothing is closed that a break-glass could open")
        return found

    def _person(self, account: Account) -> NamedPerson:
        passkeys = self._credentials.passkeys(account.id)
        rehearsed = [passkey.rehearsed_at for passkey in passkeys if passkey.rehearsed_at is not None]
        ready = any(self.is_ready(account, passkey) for passkey in passkeys)
        return NamedPerson(account, len(passkeys), max(rehearsed, default=None), ready)

    def _is_unwanted_since(self, account: Account, moment: datetime) -> bool:
        after = 0
        while entries := self._audit.entries(account=account.id, after=after, limit=_PAGE):
            for each in entries:
                said = each.entry
                unwanted = said.event == "account_ended" and (said.detail or {}).get("reason") in _UNWANTED
                if unwanted and said.at >= moment:
                    return True
            after = entries[-1].number
        return False

    def _note(self, event: str, organization: str, by: str, account: str | None, **detail: str) -> None:
        self._audit.add(Entry(event, organization, by, self._clock.now(), account, detail))
