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
        self._waiting: queue.Queue[Letter] = queue.Queue(_WAITING)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def send(self, letter: Letter) -> None:
        """Accepts the letter; raises ``NotSent`` only if too many wait already."""
        try:
            self._waiting.put_nowait(letter)
        except queue.Full as error:
            raise NotSent("too many letters wait") from error
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mail", daemon=True)
                self._thread.start()

    def drain(self) -> None:
        """Returns when every accepted letter has been sent or given up."""
        self._waiting.join()

    def _run(self) -> None:
        while True:
            letter = self._waiting.get()
            try:
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
