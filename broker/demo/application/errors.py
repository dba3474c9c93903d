"""Why a sign-in failed, and what the page says about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


class SignInFailed(Exception):
    """``code`` is the provider's error code, or one of ours from the table below."""

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__(code)
        self.code = code[:64]
        self.description = description[:300]


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence for the person and a remark for the developer who tries this application."""

    sentence: str
    remark: str


_UNKNOWN: Final = Said("You are not signed in.", "The provider answered with this error code.")

_TABLE: Final = {
    "login_required": Said(
        "You are not signed in at Pobuca.",
        "This is the right answer to prompt=none when there is no session that is good enough.",
    ),
    "interaction_required": Said(
        "Pobuca needs to show you something first.", "With prompt=none no page may be shown, so this is the answer."
    ),
    "access_denied": Said(
        "You are not signed in.", "The person went back, or this application is not for the person's organisation."
    ),
    "temporarily_unavailable": Said("Pobuca is busy. Try again in a moment.", "The provider asks to come back later."),
    "unmet_authentication_requirements": Said(
        "The sign-in was not as strong or as fresh as asked.",
        "The requested acr or max_age could not be reached (OpenID Connect Core, Unmet Authentication Requirements).",
    ),
    "state_unknown": Said(
        "This sign-in was not started here, or it was finished already.",
        "The state is not one that this browser started: going back to an old answer looks like this, and so does an"
        " attack.",
    ),
    "issuer_mismatch": Said(
        "The answer came from somewhere else.",
        "The iss parameter or the discovery document does not name the issuer that was configured (RFC 9207).",
    ),
    "id_token_rejected": Said(
        "The answer could not be verified.", "A rule of OpenID Connect Core 3.1.3.7 does not hold for the ID token."
    ),
    "userinfo_of_another": Said(
        "The answer could not be verified.", "Userinfo has another sub than the ID token (OpenID Connect Core 5.3.2)."
    ),
    "provider_unavailable": Said(
        "Pobuca cannot be reached. Try again in a moment.",
        "Discovery, token, keys or userinfo gave no usable answer; see the log of the broker.",
    ),
}


def explain(code: str) -> Said:
    """What to say about an error code."""
    return _TABLE.get(code, _UNKNOWN)
