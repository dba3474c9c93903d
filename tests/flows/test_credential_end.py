"""The end of our credential at Entra is told before people cannot sign in (threats UO-24)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from broker.demo.entra.seed import CLIENT_SECRET
from broker.organizations import ADMINISTRATOR
from tests.support.world import ENVIRON, Foundation, World, world_on

SECRET = {"kind": "client_secret", "secret": "env:ENTRA_SECRET", "expires_on": "2026-12-05"}


def told(world: World) -> list[int]:
    return [event["days"] for event in world.events("upstream_credential_expires")]


def test_uo_24_a_secret_whose_end_is_written_down_is_remembered_in_time(foundation: Foundation, tmp_path: Path) -> None:
    assert ENVIRON["ENTRA_SECRET"] == CLIENT_SECRET
    with world_on(foundation, tmp_path / "world", entra={"credential": SECRET}) as world:
        world.side.watcher.tick()
        assert told(world) == [13], "below 14 days at the first look"
        world.side.watcher.tick()
        assert told(world) == [13]
        world.clock.advance(timedelta(days=7))
        world.side.watcher.tick()
        assert told(world) == [13, 6]
        assert world.events("upstream_credential_expires")[0]["for_operator"] is True
        assert CLIENT_SECRET not in world.log_text()


def test_uo_24_administrators_see_it_on_their_page_from_14_days_before(foundation: Foundation, tmp_path: Path) -> None:
    with world_on(foundation, tmp_path / "world", entra={"credential": SECRET}) as world:
        browser, _ = world.signed_in()
        (account,) = world.around.directory.accounts("aegean-foods")
        world.around.directory.edit_account(account.id, {"role": ADMINISTRATOR}, by="operator", at=world.clock.now())
        page = browser.get(f"{world.broker_url}/settings/security", timeout=30)
        assert page.status_code == 200
        assert 'id="credential-ends"' in page.text
        assert "in 13 days" in page.text


def test_uo_24_nobody_is_reminded_of_what_is_not_known(world: World) -> None:
    world.side.watcher.tick()
    assert told(world) == []
