"""broker.demo.processes"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from broker.demo.processes import ServerProcess, StageError

LONG = timedelta(seconds=30)

# A server with one worker in its group; both say that they are there, and the worker ignores SIGTERM.
WITH_A_WORKER = """
import os, signal, sys, time
worker = os.fork()
if worker == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("worker", os.getpid())
    time.sleep(600)
print("server", os.getpid())
time.sleep(600)
"""


def _server(tmp_path: Path, script: str, ready: Callable[[str], bool] = lambda log: "server" in log) -> ServerProcess:
    log = tmp_path / "logs" / "server.log"
    return ServerProcess(
        "server", [sys.executable, "-c", script], log=log, ready=lambda: log.exists() and ready(log.read_text())
    )


def _never(log: str) -> bool:
    return "this is never in it" in log


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_server_is_ready_when_it_says_so_and_gone_when_it_was_stopped(tmp_path: Path) -> None:
    server = _server(tmp_path, "import time; print('server'); time.sleep(600)")
    server.start()
    server.wait_until_ready(LONG)
    assert server.is_running
    server.stop()
    assert not server.is_running


def test_workers_end_with_their_server_even_when_they_do_not_want_to(tmp_path: Path) -> None:
    server = _server(tmp_path, WITH_A_WORKER, lambda log: "server" in log and "worker" in log)
    server.start()
    server.wait_until_ready(LONG)
    members = server.members()
    assert len(members) == 2
    server.stop()
    assert server.members() == []
    assert not any(_exists(pid) for pid in members)


def test_a_killed_server_can_be_started_again_and_its_log_goes_on(tmp_path: Path) -> None:
    server = _server(
        tmp_path, "import time; print('server'); time.sleep(600)", lambda log: log.count("server") == rounds
    )
    for rounds in (1, 2):  # noqa: B007 - the lambda above reads it
        server.start()
        server.wait_until_ready(LONG)
        server.kill()
    assert server.tail().count("server") == 2


def test_a_server_that_ends_by_itself_is_reported_with_the_end_of_its_log(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server = _server(tmp_path, "import sys; print('cannot bind'); sys.exit(3)", _never)
    server.start()
    request.addfinalizer(server.stop)
    with pytest.raises(StageError, match=r"ended by itself \(exit code 3\).*(?s:.)*cannot bind"):
        server.wait_until_ready(LONG)


def test_a_server_that_never_answers_is_reported_at_the_deadline(tmp_path: Path) -> None:
    server = _server(tmp_path, "import time; time.sleep(600)", _never)
    server.start()
    try:
        with pytest.raises(StageError, match=r"gave no answer in 0\.2 s"):
            server.wait_until_ready(timedelta(seconds=0.2))
    finally:
        server.stop()


def test_stopping_twice_or_before_the_start_does_nothing(tmp_path: Path) -> None:
    server = _server(tmp_path, "pass")
    server.stop()
    server.start()
    server.stop()
    server.stop()


def test_a_running_server_is_not_started_a_second_time(tmp_path: Path) -> None:
    server = _server(tmp_path, "import time; time.sleep(600)")
    server.start()
    try:
        with pytest.raises(StageError, match="running already"):
            server.start()
    finally:
        server.stop()


def test_its_own_environment_comes_beside_ours(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    server = ServerProcess(
        "server",
        [sys.executable, "-c", "import os; print(os.environ['SHOWN'], 'PATH' in os.environ)"],
        log=log,
        ready=lambda: log.exists() and "seen True" in log.read_text(),
        environment={"SHOWN": "seen"},
    )
    server.start()
    server.wait_until_ready(LONG)
    server.stop()


# Starts a server with a worker, says who they are, and is killed.
KILLED = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from broker.demo.processes import ServerProcess
log, command = Path(sys.argv[1]), [sys.executable, "-c", sys.argv[2]]
server = ServerProcess("server", command, log=log, ready=lambda: "worker" in log.read_text())
server.start()
server.wait_until_ready(timedelta(seconds=30))
print(*server.members(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_servers_end_with_whoever_started_them_even_when_that_was_killed(tmp_path: Path) -> None:
    script = [sys.executable, "-c", KILLED, str(tmp_path / "log"), WITH_A_WORKER]
    ended = subprocess.run(script, capture_output=True, text=True, check=False)
    members = [int(pid) for pid in ended.stdout.split()]
    assert len(members) == 2, ended.stderr
    end = time.monotonic() + 30
    while any(_exists(pid) for pid in members):
        assert time.monotonic() < end
        time.sleep(0.05)
