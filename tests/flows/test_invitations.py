"""Invitations: by administrators of organisations that are not federated, and the first one by an operator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from broker.errors import NotAllowed, SsoRequired
from tests.support.members import (
    ANNA,
    BASIL,
    OLIVE_GROVE,
    PASSWORD,
    administrator,
    code_by_password,
    enforce,
    letters,
    member,
    record_organization,
    signed_in,
    submit,
)
from tests.support.membership import membership_of
from tests.support.world import ELENI, Foundation, World, world_on

INVITATIONS = "/co-workers/invitations"
NEW = "seven wise cats drink milk"
OUTSIDER = "olga@elsewhere.example"


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    organizations = (AEGEAN_FOODS, HELIOS_SHIPPING, OLIVE_GROVE)
    with world_on(foundation, tmp_path / "world", organizations=organizations) as made:
        yield made


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    return tmp_path / "world"


def invite(
    world: World, browser: requests.Session, address: str = BASIL, role: str = "editor"
) -> requests.Response:
    return submit(world, browser, INVITATIONS, INVITATIONS, email=address, role=role)


def notice(answer: requests.Response) -> str:
    assert answer.status_code == 303, answer.text[:1500]
    return parse_qs(urlsplit(answer.headers["Location"]).query)["notice"][0]


def accept(world: World, link: str, first: str = "Basil", password: str = NEW) -> requests.Response:
    form = {"first_name": first, "last_name": "Notas", "new_password": password, "new_password_again": password}
    return world.browser().post(f"{world.broker_url}{link}", data=form, allow_redirects=False, timeout=30)


def test_an_administrator_invites_and_the_co_worker_signs_in(world: World, mail: Path) -> None:
    administrator(world)
    assert notice(invite(world, signed_in(world))) == "sent"
    (letter,) = letters(mail)
    assert (letter.to, letter.subject) == (BASIL, "Olive Grove invites you to Pobuca")
    page = world.browser().get(f"{world.broker_url}{letter.link}", timeout=30).text
    assert "Olive Grove invites you" in page
    assert urlsplit(accept(world, letter.link).headers["Location"]).path == "/account-made"
    tokens = world.tokens(code_by_password(world, world.browser(), BASIL, NEW))
    account = world.around.directory.account(tokens.claims["sub"])
    assert account is not None
    assert (account.organization, account.role, account.display_name) == ("olive-grove", "editor", "Basil Notas")
    assert (account.email, account.email_verified, account.attributes["language"]) == (BASIL, True, "en")
    assert 'id="co-workers"' in world.go(signed_in(world), "/co-workers").text


def test_somebody_from_outside_becomes_a_contributor_whatever_role_was_chosen(world: World, mail: Path) -> None:
    administrator(world)
    invite(world, signed_in(world), OUTSIDER, "administrator")
    assert "external contributor" in world.browser().get(world.broker_url + letters(mail)[0].link, timeout=30).text
    accept(world, letters(mail)[0].link)
    tokens = world.tokens(code_by_password(world, world.browser(), OUTSIDER, NEW))
    account = world.around.directory.account(tokens.claims["sub"])
    assert account is not None
    assert (account.organization, account.role) == ("olive-grove", "contributor")


def test_a_sub_domain_is_the_organisations_as_well(world: World) -> None:
    administrator(world)
    invite(world, signed_in(world), "basil@mail.olivegrove.example", "administrator")
    (invitation,) = world.around.records.credentials.invitations("olive-grove")
    assert (invitation.external, invitation.role) == (False, "administrator")


def test_a_link_is_good_once_and_for_seven_days(world: World, mail: Path) -> None:
    administrator(world)
    browser = signed_in(world)
    invite(world, browser)
    link = letters(mail)[0].link
    assert accept(world, link).status_code == 303
    assert 'data-code="link_used"' in accept(world, link).text
    invite(world, browser, OUTSIDER)
    world.clock.advance(timedelta(days=7))
    late = accept(world, letters(mail, OUTSIDER)[0].link)
    assert (late.status_code, 'data-code="link_used"' in late.text) == (400, True)


@pytest.mark.parametrize(
    ("first", "password", "mark"),
    [
        ("", NEW, "first_name-error"),
        ("\u202e", NEW, "first_name-error"),
        ("Basil", "olive-grove1", "new-password-error"),
    ],
)
def test_what_is_missing_is_said_and_the_link_stays_good(
    world: World, mail: Path, first: str, password: str, mark: str
) -> None:
    administrator(world)
    invite(world, signed_in(world))
    link = letters(mail)[0].link
    answer = accept(world, link, first, password)
    assert (answer.status_code, f'id="{mark}"' in answer.text) == (400, True)
    assert accept(world, link).status_code == 303


def test_an_invitation_can_be_cancelled_and_sent_again(world: World, mail: Path) -> None:
    administrator(world)
    browser = signed_in(world)
    invite(world, browser)
    (first,) = world.around.records.credentials.invitations("olive-grove")
    assert notice(submit(world, browser, INVITATIONS, f"{INVITATIONS}/{first.id}/again")) == "sent"
    old, new = (letter.link for letter in letters(mail))
    assert accept(world, old).status_code == 400
    (second,) = world.around.records.credentials.invitations("olive-grove")
    assert BASIL.split("@")[0] in world.go(browser, INVITATIONS).text
    assert notice(submit(world, browser, INVITATIONS, f"{INVITATIONS}/{second.id}/cancel")) == "cancelled"
    assert accept(world, new).status_code == 400
    gone = submit(world, browser, INVITATIONS, f"{INVITATIONS}/{second.id}/cancel")
    assert 'data-code="invitation_gone"' in gone.text


def test_only_administrators_invite(world: World) -> None:
    administrator(world)
    member(world, BASIL)
    browser = signed_in(world, BASIL)
    assert 'data-code="not_admin"' in world.go(browser, INVITATIONS).text
    answer = submit(world, browser, "/account", INVITATIONS, email=OUTSIDER)
    assert (answer.status_code, 'data-code="not_admin"' in answer.text) == (403, True)


def test_nobody_touches_the_invitations_of_another_organisation(world: World) -> None:
    record_organization(world)
    administrator(world)
    administrator(world, "thea@thymehill.example", organization="thyme-hill")
    invite(world, signed_in(world))
    (invitation,) = world.around.records.credentials.invitations("olive-grove")
    browser = signed_in(world, "thea@thymehill.example")
    for act in ("cancel", "again"):
        answer = submit(world, browser, INVITATIONS, f"{INVITATIONS}/{invitation.id}/{act}")
        assert 'data-code="invitation_gone"' in answer.text
    assert world.around.records.credentials.invitations("olive-grove") == [invitation]


def test_a_co_worker_is_not_invited_twice(world: World) -> None:
    administrator(world)
    member(world, BASIL)
    assert 'data-code="already_member"' in invite(world, signed_in(world)).text


def test_what_is_known_of_an_address_elsewhere_is_not_told(world: World, mail: Path) -> None:
    """Whether an address has an account in another organisation is nobody's business but its owner's."""
    record_organization(world)
    member(world, "thea@thymehill.example", organization="thyme-hill")
    administrator(world)
    browser = signed_in(world)
    known = invite(world, browser, "thea@thymehill.example")
    unknown = invite(world, browser, "nobody@thymehill.example")
    assert (known.status_code, notice(known)) == (unknown.status_code, notice(unknown))
    answer = accept(world, letters(mail, "thea@thymehill.example")[0].link)
    assert (answer.status_code, 'data-code="address_taken"' in answer.text) == (403, True)


def test_an_address_of_a_federated_organisation_is_not_invited(world: World, mail: Path) -> None:
    administrator(world)
    answer = invite(world, signed_in(world), ELENI)
    assert (answer.status_code, 'data-code="invitee_federated"' in answer.text) == (403, True)
    assert "Aegean" not in answer.text
    assert letters(mail) == []


def test_a_federated_organisation_invites_nobody(world: World) -> None:
    browser, tokens = world.signed_in()
    world.around.directory.edit_account(
        tokens.claims["sub"], {"role": "administrator"}, by="operator", at=world.clock.now()
    )
    page = world.go(browser, INVITATIONS).text
    assert "Co-workers are not invited here" in page
    assert "External people cannot be invited" in page
    assert 'name="email"' not in page
    for address, code in (
        ("new@aegeanfoods.example", "federated_invitations"),
        (OUTSIDER, "federated_external_invitations"),
    ):
        answer = submit(world, browser, "/", INVITATIONS, email=address, role="editor")
        assert (answer.status_code, f'data-code="{code}"' in answer.text) == (403, True)


def test_the_first_administrator_comes_by_a_link_of_the_operator(world: World, tmp_path: Path) -> None:
    record_organization(world)
    invitations = membership_of(world, tmp_path / "world").invitations
    link = invitations.invite_first_administrator("thyme-hill", "thea@thymehill.example")
    assert link.startswith(f"{world.broker_url}/invitations/")
    assert accept(world, urlsplit(link).path, "Thea").status_code == 303
    browser = signed_in(world, "thea@thymehill.example", NEW)
    assert world.go(browser, INVITATIONS).status_code == 200
    assert [entry.entry.event for entry in world.around.records.audit.entries("thyme-hill")][-2:] == [
        "invitation_sent",
        "invitation_accepted",
    ]


def test_an_operator_invites_nobody_to_a_federated_organisation(world: World, tmp_path: Path) -> None:
    invitations = membership_of(world, tmp_path / "world").invitations
    for organization, address, refusal in (
        ("aegean-foods", ELENI, NotAllowed),
        ("nobody", ANNA, NotAllowed),
        ("olive-grove", ELENI, SsoRequired),
        ("olive-grove", "anna", ValueError),
    ):
        with pytest.raises(refusal):
            invitations.invite_first_administrator(organization, address)


def test_invitations_are_cancelled_by_enforcement(world: World, mail: Path) -> None:
    administrator(world)
    invite(world, signed_in(world))
    link = letters(mail)[0].link
    enforce(world)
    for answer in (world.browser().get(f"{world.broker_url}{link}", timeout=30), accept(world, link)):
        assert (answer.status_code, 'data-code="sso_required"' in answer.text) == (403, True)
        assert 'id="sign-in-with-microsoft"' in answer.text


def test_the_form_says_what_is_no_address(world: World) -> None:
    administrator(world)
    answer = invite(world, signed_in(world), "basil")
    assert (answer.status_code, 'id="email-error"' in answer.text) == (400, True)
    assert re.search(r'value="basil"', answer.text)


def test_letters_to_one_address_are_limited(world: World, mail: Path) -> None:
    administrator(world)
    browser = signed_in(world)
    codes = [invite(world, browser).status_code for _ in range(6)]
    assert codes == [303] * 5 + [429]
    assert len(letters(mail)) == 5
    assert notice(invite(world, browser, OUTSIDER)) == "sent"


def test_the_password_of_before_is_no_part_of_an_invitation(world: World, mail: Path) -> None:
    """Whoever invites knows no password of the account: it is chosen behind the link."""
    administrator(world)
    invite(world, signed_in(world))
    accept(world, letters(mail)[0].link)
    with pytest.raises(AssertionError, match="not let in"):
        code_by_password(world, world.browser(), BASIL, PASSWORD)
