"""A ``Wire`` to the running broker, over the network as any browser or application comes to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from broker.http_client import HttpClient, HttpFailure
from broker.proving.wire import WireAnswer, WireDown
from broker.web.wire import cookie_of

# The broker may listen on this machine or behind a name of the internal network: the operator's own service is the one
# place to which this command goes.
ANYWHERE: Final = ("0.0.0.0/0", "::/0")


class HttpWire:
    """Speaks TLS to the public URL, and verifies it."""

    def __init__(self, http: HttpClient, public_url: str) -> None:
        self._http = http
        self._public_url = public_url

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
        sent = {"Accept": "text/html, application/json;q=0.9", **(headers or {})}
        if cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        url = f"{self._public_url}{path}"
        try:
            if method == "GET":
                answer = self._http.get(url, headers=sent)
            elif json_body is not None:
                answer = self._http.post_json(url, json_body, headers=sent)
            else:
                answer = self._http.post_form(url, form or {}, headers=sent)
        except HttpFailure as failure:
            raise WireDown(str(failure)) from failure
        set_cookies = {name: value for line in answer.set_cookies for name, value in cookie_of(line).items()}
        return WireAnswer(answer.status, answer.headers, set_cookies, answer.body.decode("utf-8", "replace"))
