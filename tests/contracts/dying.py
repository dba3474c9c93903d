"""A process that is killed in the middle of a transaction, at a statement of our choice."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import sqlalchemy
from sqlalchemy.engine import Engine

from broker.store.audit import Entry
from broker.store.opening import open_records
from broker.store.records import Records
from tests.support.directory import draft, order, own_draft, password_record
from tests.support.outbox import event
from tests.support.people import ELENI, NOW, TENANT_A

_PATIENCE_SECONDS = 120
ENTRY: Final = Entry("e", "aegean-foods", "operator", NOW)

DEADLY: Final[Mapping[str, Callable[[Records], object]]] = {
    "enforce": lambda r: r.federations.enforce(order(administrator=("anna", ELENI.identifier))),
    "declare": lambda r: r.federations.declare("aegean-foods", TENANT_A, NOW),
    "disconnect": lambda r: r.federations.disconnect("aegean-foods", "anna", NOW),
    "set_password": lambda r: r.credentials.set_password("anna", "$argon2id$new", NOW),
    "accept_invitation": lambda r: r.credentials.accept_invitation(
        "invitation-1", own_draft("eleni"), password_record("eleni")
    ),
    "create_account": lambda r: r.directory.create_account(draft(), [event("evt_a")]),
    "end_account": lambda r: r.standings.end_account("anna", "disabled", NOW),
    "add": lambda r: r.audit.add(ENTRY),
}


@contextmanager
def dying(location: Path | str, operation: str, statement: str) -> Iterator[None]:
    """Inside the block a process stands before the statement that begins so; at its end that process is dead."""
    # Its processes are forked from one that has imported everything, and has opened nothing.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(location, operation, statement, there), daemon=True)
    process.start()
    try:
        there.close()
        if not here.poll(_PATIENCE_SECONDS) or here.recv() != "here":
            raise RuntimeError("the statement did not come")
        yield
    finally:
        process.kill()
        process.join(_PATIENCE_SECONDS)


def _work(location: Path | str, operation: str, statement: str, there: Connection) -> None:
    def stand_still(_connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        if text.startswith(statement):
            there.send("here")
            threading.Event().wait()

    sqlalchemy.event.listen(Engine, "before_cursor_execute", stand_still)
    DEADLY[operation](open_records(location))
