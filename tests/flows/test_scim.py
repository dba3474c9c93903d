"""A directory provisions by SCIM: whom it makes, who comes in then, and whom it shuts out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from broker.identity import SCIM, SIGN_IN, Account, FieldStamp, Subject
from tests.attacks.refusals import page_code
from tests.support.directory import own_draft
from tests.support.people import ELENI as ELENI_SUBJECT
from tests.support.people import TENANT_A
from tests.support.scim import ENTERPRISE, ERROR, HELIOS_TOKEN, OLD_TOKEN, USER, Directory, provisioned
from tests.support.world import ELENI, Foundation, World, world_on

OBJECT_ID = ELENI_SUBJECT.identifier


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    with provisioned(foundation, tmp_path / "world") as world:
        yield world


def eleni(world: World) -> Account:
    account = world.around.directory.account_of(ELENI_SUBJECT)
    assert account is not None
    return account


def test_who_was_provisioned_finds_the_account_at_the_first_sign_in(world: World) -> None:
    directory = Directory(world)
    # As Microsoft's provisioning sends it.
    body = {
        "schemas": [USER, ENTERPRISE],
        "externalId": OBJECT_ID.upper(),
        "userName": ELENI,
        "active": True,
        "displayName": "Eleni M.",
        "title": "Buyer\u202e\x00",
        "emails": [{"primary": True, "type": "work", "value": ELENI}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "Eleni Markou", "familyName": "Markou", "givenName": "Eleni"},
        "phoneNumbers": [{"type": "mobile", "value": "+30 690"}],
        "addresses": [{"type": "work", "locality": "Volos", "country": "GR"}],
        "roles": [{"value": "administrator"}],
        "password": "from the directory",
        ENTERPRISE: {"department": "Purchasing", "manager": "x"},
    }
    answer = directory.call("POST", "/Users", body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["Location"] == made["meta"]["location"] == f"{directory.base}/Users/{made['id']}"
    assert not {"roles", "password"} & made.keys()
    before = eleni(world)
    assert (before.id, before.role, before.email_verified) == (made["id"], "editor", False)
    assert (before.first_name, before.last_name, before.display_name) == ("Eleni", "Markou", "Eleni M.")
    assert {name: before.attributes[name] for name in ("job_title", "work_city", "department", "mobile_phone")} == {
        "job_title": "Buyer",
        "work_city": "Volos",
        "department": "Purchasing",
        "mobile_phone": "+30 690",
    }
    assert before.attribute_stamps["department"] == FieldStamp(SCIM, world.clock.now())
    _, tokens = world.signed_in()
    assert tokens.claims["sub"] == made["id"], "no second account"
    after = eleni(world)
    assert (after.attributes, after.display_name) == (before.attributes, "Eleni M."), "SCIM's values stay"
    assert after.email_verified, "Entra vouches for the very address"
    assert after.attribute_stamps["subject"].by == SIGN_IN
    assert world.accounts() == 1
    # From now on the identity is hers.
    moved = directory.patch(made["id"], {"op": "replace", "path": "externalId", "value": TENANT_A})
    assert (moved.status_code, moved.json()["scimType"]) == (400, "mutability")
    assert directory.patch(made["id"], {"op": "replace", "path": "externalId", "value": "eleni.m"}).status_code == 204
    assert eleni(world).id == made["id"], "a label is only a label"


def test_microsofts_own_dialect_is_understood(world: World) -> None:
    directory = Directory(world)
    assert directory.found(f'userName eq "{ELENI}"') == []
    made = directory.created(ELENI, externalId=OBJECT_ID, active=True, displayName="E", title="Buyer")
    (by_name,) = directory.found(f'userName eq "{ELENI.upper()}"')
    (by_id,) = directory.found(f'externalId eq "{OBJECT_ID}"')
    assert by_name["id"] == by_id["id"] == made["id"]
    assert directory.found('emails[type eq "work"].value eq "nobody@aegeanfoods.example"') == []
    assert len(directory.found(f'emails[type eq "work"].value eq "{ELENI}" and active eq true')) == 1
    operations = (
        {"op": "Replace", "path": "displayName", "value": "Eleni Markou"},
        {"op": "Add", "path": "name.familyName", "value": "Markou"},
        {"op": "Replace", "path": f"{ENTERPRISE}:department", "value": "Sales"},
        {"op": "Add", "path": 'phoneNumbers[type eq "work"].value', "value": "+30 210"},
        {"op": "Add", "path": 'addresses[type eq "work"].streetAddress', "value": "Quay 1"},
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "somebody"},
        {"op": "Remove", "path": "title"},
    )
    assert directory.patch(made["id"], *operations).status_code == 204
    account = eleni(world)
    assert (account.display_name, account.last_name) == ("Eleni Markou", "Markou")
    assert account.attributes == {
        "department": "Sales",
        "work_phone": "+30 210",
        "work_street": "Quay 1",
        "language": account.attributes["language"],
    }
    assert directory.patch(made["id"], {"op": "Replace", "path": "active", "value": "False"}).status_code == 204
    assert not eleni(world).active
    assert directory.user(made["id"])["active"] is False
    assert directory.patch(made["id"], {"op": "Replace", "value": {"active": "True"}}).status_code == 204
    assert eleni(world).active
    # Only this call has to be told that nothing changed meanwhile.
    version = directory.user(made["id"])["meta"]["version"]
    stale = directory.call("DELETE", f"/Users/{made['id']}", **{"If-Match": 'W/"other"'})
    assert stale.status_code == 412
    assert directory.call("GET", f"/Users/{made['id']}", **{"If-None-Match": version}).status_code == 304


def test_whom_the_directory_shuts_out_is_out_at_once_and_a_sign_in_brings_nobody_back(world: World) -> None:
    directory = Directory(world)
    made = directory.created(ELENI, externalId=OBJECT_ID)
    browser, tokens = world.signed_in()
    assert world.userinfo(tokens.access_token).status_code == 200
    directory.patch(made["id"], {"op": "replace", "path": "active", "value": False})
    assert world.userinfo(tokens.access_token).status_code == 401
    assert world.go(browser, "/account").status_code == 303, "the session is over"
    assert page_code(world.come_back(world.browser(), ELENI, ELENI)) == "account_disabled"
    trail = [each.entry for each in world.around.records.audit.entries(account=made["id"], limit=100)]
    assert {"scim_created", "scim_changed", "account_ended"} <= {entry.event for entry in trail}
    directory.patch(made["id"], {"op": "replace", "path": "active", "value": True})
    _, tokens = world.signed_in()
    assert tokens.claims["sub"] == made["id"]
    # DELETE: SCIM knows nobody of this name any more, and the account stays shut (threats PR-14).
    assert directory.call("DELETE", f"/Users/{made['id']}").status_code == 204
    for method, body in (("GET", None), ("DELETE", None), ("PUT", {"schemas": [USER], "userName": ELENI})):
        gone = directory.call(method, f"/Users/{made['id']}", body)
        assert (gone.status_code, gone.json()["schemas"]) == (404, [ERROR])
    assert directory.found(f'userName eq "{ELENI}"') == []
    assert world.userinfo(tokens.access_token).status_code == 401
    assert page_code(world.come_back(world.browser(), ELENI, ELENI)) == "account_disabled"
    assert world.accounts() == 1
    # The directory may make its own person once more: the same person, the same account.
    again = directory.created(ELENI, externalId=OBJECT_ID)
    assert again["id"] == made["id"]
    assert world.signed_in()[1].claims["sub"] == made["id"]


def test_pr_14_scim_opens_nothing_that_somebody_else_shut(world: World) -> None:
    directory = Directory(world)
    made = directory.created(ELENI, externalId=OBJECT_ID, active=True)
    world.around.directory.set_active(made["id"], False, stamp=FieldStamp("operator", world.clock.now()))
    assert directory.user(made["id"])["active"] is False
    for operation in ({"op": "replace", "path": "active", "value": True}, {"op": "add", "value": {"active": True}}):
        assert directory.patch(made["id"], operation).status_code == 204
        assert not eleni(world).active
    assert directory.call("DELETE", f"/Users/{made['id']}").status_code == 204
    directory.created(ELENI, externalId=OBJECT_ID, active=True)
    assert not eleni(world).active


def test_pr_13_an_account_from_before_is_found_and_keeps_its_values(world: World) -> None:
    _, tokens = world.signed_in()
    before = eleni(world)
    directory = Directory(world)
    (found,) = directory.found(f'userName eq "{ELENI}"')
    assert (found["id"], found["externalId"], found["title"]) == (before.id, OBJECT_ID, before.attributes["job_title"])
    again = directory.create(ELENI, externalId=OBJECT_ID)
    assert (again.status_code, again.json()["scimType"]) == (409, "uniqueness")
    directory.patch(
        before.id,
        {"op": "replace", "path": "title", "value": "Other"},
        {"op": "replace", "path": "displayName", "value": "Other"},
        {"op": "replace", "path": "emails", "value": [{"value": "other@aegeanfoods.example"}]},
        {"op": "add", "path": f"{ENTERPRISE}:employeeNumber", "value": "AF-1"},
    )
    after = eleni(world)
    assert (after.email, after.display_name) == (before.email, before.display_name)
    assert after.attributes["job_title"] == before.attributes["job_title"]
    assert directory.user(before.id)["title"] == before.attributes["job_title"], "SCIM is told what is"
    assert directory.user(before.id)["emails"][0]["value"] == before.email
    assert world.userinfo(tokens.access_token).status_code == 200, "nothing was ended"


def from_before(world: World, tmp_path: Path, address: str) -> str:
    """The account of somebody who had a password here before the organisation was federated."""
    draft = own_draft("old-hand", organization="aegean-foods", email=address)
    world.around.directory.create_account(draft)
    with closing(sqlite3.connect(tmp_path / "world/directory.sqlite")) as connection, connection:
        row = (address, draft.id, None, 0)
        connection.execute("INSERT INTO passwords (address, account_id, hash, changed_at) VALUES (?, ?, ?, ?)", row)
    return draft.id


def test_pr_07_an_address_alone_connects_nobody_with_an_account_that_is_there(world: World, tmp_path: Path) -> None:
    directory = Directory(world)
    there = from_before(world, tmp_path, "old.hand@aegeanfoods.example")
    refused = directory.create("old.hand@aegeanfoods.example", externalId=TENANT_A)
    assert (refused.status_code, refused.json()["scimType"]) == (409, "uniqueness")
    assert directory.call("GET", f"/Users/{there}").status_code == 404, "no business of the directory's yet"
    # Whom it does not name by the object id cannot be signed in as, whatever else fits.
    made = directory.created(ELENI, externalId="eleni.markou")
    account = world.around.directory.account(made["id"])
    assert account is not None
    assert account.subject == Subject("scim", "aegean-foods", made["id"])
    assert world.signed_in()[1].claims["sub"] != made["id"]
    moved = directory.patch(made["id"], {"op": "replace", "path": "externalId", "value": OBJECT_ID})
    assert (moved.status_code, moved.json()["scimType"]) == (409, "uniqueness")
    # An address of another organisation is nobody's here; one of nobody's is not verified.
    foreign = directory.create("petra@helios-shipping.example", externalId=TENANT_A)
    assert (foreign.status_code, foreign.json()["scimType"]) == (400, "invalidValue")
    outside = directory.created("a@elsewhere.example", externalId=TENANT_A)
    stored = world.around.directory.account(outside["id"])
    assert stored is not None
    assert (stored.email, stored.email_verified) == ("a@elsewhere.example", False)


def test_each_organisation_has_tokens_of_its_own_and_others_are_told_nothing(world: World) -> None:
    mine, older = Directory(world), Directory(world, token=OLD_TOKEN)
    made = mine.created(ELENI, externalId=OBJECT_ID)
    assert older.user(made["id"])["userName"] == ELENI, "while the token is changed, both are good"
    helios = Directory(world, "helios-shipping", HELIOS_TOKEN)
    assert helios.call("GET", f"/Users/{made['id']}").status_code == 404
    assert helios.call("GET", "/Users").json()["totalResults"] == 0
    answers = {
        answer.text
        for organization in ("aegean-foods", "helios-shipping", "nobody")
        for token in (None, HELIOS_TOKEN[::-1], "x")
        for answer in [Directory(world, organization, token).call("GET", "/Users")]
        if answer.status_code == 401 and answer.headers["WWW-Authenticate"] == 'Bearer realm="SCIM"'
    }
    assert len(answers) == 1
    for organization, token in (("aegean-foods", HELIOS_TOKEN), ("helios-shipping", OLD_TOKEN), ("nobody", OLD_TOKEN)):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            assert Directory(world, organization, token).call(method, f"/Users/{made['id']}").status_code == 401
    assert eleni(world).active


def test_without_scim_in_its_file_nothing_is_there_and_nothing_is_loaded(plain: World) -> None:
    assert Directory(plain).call("GET", "/Users").status_code == 404
    endpoints = {rule.endpoint for rule in plain.foundation.broker.application.url_map.iter_rules()}
    assert not any(endpoint.startswith("scim") for endpoint in endpoints)


@pytest.fixture
def plain(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    with world_on(foundation, tmp_path / "plain") as world:
        yield world
