"""Real Redis and PostgreSQL servers for tests: on free loopback ports, in folders that go away, nothing shared.

A missing program fails the test that needs it, unless ``POBUCA_SKIP`` (``redis,postgresql``) says to do without.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest

_START_WITHIN_SECONDS = 30
_POLL_SECONDS = 0.02
# A server must not outlive tests that are killed. (util-linux; without it the server is left to whoever killed them.)
_DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def left_out(name: str) -> bool:
    """Whether whoever runs the tests wants to do without this program."""
    return name in os.environ.get("POBUCA_SKIP", "").split(",")


def find_program(name: str, program: str, *places: str) -> Path:
    """The program's path; skips the test if ``name`` is to be left out, fails it if the program is missing."""
    if left_out(name):
        pytest.skip(f"{name} is left out by POBUCA_SKIP")
    for place in places:
        found = sorted(Path("/").glob(f"{place.lstrip('/')}/{program}"))
        if found:
            return found[-1]
    on_path = shutil.which(program)
    if on_path is None:
        pytest.fail(f"{program} is missing: install it, or leave {name} out with POBUCA_SKIP={name}", pytrace=False)
    return Path(on_path)


def chromium_program() -> Path:
    """Chromium without the desktop around it, which takes half the processor time; or all of it, where that is there.

    Both are the same engine, from the same source package of Debian.
    """
    shell, place = "chromium-headless-shell", "/usr/lib/chromium"
    if (Path(place) / shell).exists():
        return find_program("chromium", shell, place)
    return find_program("chromium", "chromium")


class Server:
    """A server process that can be stopped, started again on the same port, and paused."""

    def __init__(self, folder: Path, command: Sequence[str], *, port: int, stop_signal: int, user: str | None) -> None:
        self.port = port
        self.folder = folder
        self._command = command
        self._stop_signal = stop_signal
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether a client gets an answer now."""
        raise NotImplementedError

    def start(self) -> None:
        """Starts the server and returns when it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_DIES_WITH_US, *self._command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **_identity(self._user),
            )
        deadline = time.monotonic() + _START_WITHIN_SECONDS
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self._command[0]} did not start:\n{(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Stops the server in good order."""
        self._signal(self._stop_signal)

    def kill(self) -> None:
        """Stops the server and its children as a crash would."""
        if self._process is None:
            return
        children = self._children() if self._process.poll() is None else []
        self._signal(signal.SIGKILL)
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def restart(self) -> None:
        """Stops the server and starts it again on the same port."""
        self.stop()
        self.start()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The server hangs: it accepts connections and answers nothing."""
        self.pause()
        try:
            yield
        finally:
            self.resume()

    def pause(self) -> None:
        """Stops the server's processes in their tracks."""
        # The parent first, or it could make another child meanwhile.
        os.kill(self._pid, signal.SIGSTOP)
        for child in self._children():
            os.kill(child, signal.SIGSTOP)

    def resume(self) -> None:
        """Lets the server's processes go on."""
        for process in (*self._children(), self._pid):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)

    @property
    def _pid(self) -> int:
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process.pid

    def _children(self) -> list[int]:
        threads = Path(f"/proc/{self._pid}/task").iterdir()
        return [int(child) for thread in threads for child in (thread / "children").read_text().split()]

    def _signal(self, number: int) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self.resume()
            self._process.send_signal(number)
        self._process.wait(_START_WITHIN_SECONDS)
        self._process = None


_S = TypeVar("_S", bound=Server)


class RedisServer(Server):
    """A Redis server."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self, *words: str) -> str:
        """Redis's answer to a command without spaces in its words, as it stands on the wire."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall((" ".join(words) + "\r\nQUIT\r\n").encode())
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
        return answer.decode(errors="replace").removesuffix("+OK\r\n")

    def answers(self) -> bool:
        try:
            return self.command("PING").startswith("+PONG")
        except OSError:
            return False


class PostgresqlServer(Server):
    """A PostgreSQL server; its one user ``broker`` needs no password."""

    _databases = 0

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """The address of one database."""
        return f"postgresql://broker@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template1") -> str:
        """The name of a new database, a copy of ``template``."""
        type(self)._databases += 1
        name = f"test_{self._databases}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return name

    def drop_database(self, name: str) -> None:
        """Drops a database, whoever is connected to it."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def redis_server(*, durable: bool = False, options: Sequence[str] = ()) -> Iterator[RedisServer]:
    """A Redis server that forgets everything when it stops, unless ``durable``."""
    program = find_program("redis", "redis-server")
    port = free_port()
    with _folder("redis") as folder:
        command = [str(program), "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", ""]
        command += ["--appendonly", "yes" if durable else "no", "--appendfsync", "always", *options]
        yield from _running(RedisServer(folder, command, port=port, stop_signal=signal.SIGTERM, user=None))


@contextmanager
def postgres_server() -> Iterator[PostgresqlServer]:
    """A PostgreSQL server whose data lives until the end of the block, through restarts and crashes of its process."""
    places = ("/usr/lib/postgresql/*/bin",)  # Debian's place; several versions may be there.
    initdb = find_program("postgresql", "initdb", *places)
    postgres = find_program("postgresql", "postgres", *places)
    # PostgreSQL refuses to run as root.
    user = None if os.geteuid() else _somebody("postgres", "nobody")
    port = free_port()
    with _folder("postgresql", user) as folder:
        data = folder / "data"
        subprocess.run(
            [str(initdb), "--pgdata", str(data), "--username", "broker", "--auth", "trust", "--no-sync", "-E", "UTF8"],
            check=True,
            capture_output=True,
            cwd=folder,
            **_identity(user),
        )
        command = [str(postgres), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(folder)]
        command += ["-c", "fsync=off", "-c", "max_connections=200"]
        # SIGINT is its fast shutdown: it does not wait for clients to leave.
        yield from _running(PostgresqlServer(folder, command, port=port, stop_signal=signal.SIGINT, user=user))


def _running(server: _S) -> Iterator[_S]:
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def _folder(name: str, user: str | None = None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f"pobuca-{name}-"))
    try:
        if user:
            shutil.chown(folder, user)
        yield folder
    finally:
        shutil.rmtree(folder)


def _somebody(*names: str) -> str:
    """The first of these users that this machine has."""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in names if name in known)


def _identity(user: str | None) -> dict[str, Any]:
    """Arguments of ``subprocess`` for a child that runs as ``user``; None is whoever we are."""
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
