"""Administering co-workers: here where no directory does it, and nowhere here where one does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from tests.support.members import (
    BASIL,
    OLIVE_GROVE,
    administrator,
    member,
    record_organization,
    signed_in,
    submit,
)
from tests.support.world import Foundation, World, world_on


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    organizations = (AEGEAN_FOODS, HELIOS_SHIPPING, OLIVE_GROVE)
    with world_on(foundation, tmp_path / "world", organizations=organizations) as made:
        yield made


def test_an_administrator_edits_a_co_worker(world: World) -> None:
    administrator(world)
    basil = member(world, BASIL, first_name="Basil")
    fields = {"first_name": "Vasilis", "last_name": " Notas\u202e ", "job_title": "Miller", "role": "contributor"}
    answer = submit(world, signed_in(world), f"/co-workers/{basil.id}", f"/co-workers/{basil.id}", **fields)
    assert answer.status_code == 303
    edited = world.around.directory.account(basil.id)
    assert edited is not None
    seen = (edited.display_name, edited.role, edited.attributes["job_title"])
    assert seen == ("Vasilis Notas", "contributor", "Miller")
    assert (edited.email, edited.organization) == (BASIL, "olive-grove")
    (entry,) = [e.entry for e in world.around.records.audit.entries("olive-grove") if e.entry.account == basil.id]
    assert entry.event == "account_edited"


@pytest.mark.parametrize("fields", [{"first_name": ""}, {"role": "owner"}])
def test_what_cannot_be_is_refused(world: World, fields: dict[str, str]) -> None:
    administrator(world)
    basil = member(world, BASIL, first_name="Basil")
    answer = submit(world, signed_in(world), f"/co-workers/{basil.id}", f"/co-workers/{basil.id}", **fields)
    assert answer.status_code == 400
    assert world.around.directory.account(basil.id) == basil


def test_the_address_is_not_edited(world: World) -> None:
    administrator(world)
    basil = member(world, BASIL)
    path = f"/co-workers/{basil.id}"
    submit(world, signed_in(world), path, path, email="other@olivegrove.example", organization="aegean-foods")
    account = world.around.directory.account(basil.id)
    assert account is not None
    assert (account.email, account.organization) == (BASIL, "olive-grove")


def test_a_deactivated_co_worker_is_out_at_once_and_starts_anew_when_activated(world: World) -> None:
    administrator(world)
    basil = member(world, BASIL, first_name="Basil")
    his, hers = signed_in(world, BASIL), signed_in(world)
    assert submit(world, hers, f"/co-workers/{basil.id}", f"/co-workers/{basil.id}/deactivate").status_code == 303
    assert 'id="signed-in"' not in world.go(his, "/").text
    with pytest.raises(AssertionError, match="not let in"):
        signed_in(world, BASIL)
    assert submit(world, hers, f"/co-workers/{basil.id}", f"/co-workers/{basil.id}/activate").status_code == 303
    assert 'id="signed-in"' not in world.go(his, "/").text
    assert 'id="signed-in"' in world.go(signed_in(world, BASIL), "/").text


def test_the_last_administrator_stays(world: World) -> None:
    anna = administrator(world)
    basil = member(world, BASIL, role="administrator", first_name="Basil")
    browser = signed_in(world)
    assert submit(world, browser, f"/co-workers/{basil.id}", f"/co-workers/{basil.id}/deactivate").status_code == 303
    page = f"/co-workers/{anna.id}"
    for path, fields in ((page, {"role": "editor"}), (f"{page}/deactivate", {})):
        answer = submit(world, browser, page, path, **fields)
        assert (answer.status_code, 'data-code="last_administrator"' in answer.text) == (403, True)
    assert submit(world, browser, page, f"/co-workers/{basil.id}/activate").status_code == 303
    assert submit(world, browser, page, page, role="editor").status_code == 303
    assert 'data-code="not_admin"' in world.go(browser, page).text


def test_a_change_that_died_half_way_holds_up_the_next_for_seconds_only(world: World) -> None:
    administrator(world)
    basil = member(world, BASIL)
    world.around.state.add_if_absent("administering", "olive-grove", b"1", timedelta(seconds=10))
    path = f"/co-workers/{basil.id}"
    browser = signed_in(world)
    assert submit(world, browser, path, path, role="contributor").status_code == 503
    world.clock.advance(timedelta(seconds=10))
    assert submit(world, browser, path, path, role="contributor").status_code == 303


def test_only_administrators_of_the_same_organisation_do(world: World) -> None:
    record_organization(world)
    administrator(world)
    basil = member(world, BASIL, first_name="Basil")
    administrator(world, "thea@thymehill.example", organization="thyme-hill")
    path = f"/co-workers/{basil.id}"
    for browser, code in (
        (signed_in(world, BASIL), "not_admin"),
        (signed_in(world, "thea@thymehill.example"), "no_such_person"),
    ):
        for target in (path, f"{path}/deactivate", f"{path}/activate"):
            answer = submit(world, browser, "/", target, role="administrator")
            assert (answer.status_code, f'data-code="{code}"' in answer.text) == (403, True)
    assert world.around.directory.account(basil.id) == basil


def test_in_a_federated_organisation_it_is_the_directorys_business(world: World) -> None:
    browser, tokens = world.signed_in()
    account_id = tokens.claims["sub"]
    world.around.directory.edit_account(account_id, {"role": "administrator"}, by="operator", at=world.clock.now())
    page = world.go(browser, "/co-workers").text
    for sentence in ("Users are administered in your", "Co-workers are not invited here", "External people cannot be"):
        assert sentence in page
    assert f"/co-workers/{account_id}\"" not in page
    assert 'id="invitations"' not in page
    before = world.around.directory.account(account_id)
    for path in (f"/co-workers/{account_id}", f"/co-workers/{account_id}/deactivate"):
        answer = submit(world, browser, "/", path, role="editor", first_name="Nobody")
        assert (answer.status_code, 'data-code="federated_users"' in answer.text) == (403, True)
    assert world.around.directory.account(account_id) == before


def test_a_form_of_another_account_changes_nothing(world: World) -> None:
    administrator(world)
    basil = member(world, BASIL)
    browser = signed_in(world)
    answer = browser.post(f"{world.broker_url}/co-workers/{basil.id}/deactivate", data={"token": "x"}, timeout=30)
    assert answer.status_code == 400
    assert world.around.directory.account(basil.id) == basil
