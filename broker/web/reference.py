"""The reference id of a request: shown on error pages, and in every log line of that request."""

from __future__ import annotations

from typing import Final

import structlog
from flask import Flask, g, request

from broker import tracing
from broker.entropy import Entropy, readable

# Set in the environment of a request that a proof of enforcement makes inside this process; nobody else can set it.
PROOF: Final = "pobuca.proof"


def install(app: Flask, entropy: Entropy) -> None:
    """Gives every request its id."""

    def begin() -> None:
        g.ref = readable(entropy.token(8))
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(ref=g.ref)
        if PROOF in request.environ:
            structlog.contextvars.bind_contextvars(proof=True)

    app.before_request(begin)


def current() -> str:
    """The id of the request at hand, such as ``7K2M-Q4XD``."""
    ref: str = g.get("ref", "0000-0000")
    return ref


def shown() -> str:
    """What a person is given to tell us: the id of the sign-in, which explains all of it, or else of the request."""
    return tracing.sign_in() or current()
