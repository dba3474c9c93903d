"""A plan says of recorded sign-ins which would end in another way, by which rule, and which claims would be others."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from broker.cli.plan_telling import told
from broker.composition.explaining import recorded_sign_ins
from broker.composition.replaying import replaying
from broker.federation.load import load
from broker.planning.plan import plan_files
from broker.planning.sign_ins import ClaimChange, compare_sign_ins
from tests.support.world import ELENI, ENVIRON, World

_RULES = """
  require:
    - name: not-eleni
      that: "upstream.object_id != '{}'"
      otherwise: not_her
"""
_RELEASE = """
release:
  - name: shouted
    claim: shouted
    value: "account.role.upperAscii()"
    to: [userinfo]
"""
GIORGOS = "giorgos.papadopoulos@aegeanfoods.example"


def test_which_recorded_sign_ins_would_end_in_another_way(world: World, tmp_path: Path) -> None:
    _, first = world.signed_in(ELENI, scope="openid profile email organization")
    world.userinfo(first.access_token)
    _, second = world.signed_in(GIORGOS, scope="openid profile email organization")
    world.userinfo(second.access_token)
    old_directory, new_directory = tmp_path / "world" / "config", tmp_path / "new"
    shutil.copytree(old_directory, new_directory)
    old = load(old_directory, environ=ENVIRON, clock=world.clock)
    recorded = list(recorded_sign_ins(old, world.around).recent(10))
    eleni = recorded[1].sample["facts"]["object_id"]
    organization = new_directory / "organizations" / "aegean-foods.yaml"
    organization.write_text(organization.read_text().rstrip("\n") + _RULES.format(eleni))
    application = new_directory / "relying_parties" / "sample.yaml"
    application.write_text(application.read_text() + _RELEASE)
    new = load(new_directory, environ=ENVIRON, clock=world.clock)

    compared = compare_sign_ins(recorded, replaying(old), replaying(new))
    assert compared.looked_at == 2
    claims, refusal = compared.changed
    assert (claims.id, claims.old, claims.new) == (recorded[0].id, "admitted", "admitted")
    (change,) = claims.claims
    assert change == ClaimChange("sample", "userinfo", "shouted", None, "EDITOR")
    assert (refusal.id, refusal.old, refusal.new, refusal.rule) == (recorded[1].id, "admitted", "not_her", "not-eleni")
    assert refusal.place is not None
    assert refusal.place.file == str(organization)

    lines = list(told(replace(plan_files(old, new), sign_ins=compared)))
    assert "Recorded sign-ins: 2 of 2 would end in another way" in lines
    assert any(f"{recorded[1].id} aegean-foods: admitted → not_her, by the rule not-eleni  (" in line for line in lines)
    assert not any(name in line for line in lines for name in (ELENI, GIORGOS, "Markou"))
    # The old one against itself changes nothing.
    assert compare_sign_ins(recorded, replaying(old), replaying(old)).changed == []
