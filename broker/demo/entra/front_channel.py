"""Front-channel sign-out: hidden frames that tell every application of a session that it is over (reference 5)."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode, urlsplit

from broker.demo.entra.sessions import SignedInAccount
from broker.demo.entra.state import Simulator


def sign_out_addresses(simulator: Simulator, sessions: Iterable[SignedInAccount]) -> list[str]:
    """One for every application that was signed in to and has registered an address: with ``sid`` and nothing else.

    A switch adds ``iss``, which few have ever seen.
    """
    found: dict[str, None] = {}
    for session in sessions:
        for client_id, tenant_id in session.applications:
            registration = simulator.directory.registration(client_id)
            address = registration.front_channel_logout_url if registration else None
            if address is None:
                continue
            said = {"sid": session.sid}
            if simulator.settings.front_channel_iss:
                said = {"iss": f"{simulator.base_url}/{tenant_id}/v2.0", **said}
            found[f"{address}{'&' if '?' in address else '?'}{urlencode(said)}"] = None
    return list(found)


def origins(addresses: Iterable[str]) -> list[str]:
    """For a page's policy: who may be in its frames."""
    parts = (urlsplit(address) for address in addresses)
    return list(dict.fromkeys(f"{part.scheme}://{part.netloc}" for part in parts))
