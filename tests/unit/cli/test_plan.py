"""``broker plan`` tells what a change would do, changes nothing, and shows no secret."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broker.cli import main
from broker.composition.surroundings import Surroundings
from broker.reloading.served import keep_served
from tests.support.configurations import ENVIRON, good_configuration
from tests.support.operated import Operated

AEGEAN = "organizations/aegean-foods.yaml"


def plan(*arguments: str | Path, environ: dict[str, str] | None = None) -> Result:
    environ = {**ENVIRON, **(environ or {})}
    return CliRunner().invoke(main, ["plan", *map(str, arguments)], env=environ, catch_exceptions=False)


def edit(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text()))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return good_configuration(tmp_path / "old")


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return good_configuration(tmp_path / "new")


def offline(old: Path, new: Path, *more: str) -> Result:
    return plan("--config", new, "--against", old, "--offline", *more)


def test_the_same_files_in_another_folder_change_nothing(old: Path, new: Path) -> None:
    edit(new / AEGEAN, lambda text: "# a comment\n" + text)
    (new / AEGEAN).rename(new / "organizations" / "another-name.yaml")
    result = offline(old, new)
    assert (result.exit_code, result.output) == (0, f"{new} against {old}\nNothing would change.\n")


def test_each_key_is_told_with_both_places_and_what_it_means(old: Path, new: Path) -> None:
    edit(
        new / AEGEAN,
        lambda text: (
            text.replace("guests: refuse", "guests: admit")
            .replace("domains: [aegeanfoods.example, aegean.example]", "domains: [aegeanfoods.example]")
            .replace("claims.method == 'mfa'", "claims.method == 'pwd'")
        ),
    )
    edit(new / "broker.yaml", lambda text: text.replace("idle_minutes: 60", "idle_minutes: 90"))
    edit(new / "relying_parties/phone.yaml", lambda text: text.replace("]", ', "https://new.example/cb"]', 1))
    result = offline(old, new)
    assert result.exit_code == 3
    told = [line.strip() for line in result.output.splitlines()]
    assert f"~ federation.guests: refuse → admit  ({old / AEGEAN}:10:3 → {new / AEGEAN}:10:3)" in told
    assert any(line.startswith("~ sessions.idle_minutes: 60 → 90  (") for line in told)
    weaker = told[told.index("Weaker: lets in more, or gives out more") : told.index("Concerned")]
    assert "the broker: sessions.idle_minutes becomes 90, from 60" in weaker
    assert "aegean-foods: guests: admit" in weaker
    assert "aegean-foods: addresses at aegean.example are its own no more" in weaker
    assert "phone.pobuca: redirect_uris takes in https://new.example/cb" in weaker
    assert any(
        line.startswith("aegean-foods: require rule with-mfa becomes claims.method == 'pwd', from") for line in told
    )
    assert "application connect" in told


def test_rules_and_items_that_come_and_go_are_told(old: Path, new: Path) -> None:
    edit(new / "claim_rules/corporate.yaml", lambda text: text.replace("known-groups", "some-groups"))
    (new / "organizations/corner-shop.yml").unlink()
    (new / "organizations/new.yaml").write_text(
        "organization: new\ndisplay_name: New\nplan: enterprise\ndomains: [new.example]\n"
        "federation:\n  connection: {kind: entra-oidc, tenant_id: 705bad33-ba4a-40ee-8ef9-2eb1e60b7b83}\n"
    )
    told = json.loads(offline(old, new, "--json").output)
    assert [(each["kind"], each["name"], each["what"]) for each in told["changes"]] == [
        ("claim_rules", "corporate", "changed"),
        ("organization", "corner-shop", "removed"),
        ("organization", "new", "added"),
    ]
    effects = {(each["direction"], each["subject"], each["sentence"]) for each in told["effects"]}
    rule = "lookup_all('app-roles', identity.groups) != []"
    assert {
        ("weaker", "aegean-foods", f"admit rule known-groups of the set corporate is gone: {rule}"),
        ("stronger", "aegean-foods", f"admit rule some-groups of the set corporate: {rule}"),
        ("different", "corner-shop", "the organization is gone"),
    } < effects
    assert any(direction == "stronger" and name == "new" for direction, name, _ in effects)
    # The set concerns whoever names it.
    assert [each["organization"] for each in told["organizations"]] == ["aegean-foods", "corner-shop", "new"]
    assert told["applications"] == ["connect"]


def test_what_needs_a_restart_is_said(old: Path, new: Path) -> None:
    edit(new / "broker.yaml", lambda text: text.replace("workers: 2", "workers: 4"))
    result = offline(old, new)
    assert result.exit_code == 3
    assert f"{new}/broker.yaml:7:3: listen.workers needs a restart to change" in result.output


def test_files_are_compared_where_there_are_no_secrets(old: Path, new: Path) -> None:
    edit(new / AEGEAN, lambda text: text.replace("guests: refuse", "guests: admit"))
    result = CliRunner().invoke(main, ["plan", "--config", str(new), "--against", str(old), "--offline"], env={})
    assert result.exit_code == 3, result.stderr
    assert "aegean-foods: guests: admit" in result.output


def test_no_secret_is_shown_and_one_that_changed_is_named(operated: Operated, tmp_path: Path) -> None:
    edit(operated.directory / AEGEAN, lambda text: text.replace("env:HOOK_SECRET\n", "file:hook\n"))
    values = [f"whsec_{base64.b64encode(word * 8).decode()}" for word in (b"first", b"second")]
    secret = operated.directory / "hook"
    secret.touch(0o600)
    secret.write_text(values[0])
    old = shutil.copytree(operated.directory, tmp_path / "old")
    secret.write_text(values[1])
    shown = [operated.run("plan", "--against", str(old), *more) for more in ((), ("--json",))]
    for result in shown:
        assert result.exit_code == 3, result.output
        assert not any(value in result.output for value in (*values, *ENVIRON.values()))
    assert "~ file:hook" in [line.strip() for line in shown[0].output.splitlines()]
    assert json.loads(shown[1].stdout)["secrets"] == ["file:hook"]


def test_a_configuration_with_problems_ends_with_1_and_one_that_is_not_there_with_2(old: Path, new: Path) -> None:
    edit(new / AEGEAN, lambda text: text.replace("guests: refuse", "guests: perhaps"))
    result = offline(old, new)
    assert result.exit_code == 1
    assert f"{new / AEGEAN}:10:11: guests must be" in result.output
    assert offline(old, new / "nowhere").exit_code == 2
    assert offline(new / "nowhere", old).exit_code == 2
    assert plan("--config", old, "--offline").exit_code == 2  # Without --against there is nothing to compare with.


def test_it_is_compared_with_what_the_running_broker_serves_by(operated: Operated) -> None:
    whole = (operated.directory / AEGEAN).read_text()
    with closing(Surroundings.of(operated.configuration)) as around:
        keep_served(around.state, operated.configuration)
    (operated.directory / AEGEAN).write_text(whole.replace("guests: refuse", "guests: admit"))
    result = operated.run("plan")
    assert result.exit_code == 3, result.output
    assert "organization aegean-foods: 0 accounts, 0 signed in" in result.output
    assert "refuse → admit" in result.output
    (operated.directory / AEGEAN).write_text(whole)
    assert operated.run("plan").exit_code == 0


def test_what_a_running_broker_would_refuse_is_said(operated: Operated) -> None:
    (operated.directory / AEGEAN).unlink()
    edit(
        operated.directory / "relying_parties/connect.yaml",
        lambda text: text.replace("[aegean-foods]", "[corner-shop]"),
    )
    result = operated.run("plan")
    assert result.exit_code == 1, result.output
    assert "A running broker would refuse it" in result.output
    assert "aegean-foods has no file any more" in result.output
