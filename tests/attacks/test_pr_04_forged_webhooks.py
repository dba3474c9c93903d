"""PR-04: word of an account that nobody of ours sent, or that was sent before, is nothing to a receiver that does as
docs/provisioning.md says; here with the receiver's code of that page.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from broker.clock import ManualClock
from broker.hooks.webhook import WebhookApplication
from broker.provisioning.hooks import CREATED, Event
from tests.support.hooks import NEVER, OLD_SECRET, SECRET, client, secrets
from tests.support.https import LocalHttps, Received
from tests.support.people import NOW

PAGE = Path(__file__).parents[2] / "docs" / "provisioning.md"
Verify = Callable[[list[str], Any, bytes, float], str | None]


@pytest.fixture
def verify() -> Verify:
    """The function of the page."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(textwrap.dedent(code), names)  # noqa: S102 - our own page
    found: Verify = names["verified"]
    return found


@pytest.fixture
def sent() -> Iterator[Received]:
    """What the broker sends while its secret is being changed."""
    with LocalHttps() as server, closing(client()) as http:
        application = WebhookApplication(http, ManualClock(NOW), server.origin, secrets(SECRET, OLD_SECRET))
        application.tell(Event("evt_1", CREATED, "aegean-foods", "account-1", NOW, {"first_name": "Ελένη"}), NEVER)
        [received] = server.received
        yield received


def test_pr_04_what_the_broker_sends_is_believed_with_either_secret(verify: Verify, sent: Received) -> None:
    for known in ([SECRET], [OLD_SECRET], [OLD_SECRET, SECRET]):
        assert verify(known, sent.headers, sent.body, NOW.timestamp()) == "evt_1"
    assert verify([SECRET], sent.headers, sent.body, NOW.timestamp() + 299) == "evt_1"


def test_pr_04_what_is_forged_changed_or_late_is_not(verify: Verify, sent: Received) -> None:
    now = NOW.timestamp()
    other = "whsec_" + "A" * 43 + "="
    signature = sent.headers["webhook-signature"]
    forgeries: list[tuple[list[str], dict[str, str], bytes, float]] = [
        ([other], sent.headers, sent.body, now),
        ([], sent.headers, sent.body, now),
        ([SECRET], sent.headers, sent.body + b" ", now),
        ([SECRET], sent.headers, sent.body.replace(b"account-1", b"account-2"), now),
        ([SECRET], sent.headers | {"webhook-id": "evt_2"}, sent.body, now),
        ([SECRET], sent.headers | {"webhook-timestamp": str(int(now) + 1)}, sent.body, now),
        ([SECRET], sent.headers | {"webhook-timestamp": "soon"}, sent.body, now),
        ([SECRET], sent.headers | {"webhook-signature": ""}, sent.body, now),
        ([SECRET], sent.headers | {"webhook-signature": signature.replace("v1,", "v0,")}, sent.body, now),
        ([SECRET], sent.headers, sent.body, now + 301),
        ([SECRET], sent.headers, sent.body, now - 301),
    ]
    forgeries += [
        ([SECRET], {name: value for name, value in sent.headers.items() if name != missing}, sent.body, now)
        for missing in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ]
    for number, (known, headers, body, at) in enumerate(forgeries):
        assert verify(known, headers, body, at) is None, number
