"""What runs beside the requests of a worker follows the application that serves."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from broker.clock import ManualClock
from broker.composition import background as module
from broker.composition.background import Background
from broker.composition.directory_side import DirectorySide
from broker.composition.domains import RepeatedProofs
from broker.composition.hooks import HookSide
from broker.composition.lasting import Application, Lasting
from broker.composition.surroundings import Surroundings
from broker.downstream.oidc.back_channel import BackChannel
from broker.federating import Federating
from broker.glass.reminding import Reminders
from broker.mail import Letter
from broker.mailing.background import BackgroundMailer
from broker.watching.looks import Looks
from tests.support import opening
from tests.support.waiting import until


@dataclass(slots=True)
class Part:
    """Any part with a background: counts what is asked of it."""

    done: list[str] = field(default_factory=list)

    def start(self) -> None:
        self.done.append("start")

    def stop(self) -> None:
        self.done.append("stop")

    def retire(self) -> None:
        self.done.append("retire")

    def tick(self) -> None:
        self.done.append("tick")

    def send(self, letter: Letter) -> None:
        del letter

    def carry_out(self) -> int:
        return len(self.done)


class App:
    """What ``Background`` asks of an application."""

    def __init__(self, looks: Looks, mailer: Any) -> None:
        self.back_channel, self.watcher, self.delivery, self.endings = Part(), Part(), Part(), Part()
        self.extensions = {
            BackChannel.NAME: self.back_channel,
            DirectorySide.NAME: SimpleNamespace(watcher=self.watcher, looks=looks, endings=self.endings),
            HookSide.NAME: SimpleNamespace(thread=lambda: self.delivery),
            Lasting.NAME: SimpleNamespace(mailer=mailer),
            RepeatedProofs.NAME: SimpleNamespace(prove_again=lambda: 7),
            Federating.NAME: SimpleNamespace(carry_out_due=lambda: 8),
            Reminders.NAME: SimpleNamespace(remind=lambda: 9),
        }


def test_what_belongs_to_an_application_ends_with_it_and_the_rest_goes_on(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lasting = Part()
    for name in ("Sweeper", "DomainSweeper", "EndingsSweep", "DisconnectionSweep", "RemindersSweep"):
        monkeypatch.setattr(module, name, lambda *_: lasting)
    retired: list[BackgroundMailer] = []
    monkeypatch.setattr(BackgroundMailer, "retire", lambda mailer: retired.append(mailer))
    with closing(opening.state_store(tmp_path / "state.sqlite", clock)) as state:
        looks, mailer, other = Looks(state, clock), BackgroundMailer(Part()), BackgroundMailer(Part())
        first, second, third = App(looks, mailer), App(looks, mailer), App(looks, other)
        serving = [first]
        around = cast(Surroundings, SimpleNamespace(state=state))
        made = Background(around, lambda: cast(Application, serving[0]))
        made.follow(cast(Application, first), cast(Application, second))  # Nothing was begun: nothing to follow.
        assert first.back_channel.done == second.back_channel.done == []
        made.start()
        assert lasting.done == ["start"] * 5
        made.follow(cast(Application, first), cast(Application, second))
        assert (first.back_channel.done, second.back_channel.done) == (["start", "retire"], ["start"])
        until(lambda: first.delivery.done == ["start", "stop"], "the first delivery ends")
        assert second.delivery.done == ["start"]
        assert retired == []  # The letters are sent by the same one.
        made.follow(cast(Application, second), cast(Application, third))
        assert retired == [mailer]
        until(lambda: second.delivery.done == ["start", "stop"], "the second delivery ends")
        assert lasting.done == ["start"] * 5
        if made._watcher is not None:
            made._watcher.stop()


def test_a_sweep_asks_the_parts_of_the_moment(tmp_path: Path, clock: ManualClock) -> None:
    with closing(opening.state_store(tmp_path / "state.sqlite", clock)) as state:
        looks = Looks(state, clock)
        serving = [App(looks, None), App(looks, None)]
        serving[1].endings.start()
        now = module._Now(lambda: cast(Application, serving[-1]))
        assert now.carry_out() == 1
        serving.pop()
        assert now.carry_out() == 0
        assert (now.prove_again(timedelta(0)), now.carry_out_due(), now.remind()) == (7, 8, 9)
