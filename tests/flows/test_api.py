"""The API for applications: the same answers as the pages, in an application's own name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from tests.support.members import ANNA, BASIL, OLIVE_GROVE, enforce, member, signed_in, submit
from tests.support.world import ELENI, PARTIES, SECRET, Foundation, World, world_on

SCOPES: Final = ("federation.read", "co_workers.read", "co_workers.write", "invitations.write", "app_passwords.verify")
CONNECT: Final[Mapping[str, Any]] = {
    "client_id": "connect-server",
    "display_name": "Connect",
    "redirect_uris": [],
    "client_secret": "env:SAMPLE_SECRET",
    "api_scopes": list(SCOPES),
}
AEGEAN_ONLY: Final = {**CONNECT, "client_id": "aegean-only", "organizations": ["aegean-foods"]}
READER: Final = {**CONNECT, "client_id": "reader", "api_scopes": ["federation.read"]}


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    organizations = (AEGEAN_FOODS, HELIOS_SHIPPING, OLIVE_GROVE)
    parties = (*PARTIES, CONNECT, AEGEAN_ONLY, READER)
    with world_on(foundation, tmp_path / "world", organizations=organizations, parties=parties) as made:
        yield made


def token(world: World, client_id: str = "connect-server", scope: str | None = None) -> str:
    form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
    answer = world.browser().post(f"{world.broker_url}/token", data=form, auth=(client_id, SECRET), timeout=30)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def call(
    world: World, method: str, path: str, body: Any = None, *, bearer: str | None = None
) -> requests.Response:
    bearer = token(world) if bearer is None else bearer
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    url = f"{world.broker_url}/api/v1{path}"
    return world.browser().request(method, url, json=body, headers=headers, timeout=30)


def code(answer: requests.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert re.fullmatch(r"[A-Za-z0-9_-]{6,}", problem["reference"])
    return answer.status_code, problem["code"]


def test_how_the_people_of_an_organisation_sign_in_and_what_follows_from_it(world: World) -> None:
    state = call(world, "GET", "/organizations/aegean-foods/federation").json()
    assert (state["enforced"], state["stage"], state["domains"]) == (True, "enforced", ["aegeanfoods.example"])
    assert {limit["code"] for limit in state["limits"]} == {
        "carddav_federated",
        "federated_invitations",
        "federated_external_invitations",
        "federated_users",
    }
    assert all(limit["sentence"].endswith(".") for limit in state["limits"])
    own = call(world, "GET", "/organizations/olive-grove/federation").json()
    assert (own["enforced"], own["stage"], own["tenant_id"], own["limits"]) == (False, "none", None, [])


def test_co_workers_come_in_pages_and_each_once(world: World) -> None:
    for person in (ANNA, BASIL):
        member(world, person)
    first = call(world, "GET", "/organizations/olive-grove/co-workers?limit=1").json()
    second = call(world, "GET", f"/organizations/olive-grove/co-workers?limit=1&after={first['next']}").json()
    assert second["next"] is None
    emails = [page["co_workers"][0]["email"] for page in (first, second)]
    assert sorted(emails) == sorted([ANNA, BASIL])


def test_an_administrator_edits_and_deactivates_through_an_application(world: World) -> None:
    anna, basil = member(world, ANNA, role="administrator"), member(world, BASIL)
    path = f"/organizations/olive-grove/co-workers/{basil.id}"
    changed = call(world, "PATCH", path, {"acting": anna.id, "job_title": "Miller", "role": "contributor"}).json()
    assert (changed["attributes"]["job_title"], changed["role"], changed["active"]) == ("Miller", "contributor", True)
    assert (changed["origins"]["job_title"]["source"], changed["origins"]["job_title"]["by"]) == ("edited", anna.id)
    assert call(world, "PATCH", path, {"acting": anna.id, "active": False}).json()["active"] is False
    assert code(call(world, "PATCH", path, {"acting": basil.id, "active": True})) == (403, "account_disabled")
    assert call(world, "PATCH", path, {"acting": anna.id, "active": True}).json()["active"] is True
    assert code(call(world, "PATCH", path, {"acting": basil.id, "job_title": "x"})) == (403, "not_admin")
    last = f"/organizations/olive-grove/co-workers/{anna.id}"
    assert code(call(world, "PATCH", last, {"acting": anna.id, "active": False})) == (403, "last_administrator")


def test_an_invitation_is_made_listed_and_withdrawn(world: World) -> None:
    anna = member(world, ANNA, role="administrator")
    wanted = {"acting": anna.id, "address": "daphne@olivegrove.example", "role": "editor"}
    made = call(world, "POST", "/organizations/olive-grove/invitations", wanted)
    assert made.status_code == 201
    assert (made.json()["sent"], made.json()["external"]) == (True, False)
    listed = call(world, "GET", "/organizations/olive-grove/invitations").json()["invitations"]
    assert [each["id"] for each in listed] == [made.json()["id"]]
    path = f"/organizations/olive-grove/invitations/{made.json()['id']}"
    assert call(world, "DELETE", path).status_code == 204
    assert code(call(world, "DELETE", path)) == (404, "no_such_invitation")
    assert "olivegrove.example" not in world.log_text()


def test_an_app_password_is_verified_for_a_carddav_server(world: World) -> None:
    anna = member(world, ANNA)
    page = submit(world, signed_in(world, ANNA), "/account", "/account/app-passwords", label="phone")
    found = re.search(r'id="app-password">([a-z2-7-]+)<', page.text)
    assert found
    good = {"address": ANNA, "password": found[1]}
    holder = call(world, "POST", "/app-passwords/verify", good).json()
    assert (holder["account_id"], holder["organization"]) == (anna.id, "olive-grove")
    wrong = call(world, "POST", "/app-passwords/verify", {**good, "password": "a" * 32})
    assert code(wrong) == (403, "wrong_app_password")
    elsewhere = call(world, "POST", "/app-passwords/verify", good, bearer=token(world, "aegean-only"))
    assert code(elsewhere) == (403, "wrong_app_password")


def test_what_a_federated_organisation_does_in_its_directory_is_refused_with_the_sentence_that_says_so(
    world: World,
) -> None:
    eleni = world.signed_in()[1].claims["sub"]
    at = "/organizations/aegean-foods"
    users = call(world, "PATCH", f"{at}/co-workers/{eleni}", {"acting": eleni, "job_title": "x"})
    assert code(users) == (403, "federated_users")
    assert "directory" in users.json()["detail"]
    inside = {"acting": eleni, "address": "new@aegeanfoods.example"}
    assert code(call(world, "POST", f"{at}/invitations", inside)) == (403, "federated_invitations")
    outside = {**inside, "address": "new@elsewhere.example"}
    assert code(call(world, "POST", f"{at}/invitations", outside)) == (403, "federated_external_invitations")
    check = {"address": ELENI, "password": "whatever"}
    assert code(call(world, "POST", "/app-passwords/verify", check)) == (403, "carddav_federated")


def test_what_was_good_before_the_switch_is_refused_after_it(world: World) -> None:
    anna = member(world, ANNA, role="administrator")
    page = submit(world, signed_in(world, ANNA), "/account", "/account/app-passwords", label="phone")
    found = re.search(r'id="app-password">([a-z2-7-]+)<', page.text)
    assert found
    good = {"address": ANNA, "password": found[1]}
    assert call(world, "POST", "/app-passwords/verify", good).status_code == 200
    enforce(world, "olive-grove")
    assert code(call(world, "POST", "/app-passwords/verify", good)) == (403, "carddav_federated")
    wanted = {"acting": anna.id, "address": "daphne@olivegrove.example"}
    assert code(call(world, "POST", "/organizations/olive-grove/invitations", wanted)) == (403, "federated_invitations")
    assert call(world, "GET", "/organizations/olive-grove/federation").json()["enforced"] is True


def test_do_22_an_application_sees_its_own_organisations_and_no_others(world: World) -> None:
    member(world, ANNA)
    bearer = token(world, "aegean-only")
    for path in ("federation", "co-workers", "invitations"):
        answer = call(world, "GET", f"/organizations/olive-grove/{path}", bearer=bearer)
        nobody = call(world, "GET", f"/organizations/no-such-one/{path}", bearer=bearer)
        assert code(answer) == code(nobody) == (404, "no_such_organization")
        assert call(world, "GET", f"/organizations/aegean-foods/{path}", bearer=bearer).status_code == 200


def test_do_21_only_a_token_of_the_api_with_the_scope_opens_it(world: World) -> None:
    _, tokens = world.signed_in()
    path = "/organizations/aegean-foods/co-workers"
    assert code(call(world, "GET", path, bearer="")) == (401, "unauthenticated")
    for other in ("nonsense", tokens.access_token, tokens.id_token):
        answer = call(world, "GET", path, bearer=other)
        assert code(answer) == (401, "invalid_token")
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    refused = call(world, "GET", path, bearer=token(world, "reader"))
    assert code(refused) == (403, "insufficient_scope")
    assert 'scope="co_workers.read"' in refused.headers["WWW-Authenticate"]
    assert world.userinfo(token(world)).status_code == 401


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", (400, "invalid_json")),
        (b"[]", (400, "invalid_json")),
        (b'{"address": "a@b.example", "address": "c@d.example", "password": "x"}', (400, "invalid_json")),
        (b'{"address": "a@b.example"}', (400, "invalid_request")),
        (b'{"address": "a@b.example", "password": 1}', (400, "invalid_request")),
        (b'{"address": "a@b.example", "password": "x", "is_admin": true}', (400, "invalid_request")),
        (b'{"address": "a@b.example", "password": "x\\ud800"}', (400, "invalid_json")),
        (b"[" * 100_000, (400, "invalid_json")),
    ],
)
def test_a_body_that_is_not_as_described_is_refused_and_not_repeated(
    world: World, body: bytes, expected: tuple[int, str]
) -> None:
    headers = {"Authorization": f"Bearer {token(world)}", "Content-Type": "application/json"}
    url = f"{world.broker_url}/api/v1/app-passwords/verify"
    answer = world.browser().post(url, data=body, headers=headers, timeout=30)
    assert code(answer) == expected
    assert "b.example" not in answer.text
    form = world.browser().post(url, data={"address": "x"}, headers={"Authorization": f"Bearer {token(world)}"})
    assert code(form) == (415, "unsupported_media_type")
    other = world.browser().get(url, timeout=30)
    assert (other.status_code, "POST" in other.headers["Allow"]) == (405, True)


def test_the_description_names_every_operation_that_there_is(world: World) -> None:
    described = world.browser().get(f"{world.broker_url}/api/v1/openapi.json", timeout=30).json()
    assert described["servers"] == [{"url": f"{world.broker_url}/api/v1"}]
    listed = {
        (method, re.sub(r"{[a-z_]+}", "{}", path)) for path, item in described["paths"].items() for method in item
    }
    routes = {
        (method.lower(), re.sub(r"<[a-z_]+>", "{}", rule.rule.removeprefix("/api/v1")))
        for rule in world.foundation.broker.application.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and rule.endpoint != "api.description"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert listed == routes
    scopes = described["components"]["securitySchemes"]["client_credentials"]["flows"]["clientCredentials"]["scopes"]
    assert set(scopes) == set(SCOPES)
