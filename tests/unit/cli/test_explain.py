"""``broker explain``: a recorded sign-in as a story for a terminal, as JSON, and as a file."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from broker.composition.explaining import recorder
from broker.composition.surroundings import Surroundings
from broker.explaining.recorder import Asked
from broker.location import Location
from broker.tracing import Record, Step
from tests.support.operated import Operated, now_

SIGN_IN = "7K2M-Q4XD"
ASKED = Step("hop", "connect", "asked", "done", inputs={"application": "connect"})
RULE_0 = Step("check", "gate", "enforcement", "passed", Location("broker/entry_rules.py", 32, 1))
FIELD = Step("rule", "attributes", "job_title", "done", None, "graph.jobTitle", {"graph.jobTitle": "Miller"}, "Miller")
ODD = Step("rule", "require", "odd\x1b[31m\nname", "passed", None, "claims.x == 1", {"claims.x": "\x1b]0;owned\x07"})
SESSION = Step("check", "session", "opened", "done", inputs={"connection": "entra:acme"})
CLAIM = Step("claim", "connect", "name", "released", value="Eleni Markou", detail="userinfo")


def record(operated: Operated) -> None:
    """Two requests, the second of which a rule of a file refused."""
    configuration = operated.configuration
    rule = Step(
        "rule",
        "admit",
        "staff",
        "refused",
        Location(f"{configuration.directory}/organizations/acme.yaml", 12, 11),
        '"0d6c0f7e-58d3-4d26-8d0e-1a2b3c4d5e6f" in identity.groups && account.first_name.startsWith("E")',
        {"identity.groups": ["c1f7e0c2-44b8-4d43-8a0d-0f6f4d7d2a90"] * 30, "account.first_name": "Eleni"},
        False,
        "not_assigned",
    )
    with closing(Surroundings.of(configuration)) as around:
        keeper, now = recorder(configuration, around), now_()
        first = Record(SIGN_IN, [ASKED])
        keeper.keep(first, Asked("AAAA-0001", "GET /authorize", now - timedelta(seconds=9), 303))
        steps = [ODD, RULE_0, FIELD, SESSION, CLAIM, rule]
        second = Record(SIGN_IN, steps, {"organization": "acme", "fields": {"first_name": "Eleni"}})
        keeper.keep(second, Asked("AAAA-0002", "POST /upstream/entra/callback", now, 403))


def test_it_reads_as_a_story_in_80_columns_and_obeys_nothing_that_was_sent(operated: Operated) -> None:
    record(operated)
    told = operated.done("explain", "7k2mq4xd")
    assert max(map(len, told.splitlines())) <= 80
    flowing = " ".join(told.split())
    expected = (
        "Sign-in 7K2M-Q4XD: refused",
        "organization acme, application connect",
        "Because of: rule staff (organizations/acme.yaml:12:11)",
        "1. The application asked for a sign-in (connect)",
        "It asked who somebody is",
        "2. The person came back from Microsoft",
        r"rule odd\x1b[31m\nname",
        "passed Rule 0: people of a federated organisation come in with Microsoft, and in no other way (broker/entry",
        'done job_title = "Miller" (built in) graph.jobTitle',
        "A session was opened",
        "(built in, userinfo)",
        "refused rule staff (organizations/acme.yaml:12:11)",
        'in identity.groups && account.first_name.startsWith("E")',
        "not_assigned",
    )
    assert [each for each in expected if each not in flowing] == []
    assert [flowing.index(each) for each in expected[3:]] == sorted(flowing.index(each) for each in expected[3:])
    assert "Eleni" not in told
    assert str(operated.directory) not in told


def test_it_is_written_to_a_file_that_others_cannot_read_and_the_trail_says_who_looked(
    operated: Operated, tmp_path: Path
) -> None:
    record(operated)
    file = tmp_path / "exported.json"
    assert str(file) in operated.done("explain", "AAAA-0002", "--export", str(file)).replace("\n  ", "")
    exported = json.loads(file.read_text())
    assert file.stat().st_mode & 0o777 == 0o600
    assert exported == operated.json("explain", SIGN_IN)
    assert (exported["sign_in"], exported["verdict"], exported["organization"]) == (SIGN_IN, "refused", "acme")
    assert exported["refusal"]["location"] == ["organizations/acme.yaml", 12, 11]
    assert exported["sample"]["organization"] == "acme"
    assert exported["sample"]["fields"]["first_name"] != "Eleni"
    looked = [entry for entry in operated.trail() if entry.event == "sign_in_explained"]
    assert [(each.organization, each.actor, each.detail) for each in looked] == [
        ("acme", "operator", {"sign_in": SIGN_IN})
    ] * 2


def test_what_is_not_known_or_not_recorded_is_said(operated: Operated) -> None:
    assert "no sign-in 0000-0000 is known; they are kept for 7 days" in operated.refused("explain", "0000-0000")
    file = operated.directory / "broker.yaml"
    file.write_text(file.read_text().replace("keep_days: 7", "keep_days: 0"))
    assert "nothing is recorded: explain.keep_days is 0" in operated.refused("explain", SIGN_IN)
