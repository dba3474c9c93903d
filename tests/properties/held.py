"""What holds of every answer, whatever was sent (issue "Bad input", threats G6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from hypothesis import HealthCheck, Phase, settings
from werkzeug.test import TestResponse

from tests.attacks.answers import in_process, require_headers
from tests.attacks.refusals import rows_of
from tests.support.world import ELENI, PARTIES, World

# The same examples in every run, so that a run says something about the code and not about luck.
bounded: Final = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
_REGISTERED: Final = tuple(uri for party in PARTIES for uri in party["redirect_uris"])
_LOOPBACK: Final = re.compile(r"http://127\.0\.0\.1(:[0-9]{1,5})?/callback\?", re.ASCII)
# Our own pages, by a handle of ours.
_OWN: Final = re.compile(r"/(sign-in/[A-Za-z0-9_-]{43})?\Z", re.ASCII)


class Held:
    """A broker, one person's session and tokens, and the records that there were before the first example."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.browser, self.tokens = world.signed_in()
        self._rows = rows_of(world)
        self._logged = 0

    def ask(self, path: str, **request: Any) -> TestResponse:
        """One request without sockets; its answer, after everything that holds has been seen to hold."""
        answer: TestResponse = in_process(self.world)(path, **request)
        self.require(answer)
        return answer

    def require(self, answer: TestResponse) -> None:
        """No 5xx, no foreign address, no session, all headers, nothing written, and no rule that was missing."""
        assert answer.status_code < 500, answer.text
        require_headers(answer)
        self.require_known_address(answer.headers.get("Location"))
        assert not re.search(r"__Host-session=[^;]", ";".join(answer.headers.getlist("Set-Cookie")))
        assert answer.status_code in (200, 303) or "Location" not in answer.headers
        self.require_unchanged()

    def require_unchanged(self) -> None:
        """No record came or went, and nothing was caught by the last net only."""
        log = self.world.log_text()
        said, self._logged = log[self._logged :], len(log)
        assert "unforeseen" not in said, said
        assert rows_of(self.world) == self._rows

    def require_known_address(self, location: str | None) -> None:
        """A redirect leads to a registered address, to the upstream's authorization endpoint, or to a page of ours."""
        if location is None:
            return
        registered = location.startswith(tuple(f"{uri}?" for uri in _REGISTERED)) or _LOOPBACK.match(location)
        upstream = location.startswith(self.world.simulator_url + "/") and "/oauth2/v2.0/authorize?" in location
        assert registered or upstream or _OWN.match(location), location
        assert location.isascii()
        assert location.isprintable()

    def begun(self) -> tuple[str, Mapping[str, str]]:
        """The state of a login that waits for the upstream, and the Cookie header of its browser."""
        url = self.world.authorize_url(login_hint=ELENI, prompt="login")
        answer = self.ask("/authorize", query_string=urlsplit(url).query)
        (state,) = parse_qs(urlsplit(answer.headers["Location"]).query)["state"]
        return state, {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}

    def recount(self) -> None:
        """Takes what is there now as what has to stay."""
        self._rows = rows_of(self.world)
