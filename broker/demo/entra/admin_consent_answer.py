"""What the application is told of an admin consent: a redirect that anybody could have typed (entra-id reference 3.1).

Success and failure look different at the two endpoints, and ``ConsentForgery`` makes them look like something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Response
from werkzeug.datastructures import Headers

from broker.demo.entra.authorize_request import AdminConsent, ReplyAddress
from broker.demo.entra.consent_forgery import ConsentForgery
from broker.demo.entra.errors import EntraError, as_parameters, description
from broker.demo.entra.no_store import no_store
from broker.demo.entra.state import Simulator
from broker.demo.entra.timing import moment_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Pairs = list[tuple[str, str]]


class _Redirect(Response):
    """The address goes out as it is: tidying up would take away a fragment that is empty."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        headers = super().get_wsgi_headers(environ)
        headers["Location"] = self.headers["Location"]
        return headers


def consent_given(
    reply: ReplyAddress, consent: AdminConsent, tenant_id: str, forgery: ConsentForgery | None
) -> Response:
    """No code, no token, no signature comes along."""
    if consent.version == 1:
        said: Pairs = [("tenant", tenant_id), *_state(reply), ("admin_consent", "True")]
    else:
        said = [("admin_consent", "True"), ("tenant", tenant_id), ("scope", consent.scope), *_state(reply)]
    return _send(reply, said if forgery is None else forgery.applied(said))


def consent_refused(simulator: Simulator, reply: ReplyAddress, consent_version: int, error: EntraError) -> Response:
    """Without ``tenant``; the v2.0 endpoint says ``admin_consent=True`` nevertheless."""
    response = _send(reply, refused_pairs(simulator, reply, consent_version, error))
    response.headers["x-ms-clitelem"] = f"1,{error.code},0,,"
    return response


def refused_pairs(simulator: Simulator, reply: ReplyAddress, consent_version: int, error: EntraError) -> Pairs:
    if consent_version == 1:
        # The documented shape, which does not even give the state back.
        return [("error", "permission_denied"), ("error_description", description(error, moment_of()))]
    told = list(as_parameters(error, moment_of(), simulator.base_url).items())
    if simulator.settings.admin_consent_failure == "documented":
        shown = [pair for pair in told if pair[0] in ("error", "error_description")]
        return [("admin_consent", "True"), *shown, *_state(reply)]
    return [*told, ("admin_consent", "True"), *_state(reply)]


def address_of(reply: ReplyAddress, said: Pairs) -> str:
    joint = "&" if "?" in reply.redirect_uri else "?"
    return f"{reply.redirect_uri}{joint}{urlencode(said)}"


def _state(reply: ReplyAddress) -> Pairs:
    return [] if reply.state is None else [("state", reply.state)]


def _send(reply: ReplyAddress, said: Pairs) -> Response:
    failed = any(name == "error" for name, _ in said)
    # Observed: a failure ends in a bare number sign (entra-id reference 3.1).
    response = _Redirect(status=302)
    response.headers["Location"] = address_of(reply, said) + ("#" if failed else "")
    return no_store(response)
