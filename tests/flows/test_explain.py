"""What becomes of a sign-in can be explained afterwards: by its id, to operators and to its own administrators."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from broker.composition.explaining import recorded_sign_ins
from broker.demo.configuration import HELIOS_SHIPPING
from broker.explaining.recorded import SignIn
from broker.explaining.sign_ins import RecordedSignIns
from broker.federation.load import load
from tests.attacks.refusals import page_code
from tests.support.members import prove, to_password_page
from tests.support.ruled import RELEASE, RULED
from tests.support.waiting import until
from tests.support.world import ELENI, ENVIRON, PARTIES, Foundation, World, world_on

GIORGOS = "giorgos.papadopoulos@aegeanfoods.example"
TOMAS = "tomas.weiss@helios-shipping.example"
PAGE = "/settings/security/sign-ins"


@dataclass(slots=True)
class Explained:
    """A world, and what was recorded in it."""

    world: World
    config: Path

    def sign_ins(self) -> RecordedSignIns:
        return recorded_sign_ins(load(self.config, environ=ENVIRON, clock=self.world.clock), self.world.around)

    def of(self, sign_in: str, *, requests: int) -> SignIn:
        """The sign-in, as soon as so many of its requests are there: each is written after its answer."""
        found = self.sign_ins()
        until(lambda: len(getattr(found.of(sign_in), "requests", ())) >= requests, f"{sign_in} is recorded")
        kept = found.of(sign_in)
        assert kept is not None
        return kept


@pytest.fixture
def explained(foundation: Foundation, tmp_path: Path) -> Iterator[Explained]:
    parties = ({**PARTIES[0], "release": RELEASE}, *PARTIES[1:])
    with world_on(foundation, tmp_path / "w", organizations=(RULED, HELIOS_SHIPPING), parties=parties) as world:
        yield Explained(world, tmp_path / "w" / "config")


def shown_reference(page: requests.Response) -> str:
    found = re.search(r'id="reference">([^<]+)<', page.text)
    assert found is not None
    return found[1]


def steps_of(found: SignIn) -> list[tuple[str, str, str]]:
    return [(step.group, step.name, step.outcome) for each in found.requests for step in each.steps]


def test_a_sign_in_is_explained_from_the_first_request_to_the_claims_and_names_nobody(explained: Explained) -> None:
    world = explained.world
    _, tokens = world.signed_in()
    world.userinfo(tokens.access_token)
    (event,) = world.events("signed_in")
    assert event["sign_in"] != event["ref"]

    found = explained.of(event["sign_in"], requests=5)
    assert (found.verdict, found.organization, found.applications) == ("signed_in", "aegean-foods", ("sample",))
    assert [each.asked for each in found.requests] == [
        "GET /authorize",
        "POST /sign-in/<handle>",
        "POST /upstream/entra/callback",
        "POST /token",
        "GET /userinfo",
    ]
    steps = steps_of(found)
    for expected in (
        ("sample", "asked", "done"),
        ("require", "members-only", "passed"),
        ("gate", "enforcement", "passed"),
        ("attributes", "job_title", "done"),
        ("admit", "not-giorgos", "passed"),
        ("provisioning", "created", "done"),
        ("session", "opened", "done"),
        ("sample", "team", "released"),
        ("sample", "email", "released"),
    ):
        assert expected in steps, expected
    kept = repr(found)
    for personal in ("Eleni", "Markou", "eleni.markou", tokens.access_token):
        assert personal.casefold() not in kept.casefold()
    sample = found.sample
    assert sample["fields"]["job_title"] == "SALES MANAGER"
    assert sample["facts"]["tenant_id"] == "5b5e363c-6ca9-4f41-8070-9565fe497145"
    assert explained.of(event["ref"], requests=5).id == event["sign_in"]  # By a reference of one of its requests.
    # The very file holds no name: nothing but what is sealed.
    assert b"aegean-foods" not in b"".join(
        world.around.state.get("explained", key) or b""
        for key in world.around.state.members("explained", f"sign-in.{found.id}")
    )


def test_a_refusal_shows_the_id_of_the_sign_in_by_which_it_is_explained(explained: Explained) -> None:
    world = explained.world
    refused = world.come_back(world.browser(), GIORGOS, GIORGOS)
    sign_in = shown_reference(refused)
    (event,) = [each for each in world.events() if each.get("reason") == "not_assigned"]
    assert (event["sign_in"], event["ref"] == sign_in) == (sign_in, False)
    found = explained.of(sign_in, requests=3)
    assert found.verdict == "refused"
    assert found.refusal is not None
    assert (found.refusal.group, found.refusal.name) == ("admit", "not-giorgos")
    assert "facts" in found.sample

    # And so is a password for somebody of a federated organisation, which rule 0 refuses.
    browser = world.browser()
    page = to_password_page(world, browser, "somebody@nowhere.example")
    at_the_password_page = prove(world, browser, page, ELENI)
    assert page_code(at_the_password_page) == "sso_required"
    found = explained.of(shown_reference(at_the_password_page), requests=4)
    assert found.organization == "aegean-foods"
    assert found.refusal is not None
    assert (found.refusal.group, found.refusal.name) == ("gate", "enforcement")
    assert found.refusal.location is not None
    assert found.refusal.location.file == "broker/entry_rules.py"


def test_administrators_read_the_sign_ins_of_their_own_organisation_and_no_other(explained: Explained) -> None:
    world = explained.world
    refused = shown_reference(world.come_back(world.browser(), GIORGOS, GIORGOS))
    foreign = world.signed_in(TOMAS)[1]
    assert foreign
    theirs = next(each["sign_in"] for each in world.events("signed_in") if each["org"] == "helios-shipping")
    explained.of(refused, requests=3)
    explained.of(theirs, requests=3)

    browser, _ = world.signed_in()
    own = next(each["sign_in"] for each in world.events("signed_in") if each["org"] == "aegean-foods")
    explained.of(own, requests=3)
    listed = browser.get(f"{world.broker_url}{PAGE}", timeout=30).text
    assert refused in listed
    assert own in listed
    assert theirs not in listed
    assert "Giorgos" not in listed

    story = browser.get(f"{world.broker_url}{PAGE}", params={"id": refused.replace("-", "").lower()}, timeout=30)
    assert (story.status_code, story.url) == (200, f"{world.broker_url}{PAGE}/{refused.replace('-', '').lower()}")
    for expected in ("not-giorgos", "organizations/aegean-foods.yaml:", 'data-verdict="refused"', "Rule 0"):
        assert expected in story.text
    assert str(explained.config) not in story.text
    assert "Papadopoulos" not in story.text
    looked = world.around.records.audit.latest("aegean-foods", "sign_in_explained")
    assert looked is not None
    assert looked.entry.actor == world.around.directory.accounts("aegean-foods")[0].id

    # One of another organisation is as unknown as one that never was, and as what is no id at all.
    answers = [browser.get(f"{world.broker_url}{PAGE}/{name}", timeout=30) for name in (theirs, "0000-0000", "%3Cb%3E")]
    assert [each.status_code for each in answers] == [404] * 3
    assert len({re.sub("[0-9A-Z]{4}-[0-9A-Z]{4}", "", each.text) for each in answers}) == 1

    editor, _ = world.signed_in(TOMAS)
    assert editor.get(f"{world.broker_url}{PAGE}", timeout=30).status_code == 403
    assert editor.get(f"{world.broker_url}{PAGE}/{theirs}", timeout=30).status_code == 403
