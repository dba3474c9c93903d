"""The directory decides at each refresh whether an application goes on for somebody (DESIGN promise 6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.members import submit
from tests.support.offline import KEEPING, introspected, offline, refresh
from tests.support.world import ELENI, Foundation, World, world_on

# ``entra.check_minutes`` and ``entra.check_grace_minutes``.
CHECK, GRACE = timedelta(minutes=5), timedelta(minutes=60)
NIKOS = "nikos.petrou@aegeanfoods.example"


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    with world_on(foundation, tmp_path / "world", parties=KEEPING) as made:
        yield made


def test_a_person_who_is_disabled_there_is_out_here_at_the_next_refresh(world: World) -> None:
    first, other = offline(world), offline(world, person=NIKOS)
    world.clock.advance(CHECK)
    second = refresh(world, first["refresh_token"]).json()
    assert introspected(world, second["access_token"])["active"] is True
    world.control.patch(f"users/{ELENI}", {"accountEnabled": False})
    world.clock.advance(CHECK)
    answer = refresh(world, second["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert world.events("oauth_rejected")[-1]["reason"] == "ended"
    assert introspected(world, second["access_token"]) == {"active": False}
    assert world.userinfo(second["access_token"]).status_code == 401
    assert refresh(world, other["refresh_token"]).status_code == 200
    again = refresh(world, second["refresh_token"])
    assert again.json()["error"] == "invalid_grant"


def test_a_directory_that_does_not_answer_ends_nobody_and_holds_up_nobody_for_an_hour(world: World) -> None:
    token = offline(world)["refresh_token"]
    world.control.post("faults", {"endpoint": "token", "status": 503, "count": 1000})
    world.clock.advance(CHECK)
    token = refresh(world, token).json()["refresh_token"]
    world.clock.advance(GRACE)
    answer = refresh(world, token)
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert "Retry-After" in answer.headers
    world.control.delete("faults")
    # The circuit to the directory closes again by itself; the token was not spent meanwhile.
    world.clock.advance(CHECK)
    assert refresh(world, token).status_code == 200


def test_signing_out_everywhere_ends_what_applications_keep_as_well(world: World) -> None:
    kept, other = offline(world), offline(world, person=NIKOS)
    browser, _ = world.signed_in()
    submit(world, browser, "/account", "/account/sign-out-everywhere")
    assert refresh(world, kept["refresh_token"]).json()["error"] == "invalid_grant"
    assert introspected(world, kept["access_token"]) == {"active": False}
    assert refresh(world, other["refresh_token"]).status_code == 200
    entries = world.around.records.audit.entries("aegean-foods", limit=100)
    (ended,) = (each.entry for each in entries if each.entry.event == "account_ended")
    assert (ended.actor, ended.account) == (ended.account, ended.actor)
    assert refresh(world, offline(world)["refresh_token"]).status_code == 200
