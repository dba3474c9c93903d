"""The caching headers of the token endpoint (entra-id reference 1.6)."""

from __future__ import annotations

from flask import Response


def no_store(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store, no-cache"
    response.headers["Pragma"] = "no-cache"
    response.headers["Expires"] = "-1"
    return response
