"""FE-11, FE-12: the spelling of an address at every door: case, tags, quotes, comments, Unicode, IDN."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.admission import Evidence, Gate
from broker.errors import LoginFailed, SsoRequired
from broker.identity import Account
from broker.membership.assembly import Membership
from tests.attacks.membership import UNLIMITED, grove
from tests.support.members import ANNA, PASSWORD, administrator, code_by_password, letters
from tests.support.membership import membership_of
from tests.support.world import Foundation, World

# One person of Aegean Foods, as people, programs and attackers write it.
SAME = (
    "eleni.markou@aegeanfoods.example",
    "ELENI.MARKOU@AEGEANFOODS.EXAMPLE",
    " eleni.markou@aegeanfoods.example ",
    "eleni.markou@aegeanfoods.example.",
    "eleni.markou+news@aegeanfoods.example",
    "eleni.markou@mail.aegeanfoods.example",
    "eleni.markou@ａｅｇｅａｎｆｏｏｄｓ.example",
    "eleni.markou@aegeanfoods。example",
    "eleni.markou@aegeanfoods．example",
    "eleni.markou＠aegeanfoods.example",
    "eleni.markou@aegeanfood\u017f.example",  # long s
    "eleni.markou@\u00adaegeanfoods.example",  # soft hyphen, which UTS #46 ignores
    "ⓔleni.markou@ⓐegeanfoods.example",
    "eleni.markou@aegeanfoods.EXAMPLE",
)
# What is ambiguous or no plain address: refused, not guessed.
NONE = (
    '"eleni.markou"@aegeanfoods.example',
    '"eleni@elsewhere.example"@aegeanfoods.example',
    "eleni.markou(comment)@aegeanfoods.example",
    "eleni.markou@(comment)aegeanfoods.example",
    "Eleni <eleni.markou@aegeanfoods.example>",
    "eleni.markou@aegeanfoods.example, eleni@elsewhere.example",
    "eleni@elsewhere.example@aegeanfoods.example",
    "eleni.markou@aegeanfoods.example@elsewhere.example",
    "eleni.markou%aegeanfoods.example@",
    "eleni markou@aegeanfoods.example",
    "eleni.markou@aegean foods.example",
    "eleni.markou@aegeanfoods..example",
    "eleni.markou@.aegeanfoods.example",
    "eleni.markou@[192.0.2.1]",
    "eleni.markou@aegeanfoods.example\x00",
    "eleni.markou\n@aegeanfoods.example",
    "eleni.markou@xn--aegeanfoods-.example",
    "eleni.markou@\u202eaegeanfoods.example",
    "@aegeanfoods.example",
    "eleni.markou",
    "",
)
Door = Callable[[str], object]


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    with grove(foundation, tmp_path / "world", rate_limits=UNLIMITED) as made:
        yield made


def doors(world: World, members: Membership, anna: Account) -> dict[str, Door]:
    """Every door of Pobuca's own at which an address is all that is known. Each raises what it refuses."""
    gate: Gate = members.passwords._ports.gate
    admission = gate.admit(Evidence.knocking(anna, "password"))

    def reset(address: str) -> None:
        sent, refusals = len(letters_of(world)), len(world.events("enforcement_denied"))
        members.resets.request(address, None)
        if len(letters_of(world)) == sent and len(world.events("enforcement_denied")) == refusals + 1:
            raise SsoRequired("reset")

    return {
        "password": lambda address: members.passwords.prove(address, PASSWORD, None),
        "reset": reset,
        "invitation": lambda address: members.invitations.invite(admission, anna, address, "editor", None),
        "first administrator": lambda address: members.invitations.invite_first_administrator("olive-grove", address),
        "app password": lambda address: members.app_passwords.verify(address, "x", None),
    }


def letters_of(world: World) -> list[object]:
    folder = Path(world.around.state._path).parent  # type: ignore[attr-defined]  # of SQLite, as every world has it
    return list(letters(folder))


@pytest.fixture
def opened(world: World, tmp_path: Path) -> dict[str, Door]:
    return doors(world, membership_of(world, tmp_path / "world"), administrator(world))


@pytest.mark.parametrize("spelling", SAME, ids=ascii)
def test_fe_11_fe_12_every_spelling_of_a_federated_address_meets_rule_0(
    opened: dict[str, Door], spelling: str
) -> None:
    for door in opened.values():
        with pytest.raises(SsoRequired):
            door(spelling)


@pytest.mark.parametrize("spelling", NONE, ids=ascii)
def test_fe_11_fe_12_what_is_ambiguous_is_refused_at_every_door(
    world: World, opened: dict[str, Door], spelling: str
) -> None:
    for door in opened.values():
        with pytest.raises((ValueError, SsoRequired, LoginFailed)):
            door(spelling)
    assert letters_of(world) == []


def test_fe_11_the_positive_twin(world: World, opened: dict[str, Door]) -> None:
    """At the same doors, an address of an organisation that is not federated is welcome."""
    assert opened["password"](ANNA.upper())
    assert opened["invitation"]("Basil@OliveGrove.example")
    assert opened["first administrator"]("zoe@olivegrove.example.")
    opened["reset"](ANNA)
    assert len(letters_of(world)) == 2
    assert code_by_password(world, world.browser(), ANNA.title())


@pytest.mark.parametrize("spelling", [*SAME, *NONE], ids=ascii)
def test_fe_11_fe_12_the_sign_in_page_sends_none_of_them_to_the_password(world: World, spelling: str) -> None:
    browser = world.browser()
    page = urllib.parse.urljoin(world.broker_url, world.go(browser, world.authorize_url()).headers["Location"])
    answer = browser.post(page, data={"action": "email", "email": spelling}, allow_redirects=False, timeout=30)
    location = answer.headers.get("Location", "")
    if spelling.strip():
        assert answer.status_code == 400 or location.startswith(f"{world.simulator_url}/5b5e363c"), location
    else:
        assert location.startswith(f"{world.simulator_url}/organizations/")


@settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    local=st.text(st.characters(codec="utf-8"), max_size=20),
    domain=st.lists(st.sampled_from(["a", "A", "ａ", "Ａ", "ⓐ", "ᵃ", "𝐚"]), min_size=3, max_size=3),
    dot=st.sampled_from([".", "。", "．", "｡"]),
    tail=st.sampled_from(["", ".", "。", " ", "\t"]),
)
def test_fe_12_no_spelling_of_the_domain_gets_by(
    opened: dict[str, Door], local: str, domain: list[str], dot: str, tail: str
) -> None:
    one, two, three = domain
    address = f"{local}@{one}egeanfoods{dot}ex{two}mple{tail}"
    with pytest.raises((ValueError, SsoRequired)):
        opened["password"](address)
    with pytest.raises((ValueError, SsoRequired)):
        opened["first administrator"](f"x@{three}egeanfoods{dot}ex{two}mple{tail}")
