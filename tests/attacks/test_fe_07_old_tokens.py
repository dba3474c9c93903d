"""FE-07: refresh tokens, access tokens and codes from before the organisation was switched on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from broker.store.federations import Enforcement
from tests.attacks.answers import token_refused
from tests.support.connecting import DESPINA, GALINI, Connecting
from tests.support.members import code_by_password
from tests.support.offline import KEEPING, introspected, offline, refresh
from tests.support.world import Foundation, World, world_on

INACTIVE = {"active": False}
SCOPE = "openid email offline_access"


@pytest.fixture
def mailing(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    settings = {"mail": {"kind": "folder", "path": "../mail"}}
    with world_on(foundation, tmp_path / "world", settings=settings, parties=KEEPING) as made:
        yield made


def by_password(world: World) -> dict[str, Any]:
    """What an application gets after a sign-in with a password and ``offline_access``."""
    code = code_by_password(world, world.browser(), DESPINA, client_id="keeper", scope=SCOPE)
    return dict(world.redeem(code, "keeper").json())


def test_fe_07_nothing_from_before_the_switch_opens_anything_after_it(mailing: World) -> None:
    case = Connecting.begin(mailing).tested(GALINI)
    first = by_password(mailing)
    second = refresh(mailing, first["refresh_token"]).json()
    assert mailing.userinfo(second["access_token"]).status_code == 200
    code = code_by_password(mailing, mailing.browser(), DESPINA, client_id="keeper", scope=SCOPE)
    bystander = offline(mailing)
    assert case.switch_on().status_code == 303
    for token in (second["refresh_token"], first["refresh_token"]):
        token_refused(mailing, partial(refresh, mailing, token), "invalid_grant", "refresh_token", secrets=[token])
    for tokens in (first, second):
        attack = partial(mailing.userinfo, tokens["access_token"])
        token_refused(mailing, attack, "invalid_token", "access_token", status=401)
        assert introspected(mailing, tokens["access_token"]) == INACTIVE
    token_refused(mailing, partial(mailing.redeem, code, "keeper"), "invalid_grant", "code", secrets=[code])
    assert refresh(mailing, bystander["refresh_token"]).status_code == 200
    assert mailing.userinfo(bystander["access_token"]).status_code == 200


def test_fe_07_tokens_whose_records_nobody_deleted_open_nothing_either(mailing: World) -> None:
    """Written by a worker at the very moment of the switch, after the deletion: the epoch in them is of before."""
    case = Connecting.begin(mailing).tested(GALINI)
    tokens = by_password(mailing)
    code = code_by_password(mailing, mailing.browser(), DESPINA, client_id="keeper", scope=SCOPE)
    before = introspected(mailing, tokens["access_token"])
    assert before["active"] is True
    tested = case.federation()
    assert tested is not None
    assert tested.tenant_id is not None
    order = Enforcement(case.name, tested.epoch, tested.tenant_id, case.account.id, mailing.clock.now())
    mailing.around.records.federations.enforce(order)
    attack = partial(refresh, mailing, tokens["refresh_token"])
    token_refused(mailing, attack, "invalid_grant", "enforcement", event="enforcement_denied")
    attack = partial(mailing.userinfo, tokens["access_token"])
    token_refused(mailing, attack, "invalid_token", "enforcement", status=401, event="enforcement_denied")
    attack = partial(mailing.redeem, code, "keeper")
    token_refused(mailing, attack, "invalid_grant", "enforcement", event="enforcement_denied")
    assert introspected(mailing, tokens["access_token"]) == introspected(mailing, tokens["refresh_token"]) == INACTIVE
