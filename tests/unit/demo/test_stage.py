"""broker.demo.stage"""

from __future__ import annotations

import socket
import ssl
import stat
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from broker.demo.ports import PortTaken
from broker.demo.processes import StageError
from broker.demo.stage import Stage, StageOptions

pytestmark = pytest.mark.served

_BROKER_ALONE = StageOptions(with_simulator=False, with_application=False)


def _nobody_listens(url: str) -> bool:
    host, _, port = url.removeprefix("https://").partition(":")
    with socket.socket() as client:
        client.settimeout(5)
        return client.connect_ex(("127.0.0.1" if host == "localhost" else host, int(port))) != 0


def test_three_servers_answer_over_tls_that_only_this_stage_vouches_for(tmp_path: Path) -> None:
    with Stage(StageOptions(directory=tmp_path)) as stage:
        urls = (stage.simulator_url, stage.broker_url, stage.application_url)
        with requests.Session() as stranger:
            stranger.trust_env = False
            for url in urls:
                assert stage.session().get(url).ok, url
                with pytest.raises(requests.exceptions.SSLError):
                    stranger.get(url, timeout=10)
        assert "serving" in {event.get("event") for event in stage.broker_log()}
        members = [pid for server in stage.servers for pid in server.members()]
        assert len(members) >= 6  # Each of the three has a worker of its own.
    assert all(_nobody_listens(url) for url in urls)
    assert not [pid for pid in members if _is_alive(pid)]
    assert (tmp_path / "logs/broker.log").exists()


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        port = somebody.getsockname()[1]
        with (
            pytest.raises(PortTaken, match=f"port {port} is taken"),
            Stage(StageOptions(directory=tmp_path, broker_port=port)),
        ):
            pytest.fail("the stage opened")
    assert not (tmp_path / "logs").exists()


def test_a_server_that_does_not_start_is_told_with_its_own_words_and_the_others_end(tmp_path: Path) -> None:
    stage = Stage(StageOptions(directory=tmp_path, settings={"listen": {"prot": 1}}))
    with pytest.raises(StageError, match=r"the broker ended by itself(?s:.)*broker\.yaml:\d+:\d+(?s:.)*prot"), stage:
        pytest.fail("the stage opened")
    assert not any(server.is_running for server in stage.servers)


@pytest.mark.soak
def test_a_killed_broker_is_told_and_comes_back_at_the_same_address_with_the_same_keys() -> None:
    with Stage(_BROKER_ALONE) as stage:
        before = stage.session().get(f"{stage.broker_url}/jwks").json()
        stage.require_running()
        stage.broker.kill()
        assert _nobody_listens(stage.broker_url)
        with pytest.raises(StageError, match="the broker ended by itself"):
            stage.require_running()
        stage.restart(stage.broker)
        assert stage.session().get(f"{stage.broker_url}/jwks").json() == before
        assert stat.S_IMODE(stage.directory.stat().st_mode) == 0o700
    assert not stage.directory.exists()  # It was a temporary one.


@pytest.mark.soak
def test_settings_secrets_and_further_parties_reach_the_broker_and_openssl_takes_the_authority() -> None:
    party = {
        "client_id": "another",
        "display_name": "Another",
        "redirect_uris": ["https://another.example/callback"],
        "client_secret": "file:../secrets/another-secret",
    }
    options = replace(
        _BROKER_ALONE,
        workers=2,
        settings={"support_url": "https://help.example/now"},
        relying_parties=(party,),
        secret_files={"another-secret": "of this test, and long enough for a secret"},
    )
    with Stage(options) as stage:
        assert len(stage.broker.members()) == 3
        unknown = {"client_id": "nobody", "redirect_uri": "https://another.example/callback"}
        known = {"client_id": "another", "redirect_uri": "https://another.example/other"}
        session = stage.session()
        assert "https://help.example/now" in session.get(f"{stage.broker_url}/authorize", params=unknown).text
        assert session.get(f"{stage.broker_url}/authorize", params=known, allow_redirects=False).status_code == 400
        right = known | {"redirect_uri": "https://another.example/callback", "state": "s"}
        answer = session.get(f"{stage.broker_url}/authorize", params=right, allow_redirects=False)
        assert answer.headers["Location"].startswith("https://another.example/callback?")

        context = ssl.create_default_context(cafile=str(stage.ca_file))
        port = int(stage.broker_url.rpartition(":")[2])
        for name in ("localhost", "127.0.0.1"):
            with (
                socket.create_connection(("127.0.0.1", port), timeout=10) as connection,
                context.wrap_socket(connection, server_hostname=name) as tls,
            ):
                assert tls.version() in ("TLSv1.2", "TLSv1.3")


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
