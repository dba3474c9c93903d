"""Begins the record of each request, and hands it over when the answer has been given (``broker.explaining``)."""

from __future__ import annotations

from functools import partial
from typing import Final

from flask import Flask, Response, g, request

from broker import tracing
from broker.clock import Clock
from broker.explaining.recorder import Asked, Recorder
from broker.web import reference

# What an application may ask as often as it likes, long after the sign-in.
_REPEATS: Final = frozenset({"oidc.userinfo", "oidc.introspection"})


def install(app: Flask, recorder: Recorder, clock: Clock) -> None:
    """Has to come before everything else that is installed, so that nothing of a request is missed."""

    def begin() -> None:
        g.began = clock.now()
        tracing.begin()

    def end(response: Response) -> Response:
        record = tracing.end()
        if record is None or not record.sign_in or reference.PROOF in request.environ:
            return response  # A proof of enforcement tries doors, and signs nobody in.
        route = request.url_rule.rule if request.url_rule is not None else "?"
        asked = Asked(reference.current(), f"{request.method} {route}", g.began, response.status_code, _repeats())
        # When the answer has been written, so that nobody waits for this.
        response.call_on_close(partial(recorder.keep, record, asked))
        return response

    app.before_request(begin)
    app.after_request(end)


def _repeats() -> bool:
    if request.endpoint in _REPEATS:
        return True
    return request.endpoint == "oidc.token" and request.form.get("grant_type") == "refresh_token"
