"""What all pages share: how they are made, and the headers that keep them where they belong."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from typing import Any, Final

from flask import Response, make_response, render_template

from broker.demo.entra.errors import EntraError, correlation_id, timestamp, trace_id
from broker.demo.entra.no_store import no_store
from broker.demo.entra.timing import moment_of

# The only scripts there are, in form_post.html and signed_out.html.
SUBMIT_SCRIPT: Final = "document.forms[0].submit()"
CONTINUE_SCRIPT: Final = 'addEventListener("load", () => location.replace(document.getElementById("continue").href))'
_HASHES: Final = " ".join(
    f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
    for script in (SUBMIT_SCRIPT, CONTINUE_SCRIPT)
)

# No form-action: chromium applies it to the redirects after a form as well, and these go to applications anywhere.
_POLICY: Final = f"default-src 'none'; style-src 'self'; img-src 'self' data:; script-src {_HASHES}; base-uri 'none'"


def page(
    template: str, status: int = 200, *, framed: bool = False, framing: Iterable[str] = (), **said: Any
) -> Response:
    """A page that is never stored. ``framed``: other sites may have it in a frame, as silent sign-ins need.

    ``framing``: origins that it has in frames itself.
    """
    response = no_store(make_response(render_template(template, **said), status))
    policy = "; ".join((_POLICY, *([f"frame-src {' '.join(framing)}"] if framing else [])))
    response.headers["Content-Security-Policy"] = policy if framed else f"{policy}; frame-ancestors 'none'"
    response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    return response


def error_page(error: EntraError, *, another_account_url: str = "", return_url: str = "") -> Response:
    """The page on which a sign-in ends without an answer to the application (entra-id reference 2.2)."""
    return page(
        "error.html",
        400 if error.status < 500 else error.status,
        error=error,
        trace_id=trace_id(),
        correlation_id=correlation_id(),
        timestamp=timestamp(moment_of()),
        another_account_url=another_account_url,
        return_url=return_url,
    )
