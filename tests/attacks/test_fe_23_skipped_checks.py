"""FE-23: the check is skipped: the records are down, another spelling of the route, another method or content type."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from broker.admission import Evidence, Gate
from broker.composition.surroundings import Surroundings
from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from broker.doors import Door, claims_of
from broker.errors import SsoRequired
from broker.federation.live import LiveOrganizations
from broker.store.directory import DirectoryUnavailable
from tests.attacks.membership import UNLIMITED
from tests.support.members import ANNA, OLIVE_GROVE, PASSWORD, enforce, member, prove, signed_in, to_password_page
from tests.support.people import AEGEAN, LOCAL, account, fixed_gate
from tests.support.world import Foundation, World, has_session, world_on


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    organizations = (AEGEAN_FOODS, HELIOS_SHIPPING, OLIVE_GROVE)
    settings = {"rate_limits": UNLIMITED}
    with world_on(foundation, tmp_path / "world", organizations=organizations, settings=settings) as made:
        yield made


class Down:
    """Records that do not answer any more."""

    def generation(self) -> int:
        raise DirectoryUnavailable("down")

    changes = generation


def test_fe_23_while_nobody_can_tell_what_is_enforced_nobody_is_let_in() -> None:
    gate = Gate(LiveOrganizations([AEGEAN, LOCAL], Down(), lambda _: None), fixed_gate()._clock)  # type: ignore[arg-type]  # two of its methods are asked
    for organization in (AEGEAN.name, LOCAL.name):
        person = account(organization=organization, email=None, email_domain=None)
        with pytest.raises(DirectoryUnavailable):
            gate.admit(Evidence.knocking(person, "password"))
    with pytest.raises(DirectoryUnavailable):
        gate.require_open("anybody@nobody.invalid")
    with pytest.raises(SsoRequired):
        fixed_gate().require_open("anybody@aegeanfoods.example")


def test_fe_23_a_password_at_a_broker_whose_records_are_gone_is_busy(world: World, tmp_path: Path) -> None:
    member(world, ANNA)
    browser, inside = world.browser(), signed_in(world)
    page = to_password_page(world, browser)
    directory = tmp_path / "world/directory.sqlite"
    around: Surroundings = world.around
    around.directory.close()
    hidden = directory.rename(directory.with_suffix(".away"))
    try:
        answer = prove(world, browser, page)
        assert (answer.status_code, has_session(browser)) == (503, False)
        assert inside.get(f"{world.broker_url}/account", timeout=30).status_code == 503
    finally:
        hidden.rename(directory)
    assert prove(world, browser, page).status_code == 303, "the positive twin: the same attempt, when they are back"


SPELLINGS = (
    "{path}/",
    "/{path}",
    "{path}//",
    "{path};x=y",
    "{path}%00",
    "{path}%2f",
    "/.{path}",
    "/x/..{path}",
    "{upper}",
    "{encoded}",
    "{path}.json",
    "{path}?state=x&state=y",
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PROPFIND", "TRACE")


def spelled(path: str) -> list[str]:
    encoded = "".join(f"%{ord(letter):02x}" if letter.isalpha() else letter for letter in path)
    return [form.format(path=path, upper=path.upper(), encoded=encoded) for form in SPELLINGS]


def gives_something(answer: requests.Response) -> bool:
    return "__Host-session" in answer.headers.get("Set-Cookie", "") or '"access_token"' in answer.text


def test_fe_23_no_spelling_method_or_type_of_any_door_gets_by_rule_0(world: World) -> None:
    """A crawl over every route that claims to be a door, with everything that would be good for a person there."""
    member(world, ANNA, role="administrator")
    browser = signed_in(world)
    waiting = world.browser()
    state = to_password_page(world, waiting).url.partition("state=")[2]
    browser.cookies.update(waiting.cookies)
    enforce(world)
    application = world.foundation.broker.application
    claims = claims_of(application)
    doors = [rule for rule in application.url_map.iter_rules() if isinstance(claims.get(rule.endpoint), Door)]
    assert len(doors) > 25
    good = {"state": state, "email": ANNA, "password": PASSWORD, "action": "sign-in", "client_id": "sample"}
    kinds = (
        {"data": good},
        {"json": good},
        {"params": good},
        {"data": "&".join(f"{k}={quote(v)}" for k, v in good.items()), "headers": {"Content-Type": "text/plain"}},
        {"data": good, "headers": {"X-HTTP-Method-Override": "POST"}},
    )
    asked = 0
    for rule in doors:
        path = rule.rule
        for argument in rule.arguments:
            converter = next(part for part in path.split("<") if argument in part).partition(">")[0]
            path = path.replace(f"<{converter}>", state[:43] or "x")
        attempts = [(method, path, kind) for method, kind in itertools.product(METHODS, kinds[:1])]
        attempts += [("POST", path, kind) for kind in kinds]
        attempts += [("POST", spelling, kinds[0]) for spelling in spelled(path)]
        for method, where, kind in attempts:
            with world.browser() as fresh:
                fresh.cookies.update(browser.cookies)
                url = f"{world.broker_url}{where}"
                answer = fresh.request(method, url, allow_redirects=False, timeout=30, **kind)
            asked += 1
            assert not gives_something(answer), f"{method} {where} {kind}"
            assert answer.status_code < 500, f"{method} {where}"
    assert asked > 500
    assert world.around.records.credentials.holdings("olive-grove").passwords == 0
    assert world.around.records.credentials.invitations("olive-grove") == []
