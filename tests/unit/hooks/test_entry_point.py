"""The code of an installed package: found by its entry point, run in a thread of its own, never waited for too long
(threats PR-02, PR-03).
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from broker.hooks.entry_point import MOST_AT_ONCE, EntryPointApplication, HookNotLoaded, load
from broker.identity import Secret
from broker.provisioning.hooks import CREATED, Answer, Event, HookFailed
from tests.support.hooks import NEVER, Here, install_package
from tests.support.people import NOW

EVENT = Event("evt_1", CREATED, "aegean-foods", "account-1", NOW, {})
CODE = """
from broker.provisioning.hooks import Answer

class Acme:
    def __init__(self, settings, secrets):
        self.said = settings["word"] + secrets["token"].reveal()

    def ask(self, event, within):
        return Answer(changes={"employee_id": self.said})

    def tell(self, event, within):
        pass

def broken(settings, secrets):
    raise KeyError("region")

def half(settings, secrets):
    return object()
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package that was installed beside the broker, as pip leaves one."""
    install_package(tmp_path, CODE, acme="Acme", broken="broken", half="half", nowhere="nothing")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield
    sys.modules.pop("acme_hooks", None)


@pytest.mark.usefixtures("installed")
def test_an_installed_package_brings_a_hook() -> None:
    application = load("acme", {"word": "seven-"}, {"token": Secret("7")})
    assert application.ask(EVENT, NEVER) == Answer(changes={"employee_id": "seven-7"})
    application.tell(EVENT, NEVER)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("other", "no installed package has the entry point other"),
        ("broken", "does not load: KeyError"),
        ("nowhere", "does not load: AttributeError"),
        ("half", "has not both of ask and tell"),
    ],
)
def test_what_is_not_there_or_no_hook_is_said_to_be_so(name: str, sentence: str) -> None:
    with pytest.raises(HookNotLoaded, match=sentence):
        load(name, {}, {})


def test_what_the_code_raises_is_a_failure() -> None:
    def refuse(_: Event) -> Answer:
        raise HookFailed("licence", is_final=True)

    def break_down(_: Event) -> Answer:
        raise SystemExit(1)

    for behave, reason in (
        (refuse, "licence"),
        (break_down, "raised_SystemExit"),
        (lambda _: 1 / 0, "raised_ZeroDivisionError"),
    ):
        with pytest.raises(HookFailed) as caught:
            EntryPointApplication(Here(behave)).ask(EVENT, NEVER)
        assert caught.value.reason == reason


def test_pr_03_code_that_hangs_is_left_behind_and_not_without_end() -> None:
    go_on = threading.Event()
    application = EntryPointApplication(Here(lambda _: go_on.wait()))
    for _ in range(MOST_AT_ONCE):
        with pytest.raises(HookFailed, match="timeout"):
            application.tell(EVENT, timedelta(milliseconds=1))
    with pytest.raises(HookFailed, match="too_many"):
        application.tell(EVENT, NEVER)
    go_on.set()
