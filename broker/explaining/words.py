"""The words of a story: English here, Greek in the catalogue of the pages (``babel.cfg`` reads this file too)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def N_(sentence: str) -> str:  # noqa: N802 - the word by which the extraction of sentences knows it
    """Marks a sentence for translation where it is shown."""
    return sentence


# By method and route, without what is above it (a public path), in the order in which they come in a sign-in.
REQUESTS: Final[Mapping[str, str]] = {
    "GET /authorize": N_("The application asked for a sign-in"),
    "POST /authorize": N_("The application asked for a sign-in"),
    "GET /sign-in": N_("Somebody wanted to sign in to Pobuca's own pages"),
    "GET /sign-in/<handle>": N_("The sign-in page was shown"),
    "POST /sign-in/<handle>": N_("The person chose how to sign in"),
    "GET /sign-in/password": N_("The page for a Pobuca password was shown"),
    "POST /sign-in/password": N_("A Pobuca password was sent"),
    "GET /break-glass/passkey": N_("The page of the break-glass was shown"),
    "POST /break-glass/passkey": N_("A passkey was sent to the break-glass"),
    "GET /upstream/entra/callback": N_("The person came back from Microsoft"),
    "POST /upstream/entra/callback": N_("The person came back from Microsoft"),
    "POST /token": N_("The application asked for tokens"),
    "GET /userinfo": N_("The application asked for claims"),
    "POST /userinfo": N_("The application asked for claims"),
    "POST /introspect": N_("A resource server asked whether a token is good"),
}
ANOTHER_REQUEST: Final = N_("Another step")

GROUPS: Final[Mapping[str, str]] = {
    "request": N_("Who asked"),
    "upstream": N_("How the person proved themselves"),
    "require": N_("What the organisation requires of it"),
    "attributes": N_("What becomes of it in the account"),
    "gate": N_("Who may come in"),
    "admit": N_("Whom the organisation admits"),
    "provisioning": N_("The account"),
    "session": N_("The session"),
}
APPLICATION: Final = N_("The application")

OUTCOMES: Final[Mapping[str, str]] = {
    "done": N_("done"),
    "passed": N_("passed"),
    "refused": N_("refused"),
    "failed": N_("undecided"),
    "released": N_("given"),
    "withheld": N_("withheld"),
}
VERDICTS: Final[Mapping[str, str]] = {
    "signed_in": N_("signed in"),
    "refused": N_("refused"),
    "under_way": N_("not finished"),
}

# By group and name; a rule of the configuration has the name that its author gave it.
STEPS: Final[Mapping[tuple[str, str], str]] = {
    ("gate", "enforcement"): N_(
        "Rule 0: people of a federated organisation come in with Microsoft, and in no other way"
    ),
    ("gate", "epoch"): N_("Nothing from before the way in changed, or before the person was ended"),
    ("gate", "membership"): N_("The account belongs to this organisation and this person"),
    ("gate", "no_personal_accounts"): N_("No personal Microsoft account"),
    ("gate", "guests"): N_("No guest of the directory, unless the organisation admits guests"),
    ("gate", "active_account"): N_("The account is active"),
    ("gate", "party_scope"): N_("The application is for this organisation"),
    ("gate", "organization_rules"): N_("The organisation's own rules"),
    ("upstream", "sent_on"): N_("The person was sent on to sign in"),
    ("upstream", "came_back"): N_("There was an answer"),
    ("upstream", "password"): N_("The password"),
    ("provisioning", "found"): N_("The person has an account"),
    ("provisioning", "created"): N_("The account was made: it is the first sign-in"),
    ("provisioning", "linked"): N_("The account from before was linked with the directory"),
    ("session", "opened"): N_("A session was opened"),
    ("session", "resumed"): N_("There was a session that is good enough"),
    ("session", "refused"): N_("No session was opened"),
    ("session", "not_answered"): N_("The application did not get what it asked for"),
    ("upstream", "signature"): N_("The ID token was signed with one of the directory's published keys"),
    ("upstream", "id_token"): N_("The ID token is of this directory, for Pobuca, of this sign-in and of now"),
    ("upstream", "bound"): N_("The directory belongs to this organisation"),
}
# What passes between the broker and an application, whose name the group has.
OF_APPLICATIONS: Final[Mapping[str, str]] = {
    "asked": N_("It asked who somebody is"),
    "answered": N_("It was answered"),
    "code_exchanged": N_("It redeemed its code"),
    "refreshed": N_("It used a refresh token"),
    "userinfo_asked": N_("It used an access token"),
    "introspected": N_("Somebody asked whether its access token is good"),
}

# Who made a claim for which no rule is written.
BUILT_IN: Final = N_("built in")


def rank(asked: str) -> int:
    """The place of a request among ``REQUESTS``, behind all of them for one that is not there."""
    method, _, route = asked.partition(" ")
    for number, known in enumerate(REQUESTS):
        known_method, _, known_route = known.partition(" ")
        if method == known_method and route.endswith(known_route):
            return number
    return len(REQUESTS)
