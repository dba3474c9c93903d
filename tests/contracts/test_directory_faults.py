"""The directory when its database misbehaves (threats SS-10, SS-12): it says so, concludes nothing, and recovers."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest

from broker.identity import Subject
from broker.store.directory import Directory, DirectoryUnavailable, Fill
from broker.store.directory_sql import SqlDirectory
from broker.store.opening import open_directory, prepare_directory
from tests.servers import PostgresqlServer, postgres_server
from tests.support.directory import draft, stored_key
from tests.support.losing_proxy import LosingProxy, losing_proxy
from tests.support.opening import PATIENTLY
from tests.support.people import ELENI, NOW, TENANT_B

_T = TypeVar("_T")
QUICKLY = timedelta(milliseconds=300)
ID = draft().id
OTHER = Subject("entra", TENANT_B, ELENI.identifier)

READS: dict[str, Callable[[Directory], object]] = {
    "account": lambda directory: directory.account(ID),
    "account_of": lambda directory: directory.account_of(ELENI),
    "accounts": lambda directory: directory.accounts("aegean-foods"),
    "the next accounts": lambda directory: directory.accounts("aegean-foods", after=("A", "1")),
    "photo": lambda directory: directory.photo(ID),
    "signing_keys": lambda directory: directory.signing_keys(),
    "ping": lambda directory: directory.ping(),
}
WRITES: dict[str, Callable[[Directory], object]] = {
    "create_account": lambda directory: directory.create_account(draft(photo=("image/png", b"1"))),
    "set_active": lambda directory: directory.set_active(ID, True),
    "edit_account": lambda directory: directory.edit_account(ID, {"office": "1"}, by="operator", at=NOW),
    "fill_account": lambda directory: directory.fill_account(ID, {"office": Fill("2", "x")}, by="sign-in", at=NOW),
    "add_first_signing_keys": lambda directory: directory.add_first_signing_keys([stored_key("k")]),
    "retire_signing_key": lambda directory: directory.retire_signing_key("k", NOW),
}
OPERATIONS = READS | WRITES


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[PostgresqlServer]:
    """A PostgreSQL of these tests alone: they stop it and pause it."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def url(own_postgres: PostgresqlServer) -> str:
    url = own_postgres.url_of(own_postgres.create_database())
    prepare_directory(url)
    return url


@pytest.fixture
def on_postgres(url: str) -> Iterator[Directory]:
    with closing(SqlDirectory(url, answer_within=PATIENTLY)) as directory:
        yield directory


@pytest.fixture
def hasty(url: str) -> Iterator[Directory]:
    """A directory that gives up soon. On a busy machine it may do so although PostgreSQL lives."""
    with closing(SqlDirectory(url, answer_within=QUICKLY)) as directory:
        yield directory


def eventually(operation: Callable[[], _T]) -> _T:
    """The first answer; what came before it were no answers."""
    for _ in range(100):
        with suppress(DirectoryUnavailable):
            return operation()
    pytest.fail("no answer")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "directory of the broker.sqlite"
    prepare_directory(path)
    return path


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def test_a_postgresql_that_is_down_makes_every_operation_say_so_and_is_found_again(
    own_postgres: PostgresqlServer, on_postgres: Directory
) -> None:
    for operation in OPERATIONS.values():
        operation(on_postgres)
    own_postgres.stop()
    try:
        for operation in OPERATIONS.values():
            with pytest.raises(DirectoryUnavailable):
                operation(on_postgres)
    finally:
        own_postgres.start()
    for operation in OPERATIONS.values():
        operation(on_postgres)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_a_connection_that_the_server_closed_goes_unnoticed(
    own_postgres: PostgresqlServer, on_postgres: Directory, operation: Callable[[Directory], object]
) -> None:
    on_postgres.ping()
    with psycopg.connect(own_postgres.url, autocommit=True) as operator:
        operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pobuca%'")
    operation(on_postgres)


@pytest.mark.parametrize("name", ["account_of", "create_account"])
def test_a_postgresql_that_hangs_makes_an_operation_say_so_and_no_late_answer_meets_another_question(
    own_postgres: PostgresqlServer, on_postgres: Directory, hasty: Directory, name: str
) -> None:
    on_postgres.create_account(draft())
    eventually(hasty.ping)
    with own_postgres.paused():
        for _ in range(2):  # On a connection from before, and on a new one.
            with pytest.raises(DirectoryUnavailable):
                OPERATIONS[name](hasty)
    assert eventually(hasty.signing_keys) == []
    account = eventually(lambda: hasty.account(ID))
    assert account is not None
    assert account.subject == ELENI


@pytest.mark.parametrize("name", ["account_of", "create_account"])
def test_a_table_that_somebody_holds_makes_an_operation_say_so(url: str, hasty: Directory, name: str) -> None:
    eventually(hasty.ping)
    with psycopg.connect(url) as somebody:
        somebody.execute("LOCK TABLE identities")
        with pytest.raises(DirectoryUnavailable):
            OPERATIONS[name](hasty)
        somebody.rollback()
    eventually(lambda: OPERATIONS[name](hasty))


def test_a_read_is_one_statement_and_a_write_one_transaction(
    own_postgres: PostgresqlServer, url: str, on_postgres: Directory
) -> None:
    log = own_postgres.folder / "log"
    with psycopg.connect(url, autocommit=True) as operator:
        operator.execute("ALTER ROLE broker SET log_statement = 'all'")
        try:
            on_postgres.create_account(draft())
            start = log.stat().st_size
            on_postgres.account(ID)
            on_postgres.account_of(ELENI)
            on_postgres.set_active(ID, False)
        finally:
            operator.execute("ALTER ROLE broker RESET log_statement")
    statements = [line.split(": ", 2)[2].split()[0] for line in log.read_text()[start:].splitlines() if " LOG:" in line]
    assert statements == ["SELECT", "SELECT", "BEGIN", "SELECT", "UPDATE", "COMMIT"]


@pytest.mark.parametrize(
    ("lost", "operation"),
    [
        (b"SELECT", lambda directory: directory.account_of(ELENI)),
        (b"BEGIN", lambda directory: directory.set_active(ID, False)),
        (b"UPDATE", lambda directory: directory.set_active(ID, False)),
        (b"INSERT INTO identities", lambda directory: directory.create_account(draft(id="a", subject=OTHER))),
        (b"INSERT INTO accounts", lambda directory: directory.create_account(draft(id="a", subject=OTHER))),
    ],
    ids=["read", "begin", "change", "identity", "account"],
)
def test_what_cannot_have_been_carried_out_is_asked_again(
    own_postgres: PostgresqlServer, url: str, lost: bytes, operation: Callable[[Directory], object]
) -> None:
    with (
        losing_proxy(own_postgres.port) as proxy,
        closing(SqlDirectory(through(proxy, url), answer_within=PATIENTLY)) as directory,
    ):
        directory.create_account(draft())
        proxy.lose_answer_to = lost
        assert operation(directory)
        assert proxy.lost == 1
        assert {account.id for account in directory.accounts("aegean-foods")} <= {ID, "a"}


def test_what_may_have_been_carried_out_is_not_asked_again(own_postgres: PostgresqlServer, url: str) -> None:
    with (
        losing_proxy(own_postgres.port) as proxy,
        closing(SqlDirectory(through(proxy, url), answer_within=PATIENTLY)) as directory,
    ):
        directory.ping()
        proxy.lose_answer_to = b"COMMIT"
        with pytest.raises(DirectoryUnavailable):
            directory.create_account(draft())
        assert proxy.lost == 1
        account, created = directory.create_account(draft(id="account-2"))
        assert (account.id, created) == (ID, False), "it had been: who signs in again gets the same account"


def through(proxy: LosingProxy, url: str) -> str:
    return f"postgresql://broker@127.0.0.1:{proxy.port}/{url.rsplit('/', 1)[1]}"


def test_accounts_survive_a_crash_of_postgresql(own_postgres: PostgresqlServer, on_postgres: Directory) -> None:
    on_postgres.create_account(draft())
    own_postgres.kill()
    own_postgres.start()
    assert on_postgres.account(ID) is not None


# --- SQLite -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_file_that_somebody_holds_makes_a_write_say_so_and_reads_go_on(
    path: Path, write: Callable[[Directory], object]
) -> None:
    with (
        closing(SqlDirectory(path, answer_within=timedelta(milliseconds=50))) as directory,
        closing(sqlite3.connect(path, isolation_level=None)) as somebody,
    ):
        somebody.execute("BEGIN IMMEDIATE")
        with pytest.raises(DirectoryUnavailable):
            write(directory)
        for read in READS.values():
            read(directory)
        somebody.execute("ROLLBACK")
        assert directory.account(ID) is None
        assert directory.signing_keys() == []
        write(directory)


def test_a_file_that_is_missing_makes_every_operation_say_so_and_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "missing.sqlite"
    with closing(open_directory(path)) as directory:
        for operation in OPERATIONS.values():
            with pytest.raises(DirectoryUnavailable):
                operation(directory)
    assert not path.exists()


FORKING = """
import os, sys
from pathlib import Path
from broker.store.opening import open_directory
from tests.support.directory import draft
from broker.identity import Subject
location = sys.argv[1]
directory = open_directory(location if location.startswith("postgresql:") else Path(location))
directory.ping()
child = os.fork()
me = "child" if child == 0 else "parent"
for number in range(50):
    new = draft(id=f"{me}-{number}", subject=Subject("test", me, str(number)))
    if directory.create_account(new)[0].id != new.id or directory.account(new.id).subject != new.subject:
        os._exit(1)
if child == 0:
    os._exit(0)
_, status = os.waitpid(child, 0)
sys.exit(status != 0 or len(directory.accounts("aegean-foods", limit=1000)) != 100)
"""


def test_a_process_that_is_forked_after_opening_has_connections_of_its_own(directory_location: Path | str) -> None:
    assert subprocess.run([sys.executable, "-c", FORKING, str(directory_location)], check=False).returncode == 0


# --- both -------------------------------------------------------------------------------------------------------------

RUN_FOR_EVER = """
import sys
from pathlib import Path
from broker.store.opening import open_directory
from tests.support.directory import draft
from broker.identity import Subject
location = sys.argv[1]
directory = open_directory(location if location.startswith("postgresql:") else Path(location))
number = 0
while True:
    subject = Subject("test", "writer", str(number))
    directory.create_account(draft(id=f"account-{number}", subject=subject, photo=("image/png", b"1" * 5000)))
    print(number, flush=True)
    number += 1
"""


def test_ss_10_what_was_acknowledged_survives_the_kill_of_its_process_and_nothing_is_half_made(
    directory: Directory, directory_location: Path | str
) -> None:
    command = [sys.executable, "-c", RUN_FOR_EVER, str(directory_location)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        last = [int(writer.stdout.readline()) for _ in range(40)][-1]
        writer.send_signal(signal.SIGKILL)
        last = max([last, *(int(line) for line in writer.stdout if line.endswith("\n"))])
    accounts = directory.accounts("aegean-foods", limit=100_000)
    assert {f"account-{number}" for number in range(last + 1)} <= {account.id for account in accounts}
    for account in accounts:
        assert directory.account_of(account.subject) == account
        assert directory.photo(account.id) == ("image/png", b"1" * 5000)


def test_tables_that_were_not_made_yet_make_every_operation_say_so(postgres_url: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty.sqlite"
    empty.touch(0o600)
    for location in (postgres_url, empty):
        with closing(open_directory(location)) as directory:
            for name, operation in OPERATIONS.items():
                if name != "ping":
                    with pytest.raises(DirectoryUnavailable):
                        operation(directory)
