"""Three rules at work in the served broker: one that keeps somebody out, one that transforms, and rule 0. Each of them
is shown with its place, by ``broker explain`` and to an administrator in the browser.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
import requests
from click.testing import CliRunner

from broker.cli import main
from broker.demo.configuration import HELIOS_SHIPPING
from broker.demo.stage import Stage, StageOptions
from tests.support.person import ELENI, go_through
from tests.support.ruled import RELEASE, RULED, place
from tests.support.waiting import until
from tests.support.world import VERIFIER, challenge

pytestmark = pytest.mark.served

_CLIENT = "explained"
_SECRET = "the-secret-of-the-explained"
_REDIRECT = "https://explained.pobuca.example/callback"
_ORGANIZATION = "organizations/aegean-foods.yaml"
_RULE_0 = "broker/entry_rules.py:"


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    party = {
        "client_id": _CLIENT,
        "display_name": "Explained",
        "redirect_uris": [_REDIRECT],
        "client_secret": f"file:../secrets/{_CLIENT}",
        "release": RELEASE,
    }
    with tempfile.TemporaryDirectory() as folder:
        options = StageOptions(
            directory=Path(folder),
            workers=2,
            organizations=(RULED, HELIOS_SHIPPING),
            relying_parties=(party,),
            secret_files={_CLIENT: _SECRET},
            with_application=False,
        )
        with Stage(options) as made:
            yield made


def authorize_url(stage: Stage) -> str:
    return f"{stage.broker_url}/authorize?" + urlencode(
        {
            "response_type": "code",
            "client_id": _CLIENT,
            "redirect_uri": _REDIRECT,
            "scope": "openid profile",
            "state": "st-1",
            "nonce": "n-1",
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
        }
    )


def userinfo(stage: Stage, location: str) -> requests.Response:
    """What the application gets for the code that this address brings."""
    form = {
        "grant_type": "authorization_code",
        "code": dict(parse_qsl(urlsplit(location).query))["code"],
        "redirect_uri": _REDIRECT,
        "code_verifier": VERIFIER,
    }
    client = stage.session()
    tokens = client.post(f"{stage.broker_url}/token", data=form, auth=(_CLIENT, _SECRET)).json()
    return client.get(f"{stage.broker_url}/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})


def sends_a_password(stage: Stage, address: str) -> requests.Response:
    """Chooses Pobuca's own sign-in as somebody else, and gives this address there."""
    browser = stage.session()
    page = urljoin(stage.broker_url, browser.get(authorize_url(stage), allow_redirects=False).headers["Location"])
    form = {"action": "email", "email": "somebody@nowhere.example"}
    location = browser.post(page, data=form, allow_redirects=False).headers["Location"]
    state = dict(parse_qsl(urlsplit(location).query))["state"]
    form = {"state": state, "email": address, "password": "nine tired donkeys walk home", "action": "sign-in"}
    return browser.post(f"{stage.broker_url}/sign-in/password", data=form, allow_redirects=False)


def sign_in_of(stage: Stage, **event: str) -> str:
    """The id that the log has beside this event."""
    (found,) = [each for each in stage.broker_log() if event.items() <= each.items()]
    return str(found["sign_in"])


def explained(stage: Stage, sign_in: str, *more: str) -> str:
    """What ``broker explain`` says, without its line breaks."""
    config = ["--config", str(stage.directory / "config")]
    answer = CliRunner().invoke(main, ["explain", sign_in, *more, *config], env={"COLUMNS": "80"})
    assert answer.exit_code == 0, answer.output
    return " ".join(answer.output.split())


def test_a_rule_that_blocks_one_that_transforms_and_rule_0_are_shown_where_they_stand(stage: Stage) -> None:
    eleni = stage.session()
    answer = userinfo(stage, go_through(stage, eleni, authorize_url(stage)))
    assert answer.json()["team"] == "sales manager"
    with pytest.raises(AssertionError, match="no redirect but 403"):
        go_through(stage, stage.session(), authorize_url(stage), "giorgos.papadopoulos@aegeanfoods.example")
    assert sends_a_password(stage, ELENI).status_code == 403

    let_in = sign_in_of(stage, event="signed_in")
    kept_out = sign_in_of(stage, reason="not_assigned")
    at_another_door = sign_in_of(stage, event="enforcement_denied")
    until(lambda: '"team"' in explained(stage, let_in) or "team = " in explained(stage, let_in), "all of it is written")

    config = stage.directory / "config"
    members, title = place(config, _ORGANIZATION, "members-only"), place(config, _ORGANIZATION, "upperAscii")
    blocks, team = place(config, _ORGANIZATION, "not-giorgos"), place(config, f"relying_parties/{_CLIENT}.yaml", "team")
    told = {
        let_in: (
            "signed in",
            f"passed rule members-only ({members}",
            f'done job_title = "SALES MANAGER" ({title}',
            "passed Rule 0: people of a federated organisation come in with Microsoft",
            _RULE_0,
            f'given team = "sales manager" ({team}',
        ),
        kept_out: (f"Because of: rule not-giorgos ({blocks}", f"refused rule not-giorgos ({blocks}", "not_assigned"),
        at_another_door: ("refused Rule 0: people of a federated organisation", _RULE_0),
    }
    for sign_in, expected in told.items():
        text = explained(stage, sign_in)
        assert [each for each in expected if each not in text] == [], text

    # The rules can be applied to what was exported. Whom a rule names is nobody there: it is kept from no other.
    exported = stage.directory / "exported.json"
    explained(stage, kept_out, "--export", str(exported))
    again = CliRunner().invoke(main, ["explain", "--sample", str(exported), "--config", str(config)])
    assert "passed rule not-giorgos" in " ".join(again.output.split()), again.output
    explained(stage, let_in, "--export", str(exported))
    again = CliRunner().invoke(main, ["explain", "--sample", str(exported), "--config", str(config)])
    assert (again.exit_code, "sales manager" in again.output) == (0, True), again.output

    shown = {
        let_in: ("members-only", members, title, "SALES MANAGER", "Rule 0", _RULE_0, team, "sales manager"),
        kept_out: ("not-giorgos", blocks, "not_assigned"),
        at_another_door: ("Rule 0", _RULE_0),
    }
    address = f"{stage.broker_url}/settings/security/sign-ins"
    listed = eleni.get(address).text
    for sign_in, expected in shown.items():
        assert sign_in in listed
        page = eleni.get(f"{address}/{sign_in}").text
        assert [each for each in expected if each not in page] == [], page
        assert "Giorgos" not in page
        assert "Markou" not in page
