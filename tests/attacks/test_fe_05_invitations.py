"""FE-05: invitations to, of and from an organisation that signs in with Microsoft."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import requests

from broker.entropy import digest
from broker.errors import SsoRequired
from broker.store.credentials import Invitation
from tests.attacks.answers import page_refused
from tests.attacks.membership import grove, put_back
from tests.support.members import ANNA, BASIL, administrator, enforce, form_token, letters, signed_in
from tests.support.world import ELENI, Foundation, World

NEW = "seven wise cats drink milk"
OUTSIDER = "olga@elsewhere.example"
INVITATIONS = "/co-workers/invitations"


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    with grove(foundation, tmp_path / "world") as made:
        yield made


def invite(world: World, browser: requests.Session, token: str, address: str) -> requests.Response:
    form = {"token": token, "email": address, "role": "administrator"}
    return browser.post(f"{world.broker_url}{INVITATIONS}", data=form, allow_redirects=False, timeout=30)


def accept(world: World, link: str) -> requests.Response:
    form = {"first_name": "Basil", "last_name": "Notas", "new_password": NEW, "new_password_again": NEW}
    return world.browser().post(f"{world.broker_url}{link}", data=form, allow_redirects=False, timeout=30)


@pytest.mark.parametrize("address", [BASIL, OUTSIDER])
def test_fe_05_a_link_from_before_makes_no_account(world: World, tmp_path: Path, address: str) -> None:
    administrator(world)
    browser = signed_in(world)
    token = form_token(world.go(browser, INVITATIONS))
    invite(world, browser, token, "twin@olivegrove.example")
    assert accept(world, letters(tmp_path / "world")[0].link).status_code == 303  # The positive twin.
    invite(world, browser, token, address)
    (letter,) = letters(tmp_path / "world", address)
    (invitation,) = world.around.records.credentials.invitations("olive-grove")
    enforce(world)
    before = world.around.directory.accounts("olive-grove")
    assert world.around.records.credentials.invitations("olive-grove") == []
    put_back(tmp_path / "world", "UPDATE invitations SET state = 'open' WHERE id = ?", invitation.id)
    page_refused(
        world,
        partial(accept, world, letter.link),
        "invite",
        page="sso_required",
        status=403,
        event="enforcement_denied",
        secrets=[NEW, letter.link.rpartition("/")[2]],
    )
    assert world.around.directory.accounts("olive-grove") == before


def test_fe_05_a_session_from_before_invites_nobody(world: World, tmp_path: Path) -> None:
    administrator(world)
    browser = signed_in(world)
    token = form_token(world.go(browser, INVITATIONS))
    enforce(world)
    assert invite(world, browser, token, BASIL).status_code == 303
    assert letters(tmp_path / "world") == []
    assert world.around.records.credentials.invitations("olive-grove") == []


@pytest.mark.parametrize(
    ("address", "code"),
    [("new@aegeanfoods.example", "federated_invitations"), (OUTSIDER, "federated_external_invitations")],
)
def test_fe_05_an_administrator_of_a_federated_organisation_invites_nobody(
    world: World, tmp_path: Path, address: str, code: str
) -> None:
    browser, tokens = world.signed_in()
    world.around.directory.edit_account(
        tokens.claims["sub"], {"role": "administrator"}, by="operator", at=world.clock.now()
    )
    token = form_token(world.go(browser, "/account"))
    page_refused(
        world,
        partial(invite, world, browser, token, address),
        "invite",
        page=code,
        status=403,
        event="web_rejected",
        browser=browser,
    )
    assert letters(tmp_path / "world") == []


def test_fe_05_nobody_of_a_federated_domain_comes_in_by_another_organisation(world: World, tmp_path: Path) -> None:
    administrator(world)
    browser = signed_in(world)
    token = form_token(world.go(browser, INVITATIONS))
    for address in (ELENI, "nobody@mail.aegeanfoods.example"):
        answer = page_refused(
            world,
            partial(invite, world, browser, token, address),
            "invite",
            page="invitee_federated",
            status=403,
            event="enforcement_denied",
            browser=browser,
        )
        assert "egean" not in answer.text
    assert letters(tmp_path / "world") == []


def test_fe_05_a_link_to_somebody_whose_domain_was_federated_meanwhile_is_dead(world: World) -> None:
    """Olive Grove invited somebody of Aegean Foods as an external before that was federated."""
    administrator(world)
    now = world.clock.now()
    invitation = Invitation(
        "i-1", "olive-grove", digest("link"), ELENI, "contributor", True, "operator", now, now.replace(year=2030)
    )
    world.around.records.credentials.add_invitation(invitation)
    page_refused(
        world,
        partial(accept, world, "/invitations/link"),
        "invite",
        page="sso_required",
        status=403,
        event="enforcement_denied",
        secrets=[NEW],
    )


def test_fe_05_no_invitation_can_be_stored(world: World) -> None:
    now = world.clock.now()
    invitation = Invitation(
        "i-1", "aegean-foods", digest("link"), ANNA, "editor", True, "operator", now, now.replace(year=2030)
    )
    with pytest.raises(SsoRequired):
        world.around.records.credentials.add_invitation(invitation)


def test_fe_05_there_is_no_registration(world: World) -> None:
    for path in ("/register", "/sign-up", "/signup", "/accounts", "/invitations"):
        answer = world.browser().post(f"{world.broker_url}{path}", data={"email": ELENI, "password": NEW}, timeout=30)
        assert answer.status_code in (404, 405), path
