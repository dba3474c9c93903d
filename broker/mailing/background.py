"""Sends in the background: whoever asks does not wait, and the time of an answer tells nobody whether there was a
letter (threats WE-04).
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from broker.mail import Letter, Mailer, NotSent

# A mail server that restarts is back within a minute; beyond that the person asks again.
PAUSES: Final = (timedelta(seconds=2), timedelta(seconds=10), timedelta(seconds=60))

# Letters that wait at most: far more than rate limits let through, and no more than memory bears.
_WAITING: Final = 1000

_log = structlog.get_logger()


class BackgroundMailer:
    """One daemon thread, started with the first letter, so that a worker that is forked before has its own.

    What waits is lost with the process. Nobody was promised that it arrived: every page says to ask again.
    """

    def __init__(self, mailer: Mailer, pauses: Sequence[timedelta] = PAUSES) -> None:
        self._mailer = mailer
        self._pauses = tuple(pauses)
        self._waiting: queue.Queue[Letter | None] = queue.Queue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._retired = False

    def send(self, letter: Letter) -> None:
        """Accepts the letter; raises ``NotSent`` only if too many wait already."""
        with self._starting:
            if self._waiting.qsize() >= _WAITING:
                raise NotSent("too many letters wait")
            self._waiting.put(letter)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mail", daemon=True)
                self._thread.start()
            if self._retired:
                self._dismiss()

    def retire(self) -> None:
        """Another mailer is used from now on. What waits is still sent, also what somebody accepts here later; then the
        thread ends.
        """
        with self._starting:
            self._retired = True
            if self._thread is not None:
                self._dismiss()

    def _dismiss(self) -> None:
        """The thread ends after what waits now; a later letter starts a new one. The caller has the lock."""
        self._waiting.put(None)
        self._thread = None

    def drain(self) -> None:
        """Returns when every accepted letter has been sent or given up."""
        self._waiting.join()

    def _run(self) -> None:
        while True:
            letter = self._waiting.get()
            try:
                if letter is None:
                    return
                self._deliver(letter)
            except Exception:  # The next letter shall not suffer for this one.
                _log.error("letter_not_sent", reason="error", exc_info=True)
            finally:
                self._waiting.task_done()

    def _deliver(self, letter: Letter) -> None:
        for pause in (*self._pauses, None):
            try:
                self._mailer.send(letter)
                return
            except NotSent as error:
                if pause is None:
                    _log.error("letter_not_sent", reason="mail", detail=str(error))
                    return
                _log.warning("letter_delayed", reason="mail", detail=str(error))
                time.sleep(pause.total_seconds())
