"""Hooks that are code of an installed package, found by its entry point."""

from __future__ import annotations

import importlib.metadata
import queue
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final, TypeVar

from broker.identity import Secret
from broker.provisioning.hooks import Answer, Application, Event, HookFailed, MakeApplication

GROUP: Final = "pobuca_broker.provisioning_hooks"
# Calls of one hook that hang at the same time; what comes then fails at once. Python cannot end a thread that hangs.
MOST_AT_ONCE: Final = 8

_T = TypeVar("_T")


class HookNotLoaded(Exception):
    """There is no such entry point, or it does not give what it should; the message is for an administrator."""


def load(name: str, settings: Mapping[str, str], secrets: Mapping[str, Secret]) -> EntryPointApplication:
    """The application that the entry point makes; raises ``HookNotLoaded``."""
    found = list(importlib.metadata.entry_points(group=GROUP, name=name))
    if len(found) != 1:
        many = "no installed package has" if not found else "several installed packages have"
        raise HookNotLoaded(f"{many} the entry point {name} in the group {GROUP}")
    try:
        make: MakeApplication = found[0].load()
        application = make(settings, secrets)
    except Exception as error:  # Code of others.
        raise HookNotLoaded(f"the entry point {name} does not load: {type(error).__name__}") from error
    if not callable(getattr(application, "ask", None)) or not callable(getattr(application, "tell", None)):
        raise HookNotLoaded(f"what the entry point {name} makes has not both of ask and tell")
    return EntryPointApplication(application)


class EntryPointApplication:
    """Runs the code of others in threads of its own, so that nobody waits for it longer than was said."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)

    def ask(self, event: Event, within: timedelta) -> Answer:
        return self._run(lambda: self._application.ask(event, within), within)

    def tell(self, event: Event, within: timedelta) -> None:
        self._run(lambda: self._application.tell(event, within), within)

    def _run(self, call: Callable[[], _T], within: timedelta) -> _T:
        if not self._places.acquire(blocking=False):
            raise HookFailed("too_many", is_down=True)
        ended: queue.SimpleQueue[Any] = queue.SimpleQueue()

        def run() -> None:
            try:
                ended.put((call(), None))
            except BaseException as error:  # Whatever it is, it belongs to whoever waits.
                ended.put((None, error))
            finally:
                self._places.release()

        threading.Thread(target=run, name="hook", daemon=True).start()
        try:
            result, error = ended.get(timeout=within.total_seconds())
        except queue.Empty:
            raise HookFailed("timeout", is_down=True) from None
        if isinstance(error, HookFailed):
            raise error
        if error is not None:
            raise HookFailed(f"raised_{type(error).__name__}") from error
        return result  # type: ignore[no-any-return]  # what call gave
