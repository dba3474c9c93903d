"""FE-19: an application is excepted from the enforcement, or has a login of its own that nobody thinks of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.federation.findings import ConfigurationRejected
from broker.federation.load import load
from tests.support.configurations import ENVIRON, good_configuration
from tests.support.operated import Operated, operated_in, prepare

WORDS = [
    "enforcement: off",
    "enforce_sso: false",
    "sso_exempt: true",
    "exceptions: [maria@aegeanfoods.example]",
    "allow_password: true",
    "local_login: true",
    "bypass: [connect]",
]


@pytest.fixture
def operated(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    with operated_in(tmp_path, prepare(tmp_path_factory.mktemp("prepared"))) as made:
        yield made


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("file", ["organizations/aegean-foods.yaml", "relying_parties/connect.yaml", "broker.yaml"])
def test_fe_19_no_file_has_a_word_that_makes_an_exception(tmp_path: Path, file: str, word: str) -> None:
    directory = good_configuration(tmp_path / "config")
    with (directory / file).open("a") as written:
        written.write(f"{word}\n")
    with pytest.raises(ConfigurationRejected, match=word.partition(":")[0]):
        load(directory, environ=ENVIRON)


@pytest.mark.parametrize("word", WORDS)
def test_fe_19_nor_has_the_federation_itself(tmp_path: Path, word: str) -> None:
    directory = good_configuration(tmp_path / "config")
    with (directory / "organizations/aegean-foods.yaml").open("a") as written:
        written.write(f"  {word}\n")
    with pytest.raises(ConfigurationRejected, match=word.partition(":")[0]):
        load(directory, environ=ENVIRON)


def test_fe_19_every_application_that_may_sign_the_people_in_is_shown(operated: Operated) -> None:
    shown = operated.json("org", "show", "aegean-foods")
    assert [(each["client_id"], each["delegates_sign_in"]) for each in shown["applications"]] == [
        ("connect", True),
        ("phone.pobuca", True),
    ]
    others = operated.json("org", "show", "corner-shop")
    assert [each["client_id"] for each in others["applications"]] == ["phone.pobuca"]


def test_fe_19_one_that_is_not_listed_is_called_an_open_door(operated: Operated) -> None:
    told = " ".join(operated.done("org", "show", "aegean-foods").split())
    assert "Every one of them delegates the whole sign-in to the broker" in told
    assert "not listed here is not known to the broker" in told
    assert "it is an open door" in told
