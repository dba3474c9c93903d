"""How loud the break-glass is: the log at its highest level, and letters to the people who have to know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

import structlog

from broker.identity import Account
from broker.mail import Letter, Mailer, NotSent
from broker.organizations import ADMINISTRATOR, Organizations
from broker.store.directory import Directory, DirectoryUnavailable
from broker.store.federations import BreakGlassWindow

_PAGE: Final = 200
_log = structlog.get_logger()

# By kind and language: subject and text. Names of people are not in them; the audit trail has the account.
_TEXTS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "opened": {
        "en": (
            "The break-glass of {organization} is open",
            ("An operator of Pobuca has opened the break-glass of {organization}, until {until}.\n\n"
            "Until then the people named for it can sign in with a passkey and without Microsoft. Nobody else can.\n\n"
            "If you did not ask for this, answer at once and have it closed.\n"),
        ),
        "el": (
            "Άνοιξε η έκτακτη πρόσβαση: {organization}",
            ("Ένας χειριστής της Pobuca άνοιξε την έκτακτη πρόσβαση ({organization}) έως {until}.\n\n"
            "Έως τότε τα άτομα που έχουν οριστεί μπορούν να συνδεθούν με κλειδί πρόσβασης, χωρίς Microsoft. "
            "Κανείς άλλος.\n\n"
            "Αν δεν το ζητήσατε, απαντήστε αμέσως και ζητήστε να κλείσει.\n"),
        ),
    },
    "used": {
        "en": (
            "Somebody came in through the break-glass of {organization}",
            ("At {at} a person named for it signed in through the break-glass of {organization}, with a passkey and "
            "without Microsoft. The audit trail says who.\n\n"
            "If you did not expect this, ask your operator of Pobuca at once to close it.\n"),
        ),
        "el": (
            "Κάποιος συνδέθηκε με την έκτακτη πρόσβαση: {organization}",
            ("Στις {at} ένα άτομο που έχει οριστεί συνδέθηκε με την έκτακτη πρόσβαση ({organization}), με κλειδί "
            "πρόσβασης και χωρίς Microsoft. Το ποιος φαίνεται στο αρχείο ελέγχου.\n\n"
            "Αν δεν το περιμένατε, ζητήστε αμέσως από τον χειριστή της Pobuca να την κλείσει.\n"),
        ),
    },
    "named": {
        "en": (
            "You are named for the break-glass of {organization}",
            ("If Microsoft cannot let anybody in one day, you shall be able to sign in to Pobuca with a passkey.\n\n"
            "Register one and rehearse with it now, and every 90 days:\n{link}\n"),
        ),
        "el": (
            "Οριστήκατε για την έκτακτη πρόσβαση: {organization}",
            ("Αν κάποια μέρα η Microsoft δεν μπορεί να συνδέσει κανέναν, εσείς θα μπορείτε να συνδεθείτε στην Pobuca "
            "με κλειδί πρόσβασης.\n\n"
            "Καταχωρίστε ένα και κάντε δοκιμή τώρα, και κάθε 90 ημέρες:\n{link}\n"),
        ),
    },
    "rehearse": {
        "en": (
            "Rehearse the break-glass of {organization}",
            ("It is time to rehearse: a passkey that nobody has tried for 90 days opens nothing.\n\n"
            "It takes a minute:\n{link}\n"),
        ),
        "el": (
            "Δοκιμή της έκτακτης πρόσβασης: {organization}",
            ("Είναι ώρα για δοκιμή: ένα κλειδί πρόσβασης που δεν δοκιμάστηκε για 90 ημέρες δεν ανοίγει τίποτα.\n\n"
            "Χρειάζεται ένα λεπτό:\n{link}\n"),
        ),
    },
}


class Alarm:
    """Raises it. A letter that cannot be sent is logged, and stops nothing: the audit trail has been told before."""

    def __init__(
        self,
        *,
        mailer: Mailer,
        directory: Directory,
        organizations: Organizations,
        public_url: str,
        default_language: str = "en",
    ) -> None:
        self._mailer = mailer
        self._directory = directory
        self._organizations = organizations
        self._public_url = public_url
        self._default_language = default_language

    def opened(self, window: BreakGlassWindow) -> None:
        """To every administrator of the organisation."""
        _log.error(
            "break_glass_opened", org=window.organization, until=_written(window.closes_at), people=len(window.people)
        )
        self._tell_administrators("opened", window.organization, until=_written(window.closes_at))

    def used(self, account: Account, at: datetime) -> None:
        """To every administrator of the organisation."""
        _log.error("break_glass_used", org=account.organization, account=account.id)
        self._tell_administrators("used", account.organization, at=_written(at))

    def named(self, account: Account) -> None:
        """To that person."""
        self._write("named", account, link=f"{self._public_url}/break-glass/passkeys")

    def rehearsal_due(self, account: Account, days: int | None) -> None:
        """To that person. ``days`` since the last rehearsal, None if there was none."""
        _log.warning("break_glass_rehearsal_due", org=account.organization, account=account.id, days=days)
        self._write("rehearse", account, link=f"{self._public_url}/break-glass/passkeys")

    def _tell_administrators(self, kind: str, organization: str, **words: str) -> None:
        try:
            for account in self._administrators(organization):
                self._write(kind, account, **words)
        except DirectoryUnavailable as error:
            _log.error("letter_not_sent", reason="store", kind=kind, detail=str(error))

    def _administrators(self, organization: str) -> Iterator[Account]:
        after: tuple[str, str] | None = None
        while page := self._directory.accounts(organization, after=after, limit=_PAGE):
            yield from (account for account in page if account.role == ADMINISTRATOR and account.active)
            after = (page[-1].display_name, page[-1].id)

    def _write(self, kind: str, account: Account, **words: str) -> None:
        if account.email is None:
            return
        organization = self._organizations.get(account.organization)
        language = (organization.default_language if organization else None) or self._default_language
        name = organization.display_name if organization else account.organization
        parts = _TEXTS[kind].get(language, _TEXTS[kind]["en"])
        subject, text = (part.format(organization=name, **words) for part in parts)
        try:
            self._mailer.send(Letter(account.email, subject, text))
        except (NotSent, ValueError) as error:
            _log.error("letter_not_sent", reason="mail", kind=kind, detail=str(error))


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
