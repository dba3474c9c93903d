"""A server as a process of its own: started, waited for, stopped, and its log kept."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

# A worker may be in the middle of a call of five seconds (`outbound.timeout_seconds`) when it is told to end.
_TIME_TO_STOP: Final = timedelta(seconds=10)

# Between two looks at whether a server is ready; the deadline, not this, decides when to give up.
_LOOK_EVERY_SECONDS: Final = 0.05

_TAIL_LINES: Final = 25

# Reads a line, which comes when all ended in order. At the end of the input instead, whoever started the server is
# gone, however that happened, and so the server's group ($0) goes too.
_GUARD: Final = 'read -r _ || kill -s KILL -- "-$0"'


class StageError(Exception):
    """Something did not start or ended by itself; the text says what, and ends with its log's last lines."""


class ServerProcess:
    """One server and its workers, which share a process group. They end with us, even if we are killed.

    ``ready`` says whether it answers; it is asked again and again until the deadline and may raise nothing.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        ready: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._command = tuple(command)
        self._ready = ready
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._is_over = False

    @property
    def pid(self) -> int:
        """Of the process that was started, which is its group's id as well; raises when there is none."""
        if self._process is None:
            raise StageError(f"the {self.name} was not started")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def members(self) -> list[int]:
        """The process ids of the server and its workers that are alive, from ``/proc``."""
        return [pid for pid in _all_processes() if _group_of_living(pid) == self.pid]

    def start(self) -> None:
        """Starts it, in a session of its own: Ctrl-C in a terminal is for us, and we end it in order."""
        if self.is_running:
            raise StageError(f"the {self.name} is running already")
        self.kill()  # Workers of one that ended by itself would share its port.
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **self._environment},
                start_new_session=True,
            )
        self._guard = subprocess.Popen(
            ("/bin/sh", "-c", _GUARD, str(self._process.pid)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._is_over = False

    def wait_until_ready(self, deadline: timedelta) -> None:
        """Returns when it answers; raises ``StageError`` when it ended or the time is over."""
        end = time.monotonic() + deadline.total_seconds()
        while not self._ready():
            self.require_running()
            if time.monotonic() > end:
                raise StageError(self._with_tail(f"the {self.name} gave no answer in {deadline.total_seconds():g} s"))
            time.sleep(_LOOK_EVERY_SECONDS)

    def require_running(self) -> None:
        """Raises ``StageError`` when it ended."""
        if not self.is_running:
            code = self._process.returncode if self._process else None
            raise StageError(self._with_tail(f"the {self.name} ended by itself (exit code {code})"))

    def ask_to_stop(self) -> None:
        """Sends SIGTERM to the main process, which lets its workers finish; does not wait."""
        if self.is_running:
            os.kill(self.pid, signal.SIGTERM)

    def stop(self) -> None:
        """Asks, waits, and ends what is left of it by force; returns when nothing is left."""
        self.ask_to_stop()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):  # What follows needs no consent.
                self._process.wait(_TIME_TO_STOP.total_seconds())
        self.kill()

    def kill(self) -> None:
        """Ends it and its workers at once, as a power cut would (SIGKILL)."""
        if self._process is None or self._is_over:
            return  # Never a second time: by then its number may be somebody else's.
        with suppress(ProcessLookupError):  # Nobody of the group is left.
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        end = time.monotonic() + _TIME_TO_STOP.total_seconds()
        while self.members() and time.monotonic() < end:  # Workers are not our children: wait() is not for them.
            time.sleep(_LOOK_EVERY_SECONDS)
        if self._guard is not None:
            self._guard.communicate(b"\n")
        self._is_over = True

    def tail(self, lines: int = _TAIL_LINES) -> str:
        """The last lines of its log."""
        if not self.log.exists():
            return ""
        with self.log.open(encoding="utf-8", errors="replace") as log:
            return "".join(deque(log, lines))

    def _with_tail(self, sentence: str) -> str:
        said = self.tail().rstrip() or "(nothing)"
        return f"{sentence}; its log ends with:\n{said}"


def _all_processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _group_of_living(pid: int) -> int | None:
    try:
        state, _, group = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:3]
        threads = len(os.listdir(f"/proc/{pid}/task"))
    except (FileNotFoundError, ProcessLookupError):
        return None  # It ended while we looked.
    # Z is dead and only waits for its parent to notice (proc(5)); while it has other threads, they and its open sockets
    # are still there.
    return None if state == "Z" and threads == 1 else int(group)
