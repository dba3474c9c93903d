"""CF-06: whatever lies in the configuration directory while the broker runs, nobody's sign-in fails for it, and nothing
is weaker than it was.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.composition.lasting import Lasting
from tests.support.reloading import Exchanged
from tests.support.world import World, answered, has_session

_ORGANIZATION = "organizations/aegean-foods.yaml"
_RULE = """
  require:
    - name: nobody
      that: "upstream.object_id == 'somebody else'"
      message: {en: Only somebody else may come in.}
"""


@pytest.fixture
def exchanged(world: World, tmp_path: Path) -> Exchanged:
    return Exchanged(world, tmp_path / "world" / "config")


def health(world: World) -> tuple[int, dict[str, str]]:
    answer = world.browser().get(f"{world.broker_url}/health/ready", timeout=30)
    return answer.status_code, answer.json()


def test_a_sign_in_goes_through_a_broken_file_and_ends_by_the_good_one_that_follows(
    world: World, exchanged: Exchanged
) -> None:
    before, first = world.browser(), exchanged.serving.application
    whole = (exchanged.directory / _ORGANIZATION).read_text()
    code_of_before = world.code(before)
    under_way = world.browser()
    upstream = world.to_upstream(under_way)

    # Half a file: nothing changes but what health and log say.
    exchanged.edit(_ORGANIZATION, lambda text: text[: len(text) // 2])
    exchanged.settle()
    status, told = health(world)
    assert (status, told["configuration"]) == (200, "stale")
    (event,) = world.events("config_rejected")
    assert _ORGANIZATION in event["findings"][0]
    assert exchanged.serving.application is first
    assert world.tokens(code_of_before).claims["nonce"] == "n-1"
    code = answered(world.at_upstream(under_way, upstream).deliver(under_way))["code"]

    # A good file with another name for people: what was begun by the old application ends with the new one.
    third = world.browser()
    upstream = world.to_upstream(third)
    exchanged.edit(_ORGANIZATION, lambda _: whole.replace("Aegean Foods", "Aegean Foods SA"))
    exchanged.settle()
    assert exchanged.serving.application is not first
    assert health(world)[1]["configuration"] == "current"
    assert world.tokens(code).claims["nonce"] == "n-1"
    assert "code" in answered(world.at_upstream(third, upstream).deliver(third))
    assert has_session(before)
    assert "code=" in world.go(before, world.authorize_url(prompt="none")).headers["Location"]

    # A good file with a rule: it acts at once, on who is on the way and on who is in.
    fourth = world.browser()
    upstream = world.to_upstream(fourth)
    exchanged.edit(_ORGANIZATION, lambda text: text.rstrip("\n") + _RULE)
    exchanged.settle()
    page = world.at_upstream(fourth, upstream).deliver(fourth)
    assert page.status_code == 403
    assert "Only somebody else may come in." in page.text
    silent = world.go(before, world.authorize_url(prompt="none")).headers["Location"]
    assert "code=" not in silent
    # Nothing was fetched anew, no key opened anew, no waiting letter lost.
    kept, now = first.extensions[Lasting.NAME], exchanged.serving.application.extensions[Lasting.NAME]
    assert (kept.http, kept.memory, kept.keys, kept.mailer) == (now.http, now.memory, now.keys, now.mailer)


def test_what_is_lost_opens_nothing(world: World, exchanged: Exchanged) -> None:
    exchanged.edit(_ORGANIZATION, lambda text: text.rstrip("\n") + _RULE)
    exchanged.settle()
    served = exchanged.serving.application

    def refused(reason: str) -> None:
        exchanged.settle()
        assert exchanged.serving.application is served
        assert world.events("config_rejected")[-1]["reason"] == reason
        assert world.come_back(world.browser()).status_code == 403  # By the rule of the file, which is not there now.
        assert health(world)[1]["configuration"] == "stale"

    # The file of an organisation, as a half-copied folder is without it.
    path = exchanged.directory / _ORGANIZATION
    elsewhere = path.rename(exchanged.directory / ".moved-away")
    refused("rollback")
    elsewhere.rename(path)
    # What declares it federated.
    exchanged.edit(_ORGANIZATION, lambda text: text.partition("federation:")[0])
    refused("rollback")
    exchanged.edit(_ORGANIZATION, lambda text: text + "federation:\n  guests: admit\n")
    refused("missing")
    (exchanged.directory / "organizations").rename(exchanged.directory / ".organizations")
    (exchanged.directory / "relying_parties" / "helios-only.yaml").unlink()  # It names an organisation.
    refused("missing")  # Every organisation at once, as in a volume that is not mounted.


def test_a_tenant_of_another_organisation_is_refused_as_at_a_start_and_nothing_is_recorded(
    world: World, exchanged: Exchanged
) -> None:
    tenant = "11111111-2222-4333-8444-555555555555"
    new = exchanged.directory / "organizations" / "first.yaml"
    federations = world.around.records.federations
    federations.declare("elsewhere", tenant, world.clock.now())
    generation = federations.generation()
    new.write_text(
        "organization: first\ndisplay_name: First\nplan: enterprise\ndomains: [first.example]\nfederation:\n"
        f"  connection: {{kind: entra-oidc, tenant_id: {tenant}}}\n"
    )
    exchanged.settle()
    assert world.events("config_rejected")[-1]["reason"] == "conflict"
    assert federations.generation() == generation
    new.write_text(new.read_text().replace(tenant, tenant.replace("1", "7")))
    exchanged.settle()
    assert world.events("config_reloaded")
    recorded = federations.recorded("first").federation
    assert recorded is not None
    assert (recorded.stage, recorded.declared) == ("enforced", True)
    assert world.tokens(world.code(world.browser())).claims["nonce"] == "n-1"
