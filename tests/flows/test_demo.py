"""``broker demo``, as a newcomer runs it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.demo.stage import Stage, StageOptions
from broker.demo.walk import Hop, Walk, WalkFailed

pytestmark = pytest.mark.served

_DEMO = [sys.executable, "-m", "broker", "demo"]
_PATIENCE_SECONDS = 180


def _demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*_DEMO, *arguments], capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False)


def _processes_of(directory: Path) -> list[int]:
    """Every process that was given something below this directory on its command line."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(directory).encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def test_once_signs_a_person_in_tells_each_hop_and_leaves_nothing_running(tmp_path: Path) -> None:
    ended = _demo("--once", "--directory", str(tmp_path))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    told = ended.stdout
    in_order = [
        "eleni.markou@aegeanfoods.example signs in",
        "browser → application   GET",
        "browser → broker   GET",
        "browser → broker   POST",
        "browser → simulated Entra   GET",
        "browser → simulated Entra   POST",
        "broker → simulated Entra   POST",
        "application → broker   POST",
        "What Entra said about the person",
        "ddf3fc9b-9383-4d9f-bb1c-122bf6d836c8",
        "What the broker decided",
        "enforcement → epoch → membership",
        "The Pobuca account, created at this sign-in",
        "Sales manager",
        "What the application got: ID token",
        "editor",
        "What the application got: userinfo",
        "Aegean Foods",
        "is signed in at the sample application, and listed in Co-workers.",
    ]
    places = [told.index(words) for words in in_order]
    assert places == sorted(places)
    assert "\x1b" not in told  # Nobody's terminal: no colours.
    for name in ("sealing-key", "entra-client-secret", "sample-client-secret"):
        assert (tmp_path / "secrets" / name).read_text() not in told
    assert _processes_of(tmp_path) == []


def test_a_port_that_was_asked_for_and_is_taken_ends_it_with_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        port = somebody.getsockname()[1]
        ended = _demo("--once", "--directory", str(tmp_path), "--port-base", str(port))
    assert ended.returncode == 1
    assert f"port {port} is taken by another program" in ended.stdout


def test_a_broker_that_cannot_start_ends_it_with_the_brokers_own_words(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/directory.sqlite").write_text("this is no database, and long enough to be seen as none" * 20)
    ended = _demo("--once", "--directory", str(tmp_path))
    assert ended.returncode == 1
    assert "the broker ended by itself" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr
    assert _processes_of(tmp_path) == []


@pytest.mark.soak
def test_it_stays_up_until_it_is_told_to_stop_and_a_kept_directory_is_used_again(tmp_path: Path) -> None:
    for number, account in ((signal.SIGINT, "created at this sign-in"), (signal.SIGTERM, "which existed before")):
        told = _told_until_stopped(tmp_path, number)
        assert f"The Pobuca account, {account}" in told
        assert "open this address" in told
        assert "_simulator" in told


def _told_until_stopped(directory: Path, number: signal.Signals) -> str:
    """What it says; it has stopped with exit code 0, and everything with it."""
    output = directory / "output"
    with output.open("wb") as file:
        demo = subprocess.Popen(
            [*_DEMO, "--directory", str(directory / "demo")], stdout=file, stderr=file, start_new_session=True
        )
    try:
        _wait_for("Ctrl-C stops everything.", output, demo)
        assert _processes_of(directory / "demo")
        demo.send_signal(number)
        assert demo.wait(timeout=60) == 0
    finally:
        demo.kill()
        demo.wait()
    assert _processes_of(directory / "demo") == []
    return output.read_text()


def _wait_for(words: str, output: Path, demo: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while words not in output.read_text():
        assert demo.poll() is None, output.read_text()
        assert time.monotonic() < end, output.read_text()
        time.sleep(0.1)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage(StageOptions()) as stage:
        yield stage


@pytest.mark.parametrize(
    ("username", "said"),
    [
        ("mallory@evil-olives.example", r"callback gave no redirect but 403 .*not connected.* \(\w{4}-\w{4}\)"),
        ("stavros.lekkas@aegeanfoods.example", r"ended on the page .* with AADSTS50057"),
    ],
    ids=["a stranger's directory", "a disabled person"],
)
def test_a_person_who_is_not_let_in_is_told_as_a_failed_walk(stage: Stage, username: str, said: str) -> None:
    hops: list[Hop] = []
    with pytest.raises(WalkFailed, match=said):
        Walk(stage, username, hops.append).run()
    assert [hop.source for hop in hops[:3]] == ["browser"] * 3


def test_every_person_that_the_demonstration_invites_to_try_exists(stage: Stage) -> None:
    from broker.demo.telling import PASSWORD, PEOPLE_TO_TRY

    index = stage.session().get(f"{stage.simulator_url}/").text
    for person in PEOPLE_TO_TRY:
        assert person.username in index
    assert PASSWORD in index


def test_a_person_of_the_other_organisation_consents_and_gets_an_account_there(stage: Stage) -> None:
    hops: list[Hop] = []
    walked = Walk(stage, "tomas.weiss@helios-shipping.example", hops.append).run()
    assert walked.event["org"] == "helios-shipping"
    assert walked.event["created"] is True
    assert walked.userinfo["organization"]["name"] == "Helios Shipping"
    assert walked.hops == hops
    assert {hop.source for hop in hops if hop.behind} == {"broker", "application"}
