"""DO-07: a refresh token in another client's hands, for more than was granted, or of somebody who may not come in."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.attacks.answers import reconfigure, token_refused
from tests.support.offline import offline, post, refresh
from tests.support.world import ELENI, SECRET, World


def test_do_07_another_client_ends_it_for_its_own_client_too(keeping: World) -> None:
    token = offline(keeping)["refresh_token"]
    attack = partial(refresh, keeping, token, "keeper-too")
    token_refused(keeping, attack, "invalid_grant", "refresh_binding", secrets=[token, token[43:]])
    token_refused(keeping, partial(refresh, keeping, token), "invalid_grant", "refresh_token")


@pytest.mark.parametrize("client_id", ["sample", "caller"])
def test_do_07_a_client_without_refresh_tokens_cannot_even_ask(keeping: World, client_id: str) -> None:
    token = offline(keeping)["refresh_token"]
    attack = partial(refresh, keeping, token, client_id)
    token_refused(keeping, attack, "unauthorized_client", "grant", secrets=[token])
    assert refresh(keeping, token).status_code == 200


def test_do_07_nobody_refreshes_without_proving_themselves(keeping: World) -> None:
    token = offline(keeping)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    url = f"{keeping.broker_url}/token"
    for extra, basic in (
        ({"client_id": "keeper"}, None),
        ({}, ("keeper", "wrong")),
        ({}, ("keeper-too", SECRET + "x")),
    ):
        attack = partial(keeping.browser().post, url, data=form | extra, auth=basic, timeout=30)
        token_refused(keeping, attack, "invalid_client", "client_auth", status=401, secrets=[token])
    assert refresh(keeping, token).status_code == 200


@pytest.mark.parametrize(
    "scope", ["openid profile", "openid email phone", "openid co_workers.read", "openid email ADMIN"]
)
def test_do_07_scope_never_grows(keeping: World, scope: str) -> None:
    token = offline(keeping)["refresh_token"]
    attack = partial(refresh, keeping, token, scope=scope)
    token_refused(keeping, attack, "invalid_scope", "refresh_binding", secrets=[token])
    narrowed = refresh(keeping, token, scope="openid").json()
    assert narrowed["scope"] == "openid"
    assert set(keeping.userinfo(narrowed["access_token"]).json()) == {"sub"}


def test_do_07_account_organisation_and_client_are_judged_anew_each_time(keeping: World, tmp_path: Path) -> None:
    token = offline(keeping)["refresh_token"]
    (account,) = keeping.around.directory.accounts("aegean-foods")
    keeping.around.directory.set_active(account.id, False)
    attack = partial(refresh, keeping, token)
    token_refused(keeping, attack, "invalid_grant", "disabled", secrets=[token])
    keeping.around.directory.set_active(account.id, True)
    folder, keeper = tmp_path / "world", "relying_parties/keeper.yaml"
    reconfigure(keeping, folder, keeper, {"organizations": ["helios-shipping"]})
    token_refused(keeping, attack, "invalid_grant", "tenant", secrets=[token])
    reconfigure(keeping, folder, keeper, {"organizations": ["aegean-foods"]})
    assert refresh(keeping, token).status_code == 200


def test_do_07_a_person_s_epoch_ends_what_was_given_before(keeping: World) -> None:
    token = offline(keeping)["refresh_token"]
    (account,) = keeping.around.directory.accounts("aegean-foods")
    keeping.around.records.standings.end_account(account.id, "test", keeping.clock.now())
    token_refused(keeping, partial(refresh, keeping, token), "invalid_grant", "ended", secrets=[token])
    assert refresh(keeping, offline(keeping)["refresh_token"]).status_code == 200


def test_do_07_other_handles_are_no_refresh_tokens_and_the_other_way_round(keeping: World) -> None:
    tokens = offline(keeping)
    api = post(keeping, "/token", "caller", grant_type="client_credentials").json()["access_token"]
    for other in (tokens["access_token"], api, tokens["access_token"] * 2, tokens["refresh_token"][::-1]):
        attack = partial(refresh, keeping, other)
        token_refused(keeping, attack, "invalid_grant", "refresh_token", secrets=[other])
    attack = partial(keeping.userinfo, tokens["refresh_token"])
    token_refused(keeping, attack, "invalid_token", "access_token", status=401, secrets=[tokens["refresh_token"]])
    attack = partial(keeping.redeem, tokens["refresh_token"], "keeper")
    token_refused(keeping, attack, "invalid_grant", "code", secrets=[tokens["refresh_token"]])
    assert refresh(keeping, tokens["refresh_token"]).status_code == 200
    assert keeping.userinfo(tokens["access_token"]).json()["email"] == ELENI
