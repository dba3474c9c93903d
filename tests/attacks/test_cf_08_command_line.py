"""CF-08: a command that is applied in part, has no dry run, lies with its exit code, obeys data, or races another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import click
import pytest

from broker.cli import main
from broker.composition.surroundings import Surroundings
from broker.store.federations import OrganizationRecord
from tests.support.configurations import ENVIRON
from tests.support.operated import Operated, now_, operated_in, prepare

# Commands that change nothing. Every other one under `broker org` has to have --dry-run.
READING = {"list", "show", "test", "domain list", "administrator list", "glass list", "prove"}


@pytest.fixture
def operated(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    with operated_in(tmp_path, prepare(tmp_path_factory.mktemp("prepared"))) as made:
        yield made


def leaves(group: click.Group, prefix: str = "") -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found |= leaves(command, f"{prefix}{name} ")
        else:
            found[f"{prefix}{name}"] = command
    return found


def org() -> click.Group:
    group = main.get_command(click.Context(main), "org")
    assert isinstance(group, click.Group)
    return group


def options(command: click.Command) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


def test_cf_08_whatever_changes_something_has_a_dry_run() -> None:
    assert {name for name, command in leaves(org()).items() if "--dry-run" not in options(command)} <= READING


def test_cf_08_the_exit_codes_are_documented() -> None:
    assert "Exit code: 0 if it is done" in (org().help or "")
    assert all(f"{code} if" in " ".join((org().help or "").split()) for code in (1, 2, 3))


def test_cf_08_a_command_that_was_stopped_in_the_middle_is_said_again(operated: Operated) -> None:
    """Each step is a transaction, and each is found done: the second time does what is left."""
    with operated.records() as records:  # What a command leaves that dies after its first step.
        records.federations.create_organization(OrganizationRecord("acme", "Acme", "enterprise", None, now_()))
    create = ("org", "create", "acme", "--display-name", "Acme", "--plan", "enterprise", "--domain", "acme.example")
    operated.done(*create)
    first = operated.json("org", "domain", "list", "acme")
    operated.done(*create)
    assert operated.json("org", "domain", "list", "acme") == first
    assert operated.events() == ["domain_claimed"]


def test_cf_08_what_a_terminal_would_obey_is_escaped(operated: Operated) -> None:
    evil = "Acme \x1b]0;owned\x07 \u202e\u2066 \x9b31m"
    operated.done("org", "create", "acme", "--display-name", evil, "--plan", "standard")
    for arguments in (("org", "show", "acme"), ("org", "list"), ("audit", "list")):
        told = operated.done(*arguments)
        assert not set(told) & {"\x1b", "\x07", "\x9b", "\u202e", "\u2066"}
    for word in ("\x1b[2J", "a\x1b]8;;https://evil.example\x07b@acme.example"):
        told = operated.refused("org", "administrator", "add", "acme", word)
        assert "\x1b" not in told


def test_cf_08_json_is_nothing_but_json(operated: Operated) -> None:
    evil = "Acme \x1b[31m"
    operated.done("org", "create", "acme", "--display-name", evil, "--plan", "standard")
    answer = operated.run("org", "show", "acme", "--json")
    assert "\x1b" not in answer.stdout
    assert json.loads(answer.stdout)["display_name"] == evil


def test_cf_08_the_second_operator_hears_who_the_first_is(operated: Operated) -> None:
    operated.create("acme")
    with closing(Surroundings.of(operated.configuration)) as around:
        held = json.dumps({"owner": "anna on bastion (process 7)", "since": "2026-11-21T22:00:00Z"}).encode()
        assert around.state.add_if_absent("operator_lock", "acme", held, timedelta(minutes=2))
        told = operated.refused("org", "plan", "acme", "standard", code=3)
        assert "is being changed by anna on bastion (process 7) since 2026-11-21T22:00:00Z" in told
        assert around.state.get("operator_lock", "acme") == held, "the lock of another is left alone"
        around.state.delete("operator_lock", "acme")
    operated.done("org", "plan", "acme", "standard")


def test_cf_08_what_changed_after_it_was_shown_is_not_carried_out(operated: Operated) -> None:
    """While the first operator reads what will change, the directory administrator tests once more."""
    operated.create("acme")
    operated.connect("acme")
    command = [sys.executable, "-m", "broker", "org", "enforce", "acme", "--config", str(operated.directory)]
    with subprocess.Popen(
        command,
        env={**os.environ, **ENVIRON},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as asking:
        assert asking.stdout is not None
        for line in asking.stdout:
            if line.startswith("The test sign-in was done"):
                break
        operated.connect("acme")
        _, told = asking.communicate("acme\n", timeout=60)
    assert asking.returncode == 3, told
    assert "somebody else has just changed acme" in told
    assert operated.stage("acme") == "tested"


def test_cf_08_of_several_operators_at_once_one_makes_each_change(operated: Operated) -> None:
    operated.create("acme")
    operated.connect("acme")
    command = [sys.executable, "-m", "broker", "org", "enforce", "acme", "--yes", "--config", str(operated.directory)]
    running = [
        subprocess.Popen(
            command, env={**os.environ, **ENVIRON}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    ends = [(process.communicate(timeout=120), process.returncode) for process in running]
    assert {code for _, code in ends} <= {0, 3}, ends
    assert any(code == 0 for _, code in ends)
    assert operated.stage("acme") == "enforced"
    assert operated.events().count("federation_enforced") == 1
