"""Many callers at one moment: from several threads, and from several processes of several threads each."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, Protocol, TypeVar, get_type_hints

from broker.clock import ManualClock
from broker.errors import SsoRequired
from broker.store.audit import Entry
from broker.store.credentials import AddressTaken
from broker.store.database import Database
from broker.store.directory import EDITABLE_ATTRIBUTES
from broker.store.directory_sql import SqlDirectory
from broker.store.federations import (
    DomainClaim,
    DomainRecord,
    DomainTaken,
    OrganizationRecord,
    OutOfStep,
    Recorded,
    TenantTaken,
)
from broker.store.opening import prepare_directory, records_in
from broker.store.records import Records
from broker.store.state import AlreadyTaken, StateStore, Taken
from tests.support.directory import (
    app_password,
    consent,
    draft,
    invitation,
    order,
    own_draft,
    passkey,
    password_record,
    stored_key,
    tenant,
    tried,
)
from tests.support.opening import PATIENTLY, state_store
from tests.support.people import ELENI, NOW, TENANT_A, TENANT_B

_T = TypeVar("_T")
Location = Path | str
TTL = timedelta(minutes=10)
_PROCESSES = 4
_PATIENCE_SECONDS = 120


class Race(Protocol):
    """Runs ``attempt`` for every number below ``count`` at one moment, and gives what came out, in no order.

    ``attempt`` is a function of this module, since its name crosses to other processes. It is called with what the type
    of its first argument says, opened at ``location`` once in a process, and with the number.
    """

    def __call__(self, attempt: Callable[[Any, int], _T], count: int, location: Location) -> list[_T]: ...


def race_in_threads(attempt: Callable[[Any, int], _T], count: int, location: Location) -> list[_T]:
    """``Race`` of the threads of this process."""
    return _run_share(attempt, range(count), location, threading.Barrier(count))


class Racers:
    """Processes that wait for a race; starting them is slow, so they run many."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._start_line = context.Barrier(_PROCESSES)
        self._processes = ProcessPoolExecutor(_PROCESSES, context, _Lane.enter, (self._start_line,))

    def race(self, attempt: Callable[[Any, int], _T], count: int, location: Location) -> list[_T]:
        """``Race`` of several threads in each process."""
        self._start_line.reset()
        # Each process gets one share, because none is done with its own before all have come to the start line.
        shares = [range(first, count, _PROCESSES) for first in range(_PROCESSES)]
        running = [self._processes.submit(_Lane.run, attempt, share, location) for share in shares]
        return [result for share in running for result in share.result(_PATIENCE_SECONDS)]

    def close(self) -> None:
        self._processes.shutdown()


class _Lane:
    """What one of these processes knows."""

    start_line: Barrier

    @classmethod
    def enter(cls, start_line: Barrier) -> None:
        cls.start_line = start_line

    @classmethod
    def run(cls, attempt: Callable[[Any, int], _T], share: range, location: Location) -> list[_T]:
        try:
            return _run_share(attempt, share, location, threading.Barrier(len(share), cls._wait_for_the_others))
        except BaseException:
            cls.start_line.abort()
            raise

    @classmethod
    def _wait_for_the_others(cls) -> None:
        cls.start_line.wait(_PATIENCE_SECONDS)


def _run_share(
    attempt: Callable[[Any, int], _T], share: range, location: Location, start_line: threading.Barrier
) -> list[_T]:
    def at_the_same_moment(number: int) -> _T:
        start_line.wait(_PATIENCE_SECONDS)
        return attempt(opened, number)

    with _opened(attempt, location) as opened, ThreadPoolExecutor(len(share)) as threads:
        return list(threads.map(at_the_same_moment, share))


def _opened(attempt: Callable[[Any, int], Any], location: Location) -> AbstractContextManager[Any]:
    first_argument = next(iter(get_type_hints(attempt).values()))
    if first_argument is StateStore:
        return closing(state_store(location, ManualClock(NOW)))
    if first_argument is Records:
        return closing(records_in(Database(location, answer_within=PATIENTLY)))
    if first_argument is SqlDirectory:
        return closing(SqlDirectory(location, answer_within=PATIENTLY))
    return nullcontext(location)


def take(store: StateStore, _number: int) -> Taken | AlreadyTaken | None:
    return store.take("code", "one")


def take_with_mark(store: StateStore, number: int) -> Taken | AlreadyTaken | None:
    return store.take("code", "one", mark=b"caller %d" % number, mark_ttl=TTL)


def add_if_absent(store: StateStore, number: int) -> int | None:
    return number if store.add_if_absent("jti", "one", b"caller %d" % number, TTL) else None


def increment_ten_times(store: StateStore, _number: int) -> list[int]:
    return [store.increment("attempts", "one", TTL) for _ in range(10)]


def append_by_comparing(store: StateStore, number: int) -> int:
    """Adds one byte to a record by compare and set; the number of attempts it took."""
    for attempts in range(1, 100_000):
        before = store.get("list", "one") or b""
        if store.compare_and_set("list", "one", before, before + bytes([number]), TTL):
            return attempts
    raise RuntimeError("never won")


def put_and_delete_index(store: StateStore, number: int) -> int:
    """Every fifth caller deletes an index again and again, the others enter records in it; the number deleted."""
    if number % 5 == 0:
        return sum(store.delete_index("session", "account:1") for _ in range(20))
    for record in range(20):
        store.put("session", f"{number}-{record}", b"s", TTL, indexes=["account:1", f"connection:{number}"])
    return 0


def open_new_state(location: Location, number: int) -> bytes | None:
    with closing(state_store(location, ManualClock(NOW))) as store:
        store.put("opened", str(number), b"here", TTL)
        return store.get("opened", str(number))


def create_account(directory: SqlDirectory, number: int) -> tuple[str, bool]:
    account, created = directory.create_account(draft(id=f"account-{number}", photo=("image/png", b"%d" % number)))
    return account.id, created


def edit_account(directory: SqlDirectory, number: int) -> bool:
    """Each caller edits a field of its own."""
    field = sorted(EDITABLE_ATTRIBUTES)[number]
    return directory.edit_account(draft().id, {field: str(number)}, by=f"editor-{number}", at=NOW) is not None


def add_first_signing_keys(directory: SqlDirectory, number: int) -> bool:
    return directory.add_first_signing_keys([stored_key(f"{number}-RS256"), stored_key(f"{number}-ES256")])


def migrate(location: Location, _number: int) -> None:
    prepare_directory(location)


def connect_one_tenant(records: Records, number: int) -> str:
    try:
        records.federations.connect(f"organization-{number}", consent(TENANT_A))
    except TenantTaken:
        return "taken"
    return "bound"


def declare_one_tenant(records: Records, number: int) -> str:
    try:
        records.federations.declare(f"organization-{number}", TENANT_A, NOW)
    except TenantTaken:
        return "taken"
    return "bound"


def enforce(records: Records, _number: int) -> int:
    return records.federations.enforce(order(administrator=("anna", ELENI.identifier))).epoch


def declare(records: Records, _number: int) -> int:
    return records.federations.declare("aegean-foods", TENANT_A, NOW).epoch


def enforce_or_set_up(records: Records, number: int) -> str:
    """A third turns the switch of its organisation, another connects its own, another tests it."""
    organization, tenant_id = f"organization-{number}", tenant(number + 1)
    if number % 3 == 0:
        return records.federations.enforce(order(organization, tenant_id)).stage
    if number % 3 == 1:
        return records.federations.connect(organization, consent(tenant_id)).stage
    return records.federations.record_test(organization, tenant_id, tried()).stage


def enforce_or_connect_elsewhere(records: Records, number: int) -> str:
    """Half of them turn the switch, the others connect the same organisation with another tenant."""
    try:
        if number % 2 == 0:
            records.federations.enforce(order())
            return "enforced"
        records.federations.connect("aegean-foods", consent(TENANT_B))
    except OutOfStep:
        return "out of step"
    return "connected"


def verify_domain(records: Records, number: int) -> str:
    try:
        records.federations.verify_domain(DomainRecord("one.example", f"organization-{number}", "dns", NOW, NOW))
    except DomainTaken:
        return "taken"
    return "verified"


def claim_domain(records: Records, number: int) -> str:
    return records.federations.claim_domain(DomainClaim("one.example", "aegean-foods", f"token-{number}", NOW)).token


def change_or_follow(records: Records, number: int) -> bool:
    """Every second one changes organisations, twenty times; the others follow the changes to the end, and tell whether
    they have seen them all.
    """
    federations = records.federations
    if number % 2 == 0:
        for change in range(20):
            name = f"organization-{number}-{change // 2}"
            if change % 2 == 0:
                federations.create_organization(OrganizationRecord(name, "before", "standard", None, NOW))
            else:
                federations.update_organization(name, display_name="after")
        return True
    seen, generation, questions = dict[str, Recorded](), 0, 0
    while generation < 80:  # Four of eight write.
        questions += 1
        if questions > 100_000:
            raise RuntimeError("the changes came to no end")
        changes = federations.changes(generation)
        generation = changes.generation
        seen |= {each.name: each for each in changes.organizations}
    shown = {each.organization.display_name for each in seen.values() if each.organization is not None}
    return len(seen) == 40 and shown == {"after"}


def create_password_account(records: Records, number: int) -> str:
    account_id = f"account-{number}"
    record = password_record(account_id, address="one@aegeanfoods.example")
    try:
        return records.credentials.create_password_account(own_draft(account_id), record).id
    except AddressTaken:
        return "taken"


def accept_invitation(records: Records, number: int) -> str | None:
    account_id = f"account-{number}"
    record = password_record(account_id)
    account = records.credentials.accept_invitation("invitation-1", own_draft(account_id), record)
    return account.id if account is not None else None


def invite_one_address(records: Records, number: int) -> None:
    records.credentials.add_invitation(invitation(number, address="one@aegeanfoods.example"))


def set_password(records: Records, number: int) -> bool:
    return records.credentials.set_password("anna", f"$argon2id${number}", NOW)


def use_passkey(records: Records, _number: int) -> bool:
    return records.credentials.note_passkey_used("anna-key-1", 5, NOW)


def enforce_or_make_credentials(records: Records, number: int) -> str:
    """One turns the switch; the others make credentials until they are refused."""
    if number == 0:
        return records.federations.enforce(order()).stage
    credentials = records.credentials
    for attempt in range(100_000):
        account_id = f"account-{number}-{attempt}"
        try:
            credentials.set_password("anna", f"$argon2id${number}", NOW)
            credentials.add_app_password(app_password("anna", attempt * 100 + number))
            credentials.add_passkey(passkey("anna", attempt * 100 + number))
            credentials.add_invitation(invitation(attempt * 100 + number))
            credentials.create_password_account(own_draft(account_id), password_record(account_id))
        except SsoRequired:
            return "refused"
    raise RuntimeError("nobody turned the switch")


def claim_check(records: Records, number: int) -> bool:
    return records.standings.claim_check("anna", NOW, NOW + timedelta(minutes=number + 1))


def end_account(records: Records, _number: int) -> str:
    ending = records.standings.end_account("anna", "disabled", NOW)
    if ending is None:
        raise RuntimeError("no such account")
    return ending.id


def add_entries(records: Records, number: int) -> list[int]:
    entry = Entry("sign_in_refused", f"organization-{number}", "broker", NOW)
    return [records.audit.add(entry).number for _ in range(10)]


def take_events(records: Records, _number: int) -> list[str]:
    taken: list[str] = []
    while found := records.outbox.take(NOW, NOW + TTL, 3):
        taken += [each.id for each in found]
    return taken
