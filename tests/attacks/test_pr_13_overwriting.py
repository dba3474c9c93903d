"""PR-13: later sign-ins replace what the account was created with."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.world import ELENI, World

LATER: tuple[dict[str, Any], ...] = (
    {"displayName": "Somebody Else", "givenName": "Somebody", "surname": "Else", "jobTitle": "Chief"},
    {"mail": "other@aegeanfoods.example", "userPrincipalName": "other@aegeanfoods.example"},
    {"mail": None, "jobTitle": None, "department": None, "businessPhones": [], "mobilePhone": None, "city": None},
    {"hasPhoto": False, "preferredLanguage": "en-US", "employeeId": "AF-9999"},
)


@pytest.mark.parametrize("changes", LATER)
def test_pr_13_what_the_directory_says_later_changes_nothing(world: World, changes: dict[str, Any]) -> None:
    _, before = world.signed_in(scope="openid profile email phone address organization")
    (account,) = world.around.directory.accounts("aegean-foods")
    photo = world.around.directory.photo(account.id)
    assert photo is not None
    said = world.userinfo(before.access_token).json()
    world.control.patch(f"users/{ELENI}", changes)
    name = changes.get("userPrincipalName", ELENI)
    browser = world.browser()
    code = world.code(browser, name, ELENI, scope="openid profile email phone address organization")
    after = world.tokens(code)
    assert world.around.directory.accounts("aegean-foods") == [account]
    assert world.around.directory.photo(account.id) == photo
    assert after.claims["sub"] == before.claims["sub"]
    assert world.userinfo(after.access_token).json() == said


def test_pr_13_an_account_that_was_there_before_keeps_its_own_values(world: World) -> None:
    world.control.patch(f"users/{ELENI}", {"jobTitle": "First title", "hasPhoto": False})
    world.signed_in()
    (account,) = world.around.directory.accounts("aegean-foods")
    world.control.patch(f"users/{ELENI}", {"jobTitle": "Second title", "hasPhoto": True})
    browser, _ = world.signed_in()
    assert world.around.directory.accounts("aegean-foods") == [account]
    assert account.attributes["job_title"] == "First title"
    assert world.around.directory.photo(account.id) is None
    assert "First title" in world.go(browser, "/co-workers").text


def test_pr_13_graph_is_not_even_asked_at_a_later_sign_in(world: World) -> None:
    world.signed_in()
    world.control.delete("requests")
    world.signed_in()
    asked = [request["path"] for request in world.control.get("requests")["requests"]]
    assert not [path for path in asked if path.startswith(("/v1.0/", "/oidc/userinfo"))]
