"""One JSON object per line on standard error (threats G9, WE-05).

Events have fields, not sentences. A token, code, secret, cookie, assertion, password, e-mail address or name is never
among them: people appear as account ids. Text that came from outside is cut and its control characters are escaped by
the encoding.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Final, TextIO

import structlog
from structlog.typing import ExcInfo

from broker import tracing
from broker.clock import Clock

# Threats UO-23: text from an upstream or a stranger is logged in 200 characters at most.
_MAX_TEXT: Final = 200
_FREE_TEXT: Final = ("detail", "upstream_text")
_MAX_CAUSES: Final = 5
_MAX_FRAMES: Final = 30


def configure(clock: Clock, stream: TextIO | None = None) -> None:
    """Sends structlog's events, and the warnings of libraries, as JSON lines to ``stream`` (standard error)."""
    target = stream or sys.stderr

    def stamp(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["at"] = clock.now().isoformat(timespec="milliseconds")
        for name in _FREE_TEXT:
            if isinstance(event.get(name), str):
                event[name] = event[name][:_MAX_TEXT]
        return event

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _name_sign_in,
            structlog.processors.add_log_level,
            stamp,
            structlog.processors.ExceptionRenderer(_places),
            structlog.processors.JSONRenderer(serializer=json.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # Line and line break in one write: several processes share the stream.
        logger_factory=structlog.WriteLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Bridge()], level=logging.WARNING, force=True)


SERVER_LOGGING: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"events": {"()": "broker.log.ServerEvents"}},
    "loggers": {"_granian": {"handlers": ["events"], "level": "INFO", "propagate": False}},
}
"""``logging.config`` for the HTTP server: its own messages, which quote no request, become events."""


class ServerEvents(logging.Handler):
    """Turns the HTTP server's messages (started, stopped, a worker died) into events."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(record.levelno, "server", message=record.getMessage())


class _Bridge(logging.Handler):
    """A library's warning becomes one event; its message is not kept, since it may quote what it choked on (L8)."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().warning("library_warning", logger=record.name, where=f"{record.module}:{record.lineno}")


def _name_sign_in(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The sign-in that the request at hand belongs to, beside the request's own reference."""
    if sign_in := tracing.sign_in():
        event.setdefault("sign_in", sign_in)
    return event


def _places(exc_info: ExcInfo) -> list[dict[str, Any]]:
    """Where an exception and its causes came from. Messages and local variables are left out: they quote requests and
    hold secrets (threats SS-06).
    """
    told: list[dict[str, Any]] = []
    error: BaseException | None = exc_info[1]
    while error is not None and len(told) < _MAX_CAUSES:
        frames = traceback.extract_tb(error.__traceback__)[-_MAX_FRAMES:]
        places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        told.append({"type": type(error).__name__, "frames": places})
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return told
