"""broker.demo.telling"""

from __future__ import annotations

import io

from rich.console import Console

from broker.demo.telling import Teller
from broker.demo.walk import Hop, Walked

CODE = "1.ARoA-this-is-a-code-and-must-not-be-shown-in-full"


def _told(*hops: Hop, walked: Walked | None = None, terminal: bool = False) -> str:
    out = io.StringIO()
    teller = Teller(Console(file=out, highlight=False, emoji=False, force_terminal=terminal, width=40))
    for hop in hops:
        teller.hop(hop)
    if walked is not None:
        teller.result(walked, "eleni.markou@aegeanfoods.example")
    return out.getvalue()


def _hop(**changes: str) -> Hop:
    url = changes.pop("url", "https://localhost:8443/upstream/entra/callback")
    return Hop("browser", "broker", "POST", url, changes, 303, "go on to the application")


def test_a_hop_says_who_asked_whom_for_what_and_what_came_back() -> None:
    lines = _told(_hop(prompt="login")).splitlines()
    assert lines[0].split() == [
        "1", "browser", "→", "broker", "POST", "localhost:8443/upstream/entra/callback",
    ]  # fmt: skip
    assert lines[1].split() == ["prompt", "login"]
    assert lines[2].strip() == "← 303 go on to the application"


def test_hops_are_numbered() -> None:
    assert [line.split()[0] for line in _told(_hop(), _hop()).splitlines()[::2]] == ["1", "2"]


def test_secrets_and_handles_are_shortened_and_nothing_is_wrapped() -> None:
    told = _told(_hop(code=CODE, url=f"https://localhost:8443/sign-in/{'h' * 43}"))
    assert CODE not in told
    assert "1.ARoA… (51 characters)" in told
    assert "/sign-in/hhhhhh…" in told
    assert "h" * 43 not in told
    assert len(told.splitlines()) == 3


def test_markup_in_values_is_text() -> None:
    assert "[red]x[/red]" in _told(_hop(login_hint="[red]x[/red]"))


def test_the_result_has_the_claims_in_and_out_the_decision_and_the_accounts_sources() -> None:
    walked = Walked(
        entra_claims={"aio": "x", "tid": "5b5e363c", "oid": "ddf3fc9b", "nonce": "n" * 43},
        event={
            "event": "signed_in",
            "org": "aegean-foods",
            "account": "a-1",
            "created": True,
            "rules": ["enforcement", "membership"],
            "src": "127.0.0.1",
        },
        sources={"first_name": "graph.givenName"},
        account={"E-mail": "eleni.markou@aegeanfoods.example"},
        co_workers="Eleni Markou you",
        claims={"iss": "https://localhost:8443", "sub": "a-1", "sid": "s" * 43},
        userinfo={"sub": "a-1", "organization": {"id": "aegean-foods", "name": "Aegean Foods"}},
    )
    told = _told(walked=walked)
    assert told.index("tid") < told.index("oid") < told.index("aio")
    assert "created at this sign-in" in told
    assert "enforcement → membership" in told
    assert "first_name  graph.givenName" in told
    assert '{"id": "aegean-foods", "name": "Aegean Foods"}' in told
    assert "s" * 43 not in told
    assert "127.0.0.1" not in told


def test_the_words_are_the_same_with_a_terminal_but_for_colour() -> None:
    plain, coloured = _told(_hop(prompt="none")), _told(_hop(prompt="none"), terminal=True)
    assert "\x1b[" in coloured
    assert _without_escapes(coloured) == plain


def _without_escapes(text: str) -> str:
    parts = text.split("\x1b[")
    return parts[0] + "".join(part.partition("m")[2] for part in parts[1:])
