"""SS-12: the SQLite files are locked, full, damaged or gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from broker.composition.surroundings import prepare_stores
from broker.federation.load import load
from broker.store.directory import DirectoryUnavailable
from broker.store.state import StateUnavailable
from tests.attacks.answers import next_code
from tests.attacks.refusals import page_code, refused
from tests.support.world import ENVIRON, World, answered


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Somebody holds the file: a backup that went wrong, another program."""
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")


def test_ss_12_a_locked_state_file_is_busy_and_nothing_half_made(world: World, tmp_path: Path) -> None:
    browser, tokens = world.signed_in()
    code = next_code(world, browser)
    stranger = world.browser()
    with _locked(tmp_path / "world/state.sqlite"):
        refused(
            world,
            lambda: world.go(stranger, world.authorize_url()),
            status=503,
            page="busy",
            reason="store",
            event="store_fault",
            browser=stranger,
        )
        answer = world.redeem(code)
        assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
        assert answer.headers["Retry-After"]
        # Reading goes on.
        assert world.userinfo(tokens.access_token).status_code == 200
        assert world.go(browser, "/co-workers").status_code == 200
    assert world.redeem(code).status_code == 200
    assert "code" in answered(world.come_back(stranger))


def test_ss_12_a_locked_directory_makes_no_half_account_and_the_retry_works(world: World, tmp_path: Path) -> None:
    browser = world.browser()
    answer = world.at_upstream(browser, world.to_upstream(browser))
    with _locked(tmp_path / "world/directory.sqlite"):
        refused(
            world,
            lambda: answer.deliver(browser),
            status=503,
            page="busy",
            reason="store",
            event="store_fault",
            browser=browser,
        )
    assert world.accounts() == 0
    again = answer.deliver(browser)  # The answer is spent: it has to be begun anew, and that works.
    assert (again.status_code, page_code(again)) == (400, "start_again")
    assert "code" in answered(world.come_back(world.browser()))
    assert world.accounts() == 1


@pytest.mark.parametrize("name", ["state.sqlite", "directory.sqlite"])
def test_ss_12_a_damaged_file_stops_the_start(world: World, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "world"
    world.signed_in()
    configuration = load(folder / "config", environ=ENVIRON, clock=world.clock)
    prepare_stores(configuration, world.clock)  # As it is, it starts.
    path = folder / name
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = path.read_bytes()
    for damage in (kept[:100] + b"\xff" * 4000 + kept[4100:], b"not a database, but long enough for one" * 200):
        path.write_bytes(damage)
        with pytest.raises((StateUnavailable, DirectoryUnavailable)):
            prepare_stores(configuration, world.clock)
    path.write_bytes(kept)
