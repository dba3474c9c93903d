"""The other side of provisioning hooks: an application in the same process, and a real receiver of webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from broker.clock import Clock, epoch_seconds
from broker.http_client import HttpClient
from broker.identity import Secret
from broker.provisioning.consulting import Consulting
from broker.provisioning.hooks import Answer, Event, Hook
from tests.support.https import Answer as HttpAnswer
from tests.support.https import LocalHttps, Received, certificate

KEY: Final = b"key of the account ids in tests"
SECRET: Final = "whsec_" + base64.b64encode(b"the receiver and the broker know").decode()
OLD_SECRET: Final = "whsec_" + base64.b64encode(b"what they both knew before this.").decode()
NEVER: Final = timedelta(minutes=1)
"""Longer than any test waits."""


class FixedHooks:
    """``Hooks`` over given values."""

    def __init__(self, **hooks: Hook) -> None:
        """``aegean_foods=hook`` or more of them: by organisation, each with one hook."""
        self.by_organization = {name.replace("_", "-"): [hook] for name, hook in hooks.items()}

    def of(self, organization: str) -> list[Hook]:
        return self.by_organization.get(organization, [])


class Here:
    """``Application`` in this process, which does what it is told to and keeps what it heard."""

    def __init__(self, behave: Callable[[Event], Any] = lambda _: Answer()) -> None:
        self.behave = behave
        self.asked: list[tuple[Event, timedelta]] = []
        self.told: list[Event] = []

    def ask(self, event: Event, within: timedelta) -> Answer:
        self.asked.append((event, within))
        answer: Answer = self.behave(event)
        return answer

    def tell(self, event: Event, within: timedelta) -> None:
        del within
        self.told.append(event)
        self.behave(event)


def consulting(clock: Clock, *hooks: Hook, organization: str = "aegean-foods") -> Consulting:
    """The flow over these hooks."""
    fixed = FixedHooks()
    fixed.by_organization[organization] = list(hooks)
    return Consulting(fixed, clock, key=KEY)


def client(within: timedelta = NEVER) -> HttpClient:
    """The one outbound client, allowed to call this machine."""
    return HttpClient(
        allowed_private_addresses=("127.0.0.0/8", "::1/128"), ca_bundle=str(certificate()[0]), timeout=within
    )


class Receiver:
    """An application that receives webhooks as docs/provisioning.md tells its developers: it verifies, it does what is
    to be done once for each id, and only then it answers. Its own code, its own clock and memory.

    ``answer`` may be exchanged at any time: it gets the number of the call and the body, and what it returns is
    answered, after the event was taken if it is a success.
    """

    def __init__(self, clock: Clock, *secrets: str) -> None:
        self._clock = clock
        self._secrets = [base64.b64decode(each.removeprefix("whsec_")) for each in secrets or (SECRET,)]
        self._lock = threading.Lock()
        self._server: LocalHttps | None = None
        self._port = 0
        self.answer: Callable[[int, Mapping[str, Any]], HttpAnswer] = lambda _number, _body: HttpAnswer()
        self.calls = 0
        self.unsigned = 0
        self.taken: dict[str, dict[str, Any]] = {}
        self.effects: list[str] = []

    def __enter__(self) -> Receiver:
        self.come_back()
        return self

    def __exit__(self, *_: object) -> None:
        self.be_killed()

    @property
    def url(self) -> str:
        return f"https://localhost:{self._port}/hooks/accounts"

    def come_back(self) -> None:
        """Listens again where it did."""
        self._server = LocalHttps(self._receive, port=self._port)
        self._server.__enter__()
        self._port = self._server.port

    def be_killed(self) -> None:
        if self._server is not None:
            self._server.__exit__(None, None, None)
            self._server = None

    def _receive(self, received: Received) -> HttpAnswer:
        with self._lock:
            self.calls += 1
            number = self.calls
        if not self.is_signed(received.headers, received.body):
            self.unsigned += 1
            return HttpAnswer(401)
        body = json.loads(received.body)
        answer = self.answer(number, body)
        if 200 <= answer.status < 300:
            self._take(received.headers["webhook-id"], body)
        return answer

    def take(self, message_id: str, body: Mapping[str, Any]) -> None:
        """Does what is to be done; for an ``answer`` that loses its way afterwards."""
        self._take(message_id, dict(body))

    def _take(self, message_id: str, body: dict[str, Any]) -> None:
        with self._lock:
            if message_id not in self.taken:
                self.effects.append(body["data"]["account_id"])
            self.taken[message_id] = body

    def is_signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        """By one of its secrets, within five minutes (Standard Webhooks, "Verifying webhook authenticity")."""
        message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not stamp.isdigit() or abs(epoch_seconds(self._clock.now()) - int(stamp)) > 300:
            return False
        signed = f"{message_id}.{stamp}.".encode() + body
        expected = [
            "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
            for secret in self._secrets
        ]
        given = headers.get("webhook-signature", "").split(" ")
        return any(hmac.compare_digest(one, other) for one in expected for other in given)


def secrets(*values: str) -> list[Secret]:
    return [Secret(value) for value in values or (SECRET,)]


def webhook(folder: Path, url: str, name: str = "connect", **changes: Any) -> dict[str, Any]:
    """A webhook as a file of an organisation names it; its secret stands in a file of ``folder``."""
    secret = folder / "hook.secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    return {"kind": "webhook", "name": name, "url": url, "secret": f"file:{secret}", **changes}


def install_package(folder: Path, code: str, **points: str) -> None:
    """Leaves a package in ``folder`` as pip would: the module ``acme_hooks`` with this code, and its entry points."""
    about = folder / "acme_hooks-1.0.dist-info"
    about.mkdir(parents=True)
    (folder / "acme_hooks.py").write_text(code)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-hooks\nVersion: 1.0\n")
    lines = [f"{name} = acme_hooks:{target}" for name, target in points.items()]
    (about / "entry_points.txt").write_text("\n".join(["[pobuca_broker.provisioning_hooks]", *lines, ""]))
