"""``broker demo``: a simulated Entra, the broker and a sample application, and one complete sign-in told hop by hop."""

from __future__ import annotations

import signal
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from broker.demo.stage import Stage
    from broker.demo.telling import Teller

_PERSON: Final = "eleni.markou@aegeanfoods.example"
_USUAL_PORT_BASE: Final = 8443
_FAILED: Final = 1


@click.command("demo")
@click.option("--once", is_flag=True, help="End after the scripted sign-in; the exit code says whether it succeeded.")
@click.option(
    "--port-base",
    type=click.IntRange(1024, 65533),
    help=f"First of the three ports. Left out: {_USUAL_PORT_BASE}, or free ones when those are taken.",
)
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where configuration, stores and logs are written, and stay. Left out: a temporary directory.",
)
def command(once: bool, port_base: int | None, directory: Path | None) -> None:
    """Run a simulated Entra, the broker and a sample application.

    Starts all three on this machine, signs one person in by itself, and prints what happened at each hop: who was sent
    where, what the directory said, which rules decided, which account was made, and what the application received.
    Then it stays up, so that you can sign in with a browser, until Ctrl-C.

    Exit code: 0 if the scripted sign-in succeeded, 1 if anything did not.
    """
    try:
        with _Interruption():
            sys.exit(_run(_Wish(once, port_base, directory)))
    except KeyboardInterrupt:
        click.echo("Stopped.")
        sys.exit(_FAILED)


@dataclass(frozen=True, slots=True)
class _Wish:
    once: bool
    port_base: int | None
    directory: Path | None


def _run(wish: _Wish) -> int:
    from rich.console import Console

    from broker.demo.administrator import invite_administrator
    from broker.demo.processes import StageError
    from broker.demo.telling import Teller

    teller = Teller(Console(highlight=False, emoji=False))
    teller.say("Pobuca Broker: a demonstration on this machine, with a simulated Microsoft Entra ID.", "bold")
    try:
        with ExitStack() as exits:
            teller.say("Starting the simulator, the broker and the sample application ...")
            stage = _open_stage(wish, exits)
            teller.servers(stage)
            if not _sign_in(stage, teller):
                return _FAILED
            invite_administrator(stage)
            if not wish.once:
                teller.invitation(stage)
                _stay(stage, teller)
    except (StageError, OSError) as error:
        teller.say(str(error), "red")
        return _FAILED
    return 0


def _open_stage(wish: _Wish, exits: ExitStack) -> Stage:
    from broker.demo.administrator import CYCLADES_FERRIES
    from broker.demo.configuration import AEGEAN_FOODS_RULED, HELIOS_SHIPPING, ROLES
    from broker.demo.ports import PortTaken
    from broker.demo.stage import Stage, StageOptions

    first = wish.port_base or _USUAL_PORT_BASE
    free = StageOptions(
        directory=wish.directory,
        organizations=(AEGEAN_FOODS_RULED, HELIOS_SHIPPING, CYCLADES_FERRIES),
        sample={"claim_rules": ["roles"]},
        claim_rules=(ROLES,),
    )
    chosen = replace(free, broker_port=first, simulator_port=first + 1, application_port=first + 2)
    try:
        return exits.enter_context(Stage(chosen))
    except PortTaken:
        if wish.port_base is not None:
            raise
        return exits.enter_context(Stage(free))


def _sign_in(stage: Stage, teller: Teller) -> bool:
    from broker.demo.walk import Walk, WalkFailed

    teller.heading(f"{_PERSON} signs in at the sample application")
    try:
        walked = Walk(stage, _PERSON, teller.hop).run()
    except WalkFailed as error:
        teller.say(f"The sign-in failed: {error}", "red")
        teller.say("The broker's log ends with:", "red")
        teller.say(stage.broker.tail())
        return False
    teller.result(walked, _PERSON)
    return True


def _stay(stage: Stage, teller: Teller) -> None:
    """Until Ctrl-C; raises ``StageError`` when a server ends by itself."""
    try:
        while True:
            stage.require_running()
            time.sleep(0.5)
    except KeyboardInterrupt:
        teller.say("\nStopping ...")


class _Interruption:
    """Ctrl-C, SIGTERM and SIGHUP end the block once, by ``KeyboardInterrupt``; stopping is not interrupted again."""

    _SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __enter__(self) -> None:
        self._before = {number: signal.signal(number, self._interrupt) for number in self._SIGNALS}

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        for each in self._SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt
