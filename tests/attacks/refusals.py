"""What every refusal has to look like, in one place (threat catalogue, section 11, point 3).

``refused`` runs an attack and holds four things: status and page code, no session cookie, nothing written, and exactly
one log line of a refusal, with the right reason and no secret in it.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import requests

from broker.store.state_sqlite import SqliteState
from tests.support.world import World, has_session

# The events of which a refusal writes exactly one (threats section 0, "What is logged").
REFUSALS: Final = (
    "upstream_oidc_rejected",
    "oauth_rejected",
    "web_rejected",
    "enforcement_denied",
    "store_fault",
    "provisioning_failed",
    "session_rejected",
    "unforeseen_error",
)
# Records of the state store that let somebody in. A transaction or a pending login does not.
ADMITTING: Final = ("session", "code", "access_token", "refresh_family", "api_token")
ORGANIZATIONS: Final = ("aegean-foods", "helios-shipping", "evil-olives")
# Parts of names and addresses of the simulated people who occur in attacks. An identifier of the configuration, such
# as evil-olives, is no person's.
PERSONAL: Final = ("eleni", "markou", "mallory", "tomas", "weiss", "zoe.hart", "zoe hart", "stavros", "manos", "rigas")

_PAGE_CODE: Final = re.compile(r'id="error" data-code="([a-z_]+)"')


def refused(
    world: World,
    attack: Callable[[], requests.Response],
    *,
    status: int,
    reason: str,
    page: str | None = None,
    error: str | None = None,
    event: str = "upstream_oidc_rejected",
    browser: requests.Session | None = None,
    secrets: Iterable[str] = (),
) -> requests.Response:
    """Runs an attack that has to be refused, and gives its answer.

    ``page``: the code of an error page. ``error``: that of a protocol answer, in a redirect or as JSON. ``browser``:
    the one that must not get a session. ``secrets``: what may not be in the log nor on a page.
    """
    earlier, refusals, rows = len(world.log_text()), len(world.events(*REFUSALS)), rows_of(world)
    held = has_session(browser) if browser is not None else False
    cookies = {cookie.value or "" for cookie in browser.cookies} if browser is not None else set()
    answer = attack()
    assert answer.status_code == status, (answer.status_code, answer.text[:1500], world.events(*REFUSALS))
    if page is not None:
        assert page_code(answer) == page
    if error is not None:
        assert error_of(answer) == error
    assert "__Host-session=" not in answer.headers.get("Set-Cookie", "")
    if browser is not None:
        assert has_session(browser) == held
        cookies |= {cookie.value or "" for cookie in browser.cookies}
    assert rows_of(world) - rows == Counter(), "something was written"
    written = world.log_text()[earlier:]
    lines = world.events(*REFUSALS)[refusals:]
    assert [(line["event"], line["reason"]) for line in lines] == [(event, reason)], lines
    require_no_secret(written, {*secrets, *cookies})
    if page is not None:
        require_no_secret(answer.text, secrets)
    return answer


def require_no_secret(text: str, secrets: Iterable[str] = ()) -> None:
    """None of these is in a text, nor any part of a person's name or address."""
    lowered = text.casefold()
    for secret in (*secrets, *PERSONAL):
        # A short value is in any text by chance, and none of ours is short.
        assert len(secret) < 4 or secret.casefold() not in lowered, f"{secret!r} is in {text[:3000]}"


def rows_of(world: World) -> Counter[str]:
    """How many accounts there are, and how many records that let somebody in."""
    rows = Counter({f"account of {name}": world.accounts(name) for name in ORGANIZATIONS})
    state = world.around.state
    if not isinstance(state, SqliteState):
        raise TypeError("rows of this state store cannot be counted here")
    with closing(sqlite3.connect(state._path)) as connection:
        for kind, count in connection.execute("SELECT kind, COUNT(*) FROM record WHERE taken = 0 GROUP BY kind"):
            if kind in ADMITTING:
                rows[kind] = count
    return rows


def page_code(answer: requests.Response) -> str:
    """The code of an error page."""
    found = _PAGE_CODE.search(answer.text)
    assert found, answer.text[:1500]
    return found[1]


def error_of(answer: requests.Response) -> str | None:
    """The error of a protocol answer: of a redirect to the application, or of a JSON body."""
    if answer.is_redirect:
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query)).get("error")
    members: dict[str, Any] = answer.json()
    return members.get("error")


def retry_link(answer: requests.Response) -> str:
    """Where the page lets the person try again."""
    found = re.search(r'id="retry" href="([^"]+)"', answer.text)
    assert found, answer.text[:1500]
    return found[1]
