"""A device that has passkeys, for a visitor's browser."""

from __future__ import annotations

from tests.browser.visitor import Visitor


def with_a_device(visitor: Visitor) -> None:
    """It knows its owner, and always says yes."""
    devices = visitor.context.new_cdp_session(visitor.page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})
