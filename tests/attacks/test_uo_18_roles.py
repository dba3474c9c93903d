"""UO-18: who says to be an administrator, of the directory or of our organisation, and is not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from broker.demo.configuration import HELIOS_SHIPPING
from broker.demo.entra.browser import SignInStopped
from broker.upstream.entra.roles import may_consent
from tests.attacks.refusals import refused
from tests.support.connecting import PAGE, Connecting, fields_of, location
from tests.support.members import administrator, member, signed_in
from tests.support.world import Foundation, world_on

A = "aegeanfoods.example"
MAY = ("global.admin", "privileged.admin", "app.admin", "cloudapp.admin")
MAY_NOT = (
    "security.admin",
    "global.reader",
    "user.admin",
    "custom.admin",
    "support.admin",
    "eligible.admin",
    "eleni.markou",
)


@pytest.fixture
def case(foundation: Foundation, tmp_path: Path) -> Iterator[Connecting]:
    """The organisation of the tenant that has one person of each role, before it is connected."""
    with world_on(foundation, tmp_path / "world", organizations=(HELIOS_SHIPPING,)) as world:
        yield Connecting.begin(world, name="aegean-foods", domain=A, address=f"despina@{A}")


def refuse(case: Connecting, person: str, page: str = "not_directory_admin", reason: str = "not_admin") -> None:
    answer = case.at_directory(case.to_directory(), person)
    refused(
        case.world, lambda: answer.deliver(case.browser), status=403, page=page, reason=reason, browser=case.browser
    )
    assert case.stage() is None


def test_uo_18_four_roles_may_connect(case: Connecting) -> None:
    for name in MAY:
        assert location(case.connect(f"{name}@{A}")).endswith(PAGE), name
        federation = case.federation()
        assert federation is not None
        assert federation.stage == "connected"


def test_uo_18_every_other_role_may_not(case: Connecting) -> None:
    """Also not a custom role that Entra would let consent, nor one that is eligible and not active."""
    for name in MAY_NOT:
        refuse(case, f"{name}@{A}")


def test_uo_18_no_claim_no_administrator(case: Connecting) -> None:
    mutations: list[dict[str, Any]] = [
        {"drop": ["wids"]},
        {"claims": {"wids": []}},
        {"claims": {"wids": "62e90394-69f5-4237-9190-012177145e10"}},
        {"claims": {"wids": {"0": "62e90394-69f5-4237-9190-012177145e10"}}},
        {"claims": {"wids": ["b79fbf4d-3ef9-4689-8143-76b194e85509"]}},
        {"claims": {"wids": ["62e90394-69f5-4237-9190-012177145e1"]}},
        {"claims": {"wids": None}},
    ]
    for mutation in mutations:
        case.world.control.post("token-mutations", mutation)
        refuse(case, f"global.admin@{A}")


def test_uo_18_guests_and_personal_accounts_may_not(case: Connecting) -> None:
    """A guest who is Global Administrator there comes from their own directory, where they are nobody."""
    refuse(case, "gina.guest@helios-shipping.example")
    for mark in ({"acct": 1}, {"idp": "live.com"}):
        case.world.control.post("token-mutations", {"claims": mark})
        refuse(case, f"global.admin@{A}", "directory_guest", "guest")
    with pytest.raises(SignInStopped):
        case.at_directory(case.to_directory(), "zoe.hart@outlook.example")


def test_uo_18_a_role_of_another_directory_is_none_of_this_one(case: Connecting) -> None:
    """The token of the sign-in says which tenant; the consent is asked of that one and no other."""
    consent = case.to_consent("global.admin@cyclades-ferries.example")
    assert "/b46f2a0d-7c1e-4d35-9a8e-1f60c2d7e953/v2.0/adminconsent" in consent
    assert "state" in fields_of(consent)


def test_uo_18_only_an_administrator_of_the_organization_begins(case: Connecting) -> None:
    world = case.world
    member(world, f"petros@{A}", organization=case.name, role="editor")
    ordinary = Connecting(world, case.account, signed_in(world, f"petros@{A}"), case.name)
    token = case.page().text.split('name="token" value="')[1].split('"')[0]
    for path in ("connect", "test", "switch-on", "disconnect", "call-off"):
        refused(
            world,
            lambda path=path: ordinary.browser.post(  # type: ignore[misc]  # mypy cannot infer a lambda's default
                f"{world.broker_url}{PAGE}/{path}", data={"token": token}, allow_redirects=False, timeout=30
            ),
            status=403,
            page="not_admin",
            reason="not_admin",
            event="enforcement_denied",
            browser=ordinary.browser,
        )
    for path in ("", "/switch-on", "/disconnect"):
        assert ordinary.page(f"{PAGE}{path}").status_code == 403
    assert case.stage() is None


def test_uo_18_application_permissions_need_a_higher_role() -> None:
    """entra-id reference, section 3.2."""
    lower = {"wids": ["9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"]}
    higher = {"wids": ["e8611ab8-c189-46e8-94e1-60213ab1f814"]}
    assert may_consent(lower)
    assert not may_consent(lower, application_permissions=True)
    assert may_consent(higher, application_permissions=True)


def test_uo_18_the_plan_the_file_and_the_switch_come_first(foundation: Foundation, tmp_path: Path) -> None:
    """An organisation of a file that names its connection, one that is not on the Enterprise plan: neither begins."""
    with world_on(foundation, tmp_path / "world") as world:
        standard = Connecting.begin(world, name="thyme-hill", domain="thymehill.example", address="a@thymehill.example")
        token = standard.page().text.split('name="token" value="')[1].split('"')[0]
        world.around.records.federations.update_organization("thyme-hill", plan="standard")
        shown = standard.page().text
        assert 'id="plan"' in shown
        assert 'id="connect"' not in shown
        refused(
            world,
            lambda: standard.browser.post(
                f"{world.broker_url}{PAGE}/connect", data={"token": token}, allow_redirects=False, timeout=30
            ),
            status=403,
            page="plan_not_enterprise",
            reason="plan",
            event="enforcement_denied",
            browser=standard.browser,
        )


def test_uo_18_everything_that_held_at_the_start_is_asked_again_at_each_return(case: Connecting) -> None:
    """Role, plan and session: whoever loses one of them between two legs does not finish."""
    world, directory = case.world, case.world.around.directory
    federations = world.around.records.federations

    def refuse_return(page: str, reason: str, status: int = 403) -> None:
        refused(
            world,
            lambda: answer.deliver(case.browser),
            status=status,
            page=page,
            reason=reason,
            browser=case.browser,
        )
        assert case.stage() is None

    answer = case.consent(f"global.admin@{A}")
    directory.edit_account(case.account.id, {"role": "editor"}, by="operator", at=case.world.clock.now())
    refuse_return("not_admin", "not_admin")
    directory.edit_account(case.account.id, {"role": "administrator"}, by="operator", at=case.world.clock.now())
    answer = case.consent(f"global.admin@{A}")
    federations.update_organization("aegean-foods", plan="standard")
    refuse_return("plan_not_enterprise", "plan")
    federations.update_organization("aegean-foods", plan="enterprise")
    answer = case.consent(f"global.admin@{A}")
    world.around.records.standings.end_account(case.account.id, "test", world.clock.now())
    refuse_return("connecting_expired", "state", 400)


def test_do_15_each_button_wants_the_token_of_its_page(case: Connecting) -> None:
    """Also one of another account's page."""
    world = case.world
    colleague = administrator(world, f"petros@{A}", organization=case.name)
    others = Connecting(world, colleague, signed_in(world, f"petros@{A}"), case.name)
    foreign = others.page().text.split('name="token" value="')[1].split('"')[0]
    for path in ("connect", "test", "switch-on", "disconnect", "call-off"):
        for form in ({"sure": "yes"}, {"token": "x", "sure": "yes"}, {"token": foreign, "sure": "yes"}):
            refused(
                world,
                partial(
                    case.browser.post, f"{world.broker_url}{PAGE}/{path}", data=form, allow_redirects=False, timeout=30
                ),
                status=400,
                page="bad_request",
                reason="csrf",
                event="enforcement_denied",
                browser=case.browser,
            )
    link = world.onboarding.ticket(case.name)
    stranger = world.browser()
    refused(
        world,
        partial(stranger.post, link, data={"action": "connect"}, allow_redirects=False, timeout=30),
        status=400,
        page="connecting_expired",
        reason="csrf",
        browser=stranger,
    )
