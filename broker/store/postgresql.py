"""PostgreSQL connections that always answer: with a result or with an error, within a time that was set."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import psycopg
import sqlalchemy
from psycopg.abc import RV, PQGen
from psycopg.waiting import Ready
from sqlalchemy import Engine, event

from broker.identity import Secret

# libpq counts the time to connect in whole seconds and takes 2 as the least (its manual, section 34.1.2).
_CONNECT_WITHIN_SECONDS = 2
# A worker has two threads. Whoever waits for a connection has already waited for nothing.
_POOL = {"pool_size": 4, "max_overflow": 4, "pool_timeout": 2.0}


class NoAnswer(psycopg.OperationalError, TimeoutError):
    """The server took the question and was silent for too long. It may still carry it out."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is given up when the server is silent for too long.

    ``statement_timeout`` bounds the work of a server that lives; this bounds the wait for one that hangs, or for a
    network that swallows everything. libpq itself waits for ever.
    """

    answer_within = timedelta(seconds=5)

    def wait(self, gen: PQGen[RV], *args: Any, **kwargs: Any) -> RV:
        try:
            return super().wait(_until(time.monotonic() + self.answer_within.total_seconds(), gen), *args, **kwargs)
        except NoAnswer:
            self.pgconn.finish()  # The answer may come yet: nobody must take it for the answer to the next question.
            raise


def _until(deadline: float, gen: PQGen[RV]) -> PQGen[RV]:
    """``gen``, broken off at the deadline; psycopg resumes it with NONE several times a second while there is
    nothing.
    """
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if ready == Ready.NONE and time.monotonic() >= deadline:
                raise NoAnswer("no answer from the server in time")
            wanted = gen.send(ready)
    except StopIteration as finished:
        value: RV = finished.value
        return value


def create_engine(url: str, *, password: Secret | None, answer_within: timedelta) -> Engine:
    """An engine in autocommit mode for ``postgresql://user@host:port/database``; connects at first use.

    The server breaks off a statement after ``answer_within``; its answer may take a second more.
    """
    address = sqlalchemy.make_url(url).set(drivername="postgresql+psycopg")
    if password is not None:
        address = address.set(password=password.reveal())
    arguments: dict[str, Any] = {
        "connect_timeout": _CONNECT_WITHIN_SECONDS,
        "application_name": "pobuca-broker",
        "options": f"-c statement_timeout={answer_within // timedelta(milliseconds=1)}",
    }
    engine = sqlalchemy.create_engine(
        address, isolation_level="AUTOCOMMIT", hide_parameters=True, connect_args=arguments, **_POOL
    )

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, args: Any, parameters: Any) -> psycopg.Connection[Any]:
        connection = BoundedConnection.connect(*args, **parameters)
        connection.answer_within = answer_within + timedelta(seconds=1)
        return connection

    return engine
