"""Letters to the administrators of an organisation: what happened to its way in, so that nothing happens quietly
(threats FE-20).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

import structlog

from broker.identity import Account
from broker.mail import Letter, Mailer, NotSent
from broker.organizations import ADMINISTRATOR, Organization
from broker.store.directory import Directory

Kind = Literal["enforced", "disconnection_scheduled", "disconnection_called_off", "disconnected"]

# Accounts read at a time.
_PAGE: Final = 200

_TEXTS: Final[Mapping[Kind, Mapping[str, tuple[str, str]]]] = {
    "enforced": {
        "en": (
            "{organization} signs in to Pobuca with Microsoft from now on",
            (
                "{who} switched on Sign on with AD for {organization}.\n\n"
                "From now on everybody signs in with their Microsoft account, and in no other way. Pobuca passwords,\n"
                "app passwords, open invitations and all open sessions have ended.\n\n"
                "The state of the connection is here:\n{link}\n"
            ),
        ),
        "el": (
            "{organization}: η σύνδεση στην Pobuca γίνεται πλέον με Microsoft",
            (
                "{who} ενεργοποίησε το Sign on with AD για τον οργανισμό {organization}.\n\n"
                "Από τώρα όλοι συνδέονται με τον λογαριασμό τους Microsoft και με κανέναν άλλο τρόπο. Οι κωδικοί\n"
                "Pobuca, οι κωδικοί εφαρμογών, οι ανοιχτές προσκλήσεις και όλες οι ανοιχτές συνδέσεις έληξαν.\n\n"
                "Η κατάσταση της σύνδεσης βρίσκεται εδώ:\n{link}\n"
            ),
        ),
    },
    "disconnection_scheduled": {
        "en": (
            "{organization} will be disconnected from Microsoft",
            (
                "{who} asked to disconnect {organization} from its Microsoft directory.\n\n"
                "It takes effect on {at} (UTC). Until then any administrator can call it off here:\n{link}\n\n"
                "If you do not know why, call it off and ask.\n"
            ),
        ),
        "el": (
            "{organization}: προγραμματίστηκε αποσύνδεση από τη Microsoft",
            (
                "{who} ζήτησε την αποσύνδεση του οργανισμού {organization} από τον κατάλογό του στη Microsoft.\n\n"
                "Θα ισχύσει στις {at} (UTC). Μέχρι τότε κάθε διαχειριστής μπορεί να την ακυρώσει εδώ:\n{link}\n\n"
                "Αν δεν γνωρίζετε τον λόγο, ακυρώστε την και ρωτήστε.\n"
            ),
        ),
    },
    "disconnection_called_off": {
        "en": (
            "{organization} stays connected with Microsoft",
            (
                "{who} called off the disconnection of {organization} from its Microsoft directory.\n"
                "Nothing changes.\n\n"
                "The state of the connection is here:\n{link}\n"
            ),
        ),
        "el": (
            "{organization}: η σύνδεση με τη Microsoft παραμένει",
            (
                "{who} ακύρωσε την αποσύνδεση του οργανισμού {organization} από τον κατάλογό του στη Microsoft. Δεν\n"
                "αλλάζει τίποτα.\n\n"
                "Η κατάσταση της σύνδεσης βρίσκεται εδώ:\n{link}\n"
            ),
        ),
    },
    "disconnected": {
        "en": (
            "{organization} is disconnected from Microsoft",
            (
                "{organization} is not connected with its Microsoft directory any more, and all open sessions have\n"
                "ended. "
                "Whoever had a Pobuca password before asks for a new one on the sign-in page.\n\n"
                "The state of the connection is here:\n{link}\n"
            ),
        ),
        "el": (
            "{organization}: αποσυνδέθηκε από τη Microsoft",
            (
                "Ο οργανισμός {organization} δεν είναι πλέον συνδεδεμένος με τον κατάλογό του στη Microsoft και όλες\n"
                "οι ανοιχτές συνδέσεις έληξαν. Όποιος είχε κωδικό Pobuca πριν, ζητά νέο από τη σελίδα σύνδεσης.\n\n"
                "Η κατάσταση της σύνδεσης βρίσκεται εδώ:\n{link}\n"
            ),
        ),
    },
}
_SOMEBODY: Final[Mapping[str, str]] = {"en": "The operator of Pobuca", "el": "Ο χειριστής της Pobuca"}

_log = structlog.get_logger()


class AdministratorNotices:
    """Writes to every active administrator who has an address. ``link``: the page that shows the state."""

    def __init__(self, directory: Directory, mailer: Mailer, *, link: str, default_language: str) -> None:
        self._directory = directory
        self._mailer = mailer
        self._link = link
        self._default_language = default_language

    def tell(self, organization: Organization, kind: Kind, who: str | None = None, **words: str) -> None:
        """One letter to each. ``who``: the name of the one who did it, None for the operator.

        A letter that is not accepted is logged: what it tells of has happened, and stands on the page as well.
        """
        for account in self.administrators(organization.name):
            language = self._language(account, organization)
            subject, text = _TEXTS[kind][language]
            said = {
                "organization": organization.display_name,
                "who": who or _SOMEBODY[language],
                "link": self._link,
                **words,
            }
            try:
                self._mailer.send(Letter(account.email or "", subject.format(**said), text.format(**said)))
            except (NotSent, ValueError) as error:
                _log.error("letter_not_sent", reason="mail", org=organization.name, kind=kind, detail=str(error))

    def administrators(self, organization: str) -> Sequence[Account]:
        """Those who can be written to."""
        return [
            account
            for account in self._everybody(organization)
            if account.role == ADMINISTRATOR and account.active and account.email
        ]

    def _everybody(self, organization: str) -> Iterator[Account]:
        after: tuple[str, str] | None = None
        while page := self._directory.accounts(organization, after=after, limit=_PAGE):
            yield from page
            after = (page[-1].display_name, page[-1].id)

    def _language(self, account: Account, organization: Organization) -> str:
        for tag in (account.attributes.get("language"), organization.default_language):
            language = (tag or "").partition("-")[0].lower()
            if language in _SOMEBODY:
                return language
        return self._default_language
