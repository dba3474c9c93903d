"""openid-client for Node.js, a certified client by another author, signs people in from discovery alone."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from broker.demo.stage import Stage
from tests.interop.conftest import REDIRECT, SECRET
from tests.servers import find_program
from tests.support.person import ELENI, go_through

pytestmark = pytest.mark.interop

_HERE = Path(__file__).parent
_PATIENCE_SECONDS = 60

CLIENTS = [
    ("node-basic", "client_secret_basic", "RS256"),
    ("node-post", "client_secret_post", "ES256"),
    ("node-ps256", "client_secret_basic", "PS256"),
    ("node-public", "none", "EdDSA"),
    ("node-pairwise", "client_secret_basic", "RS256"),
]


class NodeClient:
    """The script with its process; what it says is one line of JSON at a time."""

    def __init__(self, stage: Stage, client_id: str, method: str, alg: str, **further: Any) -> None:
        node = find_program("node", "node")
        if not (_HERE / "node_modules/openid-client").is_dir():
            pytest.fail("openid-client is missing: ./run test installs it (npm ci in tests/interop)", pytrace=False)
        asked = {
            "issuer": stage.broker_url,
            "client_id": client_id,
            "client_secret": SECRET,
            "method": method,
            "alg": alg,
            "redirect_uri": REDIRECT.format(name=client_id),
            "scope": "openid profile email organization",
            **further,
        }
        self._process = subprocess.Popen(
            [str(node), "sign_in.mjs", json.dumps(asked)],
            cwd=_HERE,
            env={**os.environ, "NODE_EXTRA_CA_CERTS": str(stage.ca_file)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def authorize(self) -> str:
        """The address at which the browser shall begin."""
        stdout = self._process.stdout
        line = stdout.readline() if stdout else ""
        if not line:
            raise AssertionError(self._process.communicate(timeout=_PATIENCE_SECONDS)[1])
        return str(json.loads(line)["authorize"])

    def finish(self, address: str) -> Mapping[str, Any]:
        """What the client makes of the address that the browser came back to."""
        said, complaints = self._process.communicate(address + "\n", timeout=_PATIENCE_SECONDS)
        if not said:
            raise AssertionError(complaints)
        outcome: Mapping[str, Any] = json.loads(said)
        return outcome


@pytest.mark.parametrize(("client_id", "method", "alg"), CLIENTS, ids=[name for name, _, _ in CLIENTS])
def test_a_complete_sign_in_is_verified_by_the_client(stage: Stage, client_id: str, method: str, alg: str) -> None:
    node = NodeClient(stage, client_id, method, alg)
    outcome = node.finish(go_through(stage, stage.session(), node.authorize()))
    assert "refused" not in outcome, outcome
    assert outcome["header"]["alg"] == alg
    claims, userinfo = outcome["claims"], outcome["userinfo"]
    assert (claims["iss"], claims["aud"]) == (stage.broker_url, client_id)
    assert userinfo["sub"] == claims["sub"]
    assert userinfo["email"] == ELENI
    assert userinfo["name"] == "Eleni Markou"
    assert userinfo["organization"]["id"] == "aegean-foods"


def test_the_second_sign_in_of_a_browser_asks_nothing_and_the_client_accepts_its_auth_time(stage: Stage) -> None:
    browser = stage.session()
    first = NodeClient(stage, *CLIENTS[0])
    one = first.finish(go_through(stage, browser, first.authorize()))
    second = NodeClient(stage, *CLIENTS[1], max_age=3600)
    answer = browser.get(second.authorize(), allow_redirects=False)
    assert answer.headers["Location"].startswith(REDIRECT.format(name="node-post"))
    two = second.finish(answer.headers["Location"])
    assert two["claims"]["auth_time"] == one["claims"]["auth_time"]
    assert two["claims"]["sub"] == one["claims"]["sub"]


def test_the_client_refuses_an_answer_that_names_another_issuer(stage: Stage) -> None:
    node = NodeClient(stage, *CLIENTS[0])
    address = go_through(stage, stage.session(), node.authorize())
    location, _, query = address.partition("?")
    fields = dict(parse_qsl(query))
    assert fields["iss"] == stage.broker_url
    outcome = node.finish(f"{location}?{urlencode(fields | {'iss': 'https://evil.example'})}")
    assert "refused" in outcome
    assert "iss" in outcome["why"]


def test_a_wrong_client_secret_is_refused_with_a_challenge_that_the_client_understands(stage: Stage) -> None:
    wrong = NodeClient(stage, *CLIENTS[0], client_secret="another-secret")
    outcome = wrong.finish(go_through(stage, stage.session(), wrong.authorize()))
    assert outcome["refused"] == "OAUTH_WWW_AUTHENTICATE_CHALLENGE"
    assert outcome["status"] == 401


def test_the_client_is_told_that_the_person_went_back(stage: Stage) -> None:
    node = NodeClient(stage, *CLIENTS[0])
    browser = stage.session()
    page = browser.get(node.authorize())
    answer = browser.post(page.url, data={"action": "cancel"}, allow_redirects=False)
    outcome = node.finish(answer.headers["Location"])
    assert outcome["error"] == "access_denied"


@pytest.mark.parametrize(
    ("client_id", "method"), [("node-offline", "client_secret_basic"), ("node-offline-public", "none")]
)
def test_the_client_refreshes_asks_and_gives_back(stage: Stage, client_id: str, method: str) -> None:
    node = NodeClient(stage, client_id, method, "RS256", scope="openid email offline_access", offline=True)
    outcome = node.finish(go_through(stage, stage.session(), node.authorize()))
    assert "refused" not in outcome, outcome
    offline = outcome["offline"]
    assert offline["scopes"] == ["openid email offline_access", "openid"]
    assert len(set(offline["tokens"])) == 3
    for name in ("iss", "sub", "aud", "auth_time", "sid"):
        assert offline["claims"][name] == outcome["claims"][name], name
    assert "nonce" not in offline["claims"]
    assert offline["refused"] == "invalid_grant"
    if method != "none":
        assert (offline["before"], offline["after"]) == ([True, True, False], [False, False])


def called(stage: Stage, client_id: str, scope: str) -> Mapping[str, Any]:
    """What the client got and heard in its own name."""
    asked = {"issuer": stage.broker_url, "client_id": client_id, "client_secret": SECRET, "scope": scope}
    done = subprocess.run(
        [str(find_program("node", "node")), "call.mjs", json.dumps(asked)],
        cwd=_HERE,
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(stage.ca_file)},
        capture_output=True,
        text=True,
        timeout=_PATIENCE_SECONDS,
        check=True,
    )
    outcome: Mapping[str, Any] = json.loads(done.stdout)
    return outcome


def test_the_client_gets_a_token_for_our_api_in_its_own_name(stage: Stage) -> None:
    outcome = called(stage, "node-caller", "co_workers.read")
    assert (outcome["scope"], outcome["token_type"]) == ("co_workers.read", "bearer")
    assert outcome["before"]["active"] is True
    assert outcome["before"]["aud"] == f"{stage.broker_url}/api/v1"
    assert outcome["after"] == {"active": False}


def test_the_client_is_told_what_it_may_not(stage: Stage) -> None:
    assert called(stage, "node-caller", "co_workers.write") == {"refused": "invalid_scope", "status": 400}
    assert called(stage, "node-server", "co_workers.read") == {"refused": "unauthorized_client", "status": 400}
