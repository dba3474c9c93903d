"""The words and the layout of ``broker demo``: what happened at each hop, and what to try next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from rich.console import Console
from rich.text import Text

from broker.demo.administrator import NEFELI
from broker.demo.stage import Stage
from broker.demo.walk import Hop, Walked

# Shown in full they would be noise in a terminal, and a habit of showing such values is a bad one.
_SHORTENED: Final = frozenset(
    {"code", "state", "nonce", "code_challenge", "code_verifier", "id_token", "access_token", "sid", "ctx", "aio"}
)
_SHOWN_CHARACTERS: Final = 6
_LONGEST_VALUE: Final = 160

# Tables of claims: these come first, in this order, since everything stands on them.
_FIRST: Final = ("iss", "tid", "oid", "sub", "aud", "name", "preferred_username", "email")

PASSWORD: Final = "Simulated-1"


@dataclass(frozen=True, slots=True)
class ToTry:
    """A person of the simulator, and what signing in as this person shows."""

    username: str
    shows: str


PEOPLE_TO_TRY: Final = (
    ToTry("maria.kosta@aegeanfoods.example", "her directory knows a display name and nothing else: see her account"),
    ToTry("tomas.weiss@helios-shipping.example", "another organisation, where everybody consents at the first sign-in"),
    ToTry("petros.makris@aegeanfoods.example", "a rule of his organisation keeps him out, in its own words"),
    ToTry("mallory@evil-olives.example", "a stranger's directory with Eleni's name and e-mail address: refused"),
)


class Teller:
    """Tells on one console; the same words with and without a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._hops = 0

    def say(self, sentence: str, style: str = "") -> None:
        self._print(Text(sentence, style=style))

    def heading(self, title: str) -> None:
        self._print(Text())
        self._print(Text(title, style="bold"))

    def servers(self, stage: Stage) -> None:
        """Where everything is."""
        self._pairs(
            {
                "simulated Entra": stage.simulator_url,
                "broker": stage.broker_url,
                "sample application": stage.application_url,
                "configuration": f"{stage.directory / 'config'}",
            }
        )

    def hop(self, hop: Hop) -> None:
        """One request and its answer, numbered in the order in which it happened."""
        self._hops += 1
        address = urlsplit(hop.url)
        line = Text()
        line.append(f"{self._hops:>3}  ", style="dim")
        line.append(f"{hop.source} → {hop.target}", style="magenta" if hop.behind else "cyan")
        line.append(f"   {hop.method} {address.netloc}{_path(address.path)}", style="bold")
        self._print(line)
        self._pairs({name: _shortened(name, value) for name, value in hop.parameters.items()}, indent=9)
        answer = Text("     ")
        answer.append(f"← {hop.status}", style="green" if hop.status < 400 else "red")
        answer.append(f" {hop.outcome}".rstrip())
        self._print(answer)

    def result(self, walked: Walked, username: str) -> None:
        """Claims in, rules, account, claims out."""
        self.heading("What Entra said about the person (claims of its ID token, after every check)")
        self._pairs(_claims(walked.entra_claims))
        self.heading("What the broker decided (its log)")
        event = walked.event
        shown = ("org", "conn", "client", "account", "created", "rules")
        self._pairs({name: _value(name, event[name]) for name in shown if name in event})
        created = event.get("created")
        self.heading("The Pobuca account, " + ("created at this sign-in" if created else "which existed before"))
        self._pairs(dict(walked.account) | {"In Co-workers": walked.co_workers})
        if walked.sources:
            self._print(Text("  Where each field came from:", style="dim"))
            self._pairs(walked.sources)
        self.heading("What the application got: ID token")
        self._pairs(_claims(walked.claims))
        self.heading("What the application got: userinfo")
        self._pairs(_claims(walked.userinfo))
        self.heading(f"{username} is signed in at the sample application, and listed in Co-workers.")

    def invitation(self, stage: Stage) -> None:
        """What to open and whom to be."""
        self.heading("Now you: open this address, and press Sign in with Pobuca")
        self._print(Text(f"  {stage.application_url}", style="bold green"))
        self._print(Text())
        self._print(Text(f"  The password of everybody is {PASSWORD}. Try, each in a new private window:"))
        self._pairs({person.username: person.shows for person in PEOPLE_TO_TRY}, indent=4)
        self._print(Text())
        self._print(Text("  To connect an organisation as its administrator does:"))
        self._pairs(
            {
                "open": f"{stage.broker_url}/settings/security",
                "sign in as": f"{NEFELI.address}, whose Pobuca password is: {NEFELI.password}",
                "at Microsoft": f"{NEFELI.directory_administrator}, then {NEFELI.address} for the test sign-in",
            },
            indent=4,
        )
        self._print(Text())
        self._pairs(
            {
                "everybody else": f"{stage.simulator_url}/ lists tenants and people, and what each is for",
                "control": f"{stage.simulator_url}/_simulator/ switches keys, faults and people while it runs",
                "the broker": f"{stage.broker_url}/ with Co-workers, and its discovery document at"
                f" {stage.broker_url}/.well-known/openid-configuration",
                "logs": f"{stage.directory / 'logs'}",
            }
        )
        self._print(Text())
        self._print(
            Text(
                "  A browser warns once for each of the three addresses, since it does not know this demonstration's"
                " certificate\n  authority. Go on, or trust it for as long as you like; its key exists no more, so it"
                f" can vouch for nothing else:\n  {stage.ca_file}"
            )
        )
        self._print(Text())
        self._print(Text("Ctrl-C stops everything."))

    def _pairs(self, pairs: Mapping[str, str], indent: int = 2) -> None:
        width = max((len(name) for name in pairs), default=0)
        for name, value in pairs.items():
            line = Text(" " * indent)
            line.append(f"{name:<{width}}", style="dim")
            line.append(f"  {value}")
            self._print(line)

    def _print(self, text: Text) -> None:
        # Addresses must stay whole to be clicked and copied, so nothing is wrapped at the width of a terminal.
        self._console.print(text, soft_wrap=True)


def _claims(claims: Mapping[str, Any]) -> dict[str, str]:
    ordered = [name for name in _FIRST if name in claims] + [name for name in claims if name not in _FIRST]
    return {name: _value(name, claims[name]) for name in ordered}


def _value(name: str, value: Any) -> str:
    if name == "rules":  # Applied in this order.
        return " → ".join(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _shortened(name, text)


def _shortened(name: str, value: str) -> str:
    if name in _SHORTENED and len(value) > 2 * _SHOWN_CHARACTERS:
        return f"{value[:_SHOWN_CHARACTERS]}… ({len(value)} characters)"
    if len(value) > _LONGEST_VALUE:
        return f"{value[: _LONGEST_VALUE // 2]}… ({len(value)} characters)"
    return value


def _path(path: str) -> str:
    """A path whose last part is a handle is shown without it."""
    head, _, last = path.rpartition("/")
    return f"{head}/{last[:_SHOWN_CHARACTERS]}…" if len(last) >= 40 else path
