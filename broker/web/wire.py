"""A ``Wire`` to an application in this very process: no socket, but every layer of it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers
from werkzeug.http import parse_cookie
from werkzeug.test import Client, EnvironBuilder

from broker.doors import HasRoutes
from broker.proving.wire import WireAnswer, WireDown
from broker.web.reference import PROOF

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# From the documentation's range (RFC 5737), so that nobody's rate limits are used up by a proof; and another one for
# each wire.
_ADDRESSES: Final = itertools.cycle(f"192.0.2.{last}" for last in range(1, 255))


class Application(HasRoutes, Protocol):
    """A web application that can be called here, and says what its routes are."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]: ...


class InProcessWire:
    """Each request runs in a thread of its own, so that it knows nothing of the request it is sent from."""

    def __init__(self, application: Application, public_url: str) -> None:
        self._application = application
        self._public_url = public_url
        self._address = next(_ADDRESSES)

    def send(
        self,
        method: str,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        json_body: Any = None,
        cookies: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> WireAnswer:
        parts = urlsplit(f"{self._public_url}{path}")
        sent = dict(headers or {})
        if cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        builder = EnvironBuilder(
            method=method,
            path=parts.path,
            query_string=parts.query,
            base_url=f"{parts.scheme}://{parts.netloc}/",
            data=dict(form) if form is not None else None,
            json=json_body,
            headers=Headers(sent),
            environ_base={"REMOTE_ADDR": self._address, PROOF: True},
        )
        answers: list[WireAnswer] = []

        def run() -> None:
            response = Client(self._application, use_cookies=False).open(builder)
            set_cookies = {
                name: value
                for line in response.headers.getlist("Set-Cookie")
                for name, value in cookie_of(line).items()
            }
            fields = {name.lower(): value for name, value in response.headers.items()}
            answers.append(WireAnswer(response.status_code, fields, set_cookies, response.get_data(as_text=True)))

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if not answers:
            raise WireDown(f"{method} {parts.path}")
        return answers[0]


def cookie_of(set_cookie: str) -> dict[str, str]:
    """The name and value of a ``Set-Cookie`` line, without its attributes; the empty value when it takes one away."""
    pair, _, attributes = set_cookie.partition(";")
    name, value = next(iter(parse_cookie(pair).items()), ("", ""))
    return {name: "" if "max-age=0" in attributes.lower() else value} if name else {}
