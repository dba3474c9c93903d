"""Whose a field is after the first sign-in: once, always, if it is empty, or never; and who set it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from broker.identity import SIGN_IN, Account, FieldStamp
from tests.support.world import ELENI, Foundation, World, world_on

ATTRIBUTES: Mapping[str, Any] = {
    "job_title": {"from": "graph.jobTitle", "on": "always"},
    "display_name": {"from": ["graph.displayName", "id_token.name"], "on": "always"},
    "department": {"value": "graph.department.upperAscii()", "on": "if_empty"},
    "office": {"on": "never"},
    "language": {"from": "id_token.xms_pl", "on": "always"},
}


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    federation = {**AEGEAN_FOODS["federation"], "attributes": ATTRIBUTES}
    aegean = {**AEGEAN_FOODS, "federation": federation}
    with world_on(foundation, tmp_path / "world", organizations=(aegean, HELIOS_SHIPPING)) as world:
        yield world


def account(world: World) -> Account:
    (found,) = world.around.directory.accounts("aegean-foods")
    return found


def graph_calls(world: World) -> list[str]:
    asked = [request["path"] for request in world.control.get("requests")["requests"]]
    return [path for path in asked if path.startswith("/v1.0/")]


def test_each_field_has_its_owner(world: World) -> None:
    said = {"jobTitle": "Buyer", "department": "Purchasing", "officeLocation": "Volos 3", "city": "Volos"}
    world.control.patch(f"users/{ELENI}", said)
    _, tokens = world.signed_in()
    first, made = account(world), world.clock.now()
    assert {name: first.attributes.get(name) for name in ("job_title", "department", "office", "work_city")} == {
        "job_title": "Buyer",
        "department": "PURCHASING",
        "office": None,
        "work_city": "Volos",
    }
    assert set(first.attribute_stamps.values()) == {FieldStamp(SIGN_IN, made)}
    later = {"jobTitle": "Head of buying", "department": "Sales", "officeLocation": "9", "city": "Athens"}
    world.control.patch(f"users/{ELENI}", {**later, "displayName": "Eleni M.", "mail": "other@aegeanfoods.example"})
    world.clock.advance(timedelta(days=1))
    world.control.delete("requests")
    _, again = world.signed_in()
    assert graph_calls(world) == ["/v1.0/me"], "once, and no photo"
    second, at = account(world), world.clock.now()
    assert (second.attributes["job_title"], second.display_name) == ("Head of buying", "Eleni M.")
    assert (second.attributes["department"], second.attributes["work_city"]) == ("PURCHASING", "Volos")
    assert (second.email, second.first_name, second.role) == (first.email, first.first_name, first.role)
    changed = {name for name, stamp in second.attribute_stamps.items() if stamp.at == at}
    assert changed == {"job_title", "display_name"}
    assert second.attribute_sources["job_title"] == "graph.jobTitle"
    # A person edits: what the directory always has is overwritten, what is only filled when empty stays.
    edits = {"job_title": "Queen", "department": "Own words"}
    world.around.directory.edit_account(second.id, edits, by="operator", at=at)
    world.signed_in()
    third = account(world)
    assert (third.attributes["job_title"], third.attributes["department"]) == ("Head of buying", "Own words")
    assert third.attribute_stamps["department"] == FieldStamp("operator", at)
    # What vanished is emptied where the directory always has it; a name stays.
    world.around.directory.edit_account(second.id, {"department": None}, by="operator", at=at)
    world.control.patch(f"users/{ELENI}", {"jobTitle": None, "displayName": " "})
    world.signed_in()
    fourth = account(world)
    assert "job_title" not in fourth.attributes
    assert (fourth.display_name, fourth.attributes["department"]) == ("Eleni M.", "SALES")
    assert again.claims["sub"] == tokens.claims["sub"] == fourth.id


def test_a_graph_that_does_not_answer_stops_no_later_sign_in_and_changes_nothing_that_it_knows(world: World) -> None:
    world.control.patch(f"users/{ELENI}", {"jobTitle": "Buyer", "preferredLanguage": "el"})
    world.signed_in()
    first = account(world)
    world.control.patch(f"users/{ELENI}", {"jobTitle": "Other"})
    world.control.post("faults", {"endpoint": "me", "status": 503, "count": 2})
    world.signed_in()
    assert account(world) == first
    assert [event["endpoint"] for event in world.events("upstream_error")] == ["graph_me"]


def test_who_set_what_when_and_from_where_is_shown(world: World) -> None:
    world.control.patch(f"users/{ELENI}", {"jobTitle": "Buyer <b>"})
    browser, tokens = world.signed_in()
    at = world.clock.now()
    person = tokens.claims["sub"]
    world.around.directory.edit_account(person, {"role": "administrator", "mobile_phone": "1"}, by=person, at=at)
    page = world.go(browser, "/account").text
    assert "Buyer &lt;b&gt;" in page
    assert "graph.jobTitle · at a sign-in" in page
    assert "edited here · by an administrator" in page
    listed = world.go(browser, "/co-workers").text
    assert f"/co-workers/{person}/origin" in listed
    shown: requests.Response = world.go(browser, f"/co-workers/{person}/origin")
    assert shown.status_code == 200
    assert "edited here · by Eleni Markou" in shown.text
    _, others = world.signed_in("petra.lang@helios-shipping.example")
    foreign = world.go(browser, f"/co-workers/{others.claims['sub']}/origin")
    assert (foreign.status_code, 'data-code="no_such_person"' in foreign.text) == (403, True)
    world.around.directory.edit_account(person, {"role": "editor"}, by="operator", at=at)
    assert world.go(browser, f"/co-workers/{person}/origin").status_code == 403
    assert json.dumps("Buyer") not in world.log_text()
