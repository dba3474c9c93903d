"""What the letters say, in English and Greek. Plain text: a link that is seen is a link that can be judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import structlog

from broker.identity import Account
from broker.mail import Letter, NotSent
from broker.membership.ports import Ports
from broker.organizations import Organization

_TEXTS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "reset": {
        "en": (
            "Choose a new Pobuca password",
            ("Somebody asked for a new password for your Pobuca account.\n\n"
             "Choose one here, within {minutes} minutes:\n{link}\n\n"
             "If it was not you, do nothing: your password stays as it is.\n"),
        ),
        "el": (
            "Επιλέξτε νέο κωδικό για την Pobuca",
            ("Κάποιος ζήτησε νέο κωδικό για τον λογαριασμό σας στην Pobuca.\n\n"
             "Επιλέξτε έναν εδώ, μέσα σε {minutes} λεπτά:\n{link}\n\n"
             "Αν δεν ήσασταν εσείς, μην κάνετε τίποτα: ο κωδικός σας μένει όπως είναι.\n"),
        ),
    },
    "password_changed": {
        "en": (
            "Your Pobuca password was changed",
            ("The password of your Pobuca account was changed just now, and you were signed out everywhere.\n\n"
             "If it was not you, choose a new one at once and tell your administrator:\n{link}\n"),
        ),
        "el": (
            "Ο κωδικός σας στην Pobuca άλλαξε",
            ("Ο κωδικός του λογαριασμού σας στην Pobuca άλλαξε μόλις τώρα και αποσυνδεθήκατε από παντού.\n\n"
             "Αν δεν ήσασταν εσείς, επιλέξτε αμέσως νέο και ενημερώστε τον διαχειριστή σας:\n{link}\n"),
        ),
    },
    "app_password_added": {
        "en": (
            "A new app password for your Pobuca account",
            ("An app password was made for your Pobuca account just now.\n\n"
             "If it was not you, delete it on your account page and change your password:\n{link}\n"),
        ),
        "el": (
            "Νέος κωδικός εφαρμογής για τον λογαριασμό σας στην Pobuca",
            ("Μόλις τώρα δημιουργήθηκε κωδικός εφαρμογής για τον λογαριασμό σας στην Pobuca.\n\n"
             "Αν δεν ήσασταν εσείς, διαγράψτε τον στη σελίδα του λογαριασμού σας και αλλάξτε τον κωδικό σας:\n"
             "{link}\n"),
        ),
    },
    "invitation": {
        "en": (
            "{organization} invites you to Pobuca",
            ("{organization} invites you to work with them in Pobuca.\n\n"
             "Accept here, within {days} days:\n{link}\n\n"
             "If you do not know {organization}, do nothing.\n"),
        ),
        "el": (
            "Πρόσκληση στην Pobuca: {organization}",
            ("Ο οργανισμός {organization} σας προσκαλεί να συνεργαστείτε στην Pobuca.\n\n"
             "Αποδεχτείτε την πρόσκληση εδώ, μέσα σε {days} ημέρες:\n{link}\n\n"
             "Αν δεν γνωρίζετε αυτόν τον οργανισμό, μην κάνετε τίποτα.\n"),
        ),
    },
}

_log = structlog.get_logger()


def send(ports: Ports, kind: str, to: str, language: str, **words: object) -> bool:
    """Sends a letter of a kind; False if it could not be accepted, which is logged."""
    subject, text = _TEXTS[kind][language]
    letter = Letter(to, subject.format(**words), text.format(**words))
    try:
        ports.mailer.send(letter)
    except NotSent as error:
        _log.error("letter_not_sent", reason="mail", kind=kind, detail=str(error))
        return False
    return True


def language_of(ports: Ports, account: Account | None, organization: Organization | None) -> str:
    """The language in which somebody is written to: their own, else the organisation's, else the usual one."""
    own = account.attributes.get("language") if account is not None else None
    usual = organization.default_language if organization is not None else None
    for tag in (own, usual):
        language = (tag or "").partition("-")[0].lower()
        if language in ("en", "el"):
            return language
    return ports.default_language
