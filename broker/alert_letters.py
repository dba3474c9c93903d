"""What administrators read when the trust with their directory is broken, or is about to be; in English and Greek."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SENTENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "consent_revoked": "The consent for Pobuca was revoked in your Microsoft directory. Nobody can sign in until "
        "an administrator of the directory consents again.",
        "app_disabled": "Pobuca was disabled or removed in your Microsoft directory. Nobody can sign in until an "
        "administrator of the directory enables it, or connects it again.",
        "credential_expired": "Microsoft does not accept Pobuca's own credential any more. Nobody can sign in until "
        "Pobuca has replaced it; there is nothing that you have to do.",
        "permission_missing": "Pobuca may not read your Microsoft directory any more, and so notices later that "
        "somebody was disabled there. An administrator of the directory can consent again.",
        "unreachable": "Your Microsoft directory does not answer Pobuca. People who were disabled there are noticed "
        "only when it answers again.",
        "recovered": "What we wrote to you about is over: signing in with Microsoft works as it should again.",
        "credential_ends": "Pobuca's own credential at Microsoft ends on {day}. Pobuca has to replace it before, and "
        "there is nothing that you have to do; if people cannot sign in after that day, this is why.",
    },
    "el": {
        "consent_revoked": "Η συγκατάθεση για την Pobuca ανακλήθηκε στον κατάλογό σας στη Microsoft. Κανείς δεν μπορεί "
        "να συνδεθεί μέχρι ένας διαχειριστής του καταλόγου να δώσει ξανά τη συγκατάθεσή του.",
        "app_disabled": "Η Pobuca απενεργοποιήθηκε ή αφαιρέθηκε από τον κατάλογό σας στη Microsoft. Κανείς δεν μπορεί "
        "να συνδεθεί μέχρι ένας διαχειριστής του καταλόγου να την ενεργοποιήσει ή να τη συνδέσει ξανά.",
        "credential_expired": "Η Microsoft δεν δέχεται πλέον τα διαπιστευτήρια της Pobuca. Κανείς δεν μπορεί να "
        "συνδεθεί μέχρι η Pobuca να τα αντικαταστήσει· εσείς δεν χρειάζεται να κάνετε τίποτα.",
        "permission_missing": "Η Pobuca δεν μπορεί πλέον να διαβάσει τον κατάλογό σας στη Microsoft, και έτσι "
        "αντιλαμβάνεται αργότερα ότι κάποιος απενεργοποιήθηκε εκεί. Ένας διαχειριστής του καταλόγου μπορεί να δώσει "
        "ξανά τη συγκατάθεσή του.",
        "unreachable": "Ο κατάλογός σας στη Microsoft δεν απαντά στην Pobuca. Όποιος απενεργοποιήθηκε εκεί γίνεται "
        "αντιληπτός μόνο όταν ο κατάλογος απαντήσει ξανά.",
        "recovered": "Το πρόβλημα για το οποίο σας γράψαμε τελείωσε: η σύνδεση με Microsoft λειτουργεί ξανά κανονικά.",
        "credential_ends": "Τα διαπιστευτήρια της Pobuca στη Microsoft λήγουν στις {day}. Η Pobuca πρέπει να τα "
        "αντικαταστήσει πριν, και εσείς δεν χρειάζεται να κάνετε τίποτα· αν μετά από αυτή την ημέρα δεν είναι δυνατή η "
        "σύνδεση, αυτός είναι ο λόγος.",
    },
}
"""By language: each trouble of ``watching.directory``, its end, and the coming end of our credential."""

_SUBJECTS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "recovered": "Signing in with Microsoft works again",
        "credential_ends": "Signing in with Microsoft: a date to know",
        "": "A problem with signing in with Microsoft",
    },
    "el": {
        "recovered": "Η σύνδεση με Microsoft λειτουργεί ξανά",
        "credential_ends": "Σύνδεση με Microsoft: μια ημερομηνία που πρέπει να γνωρίζετε",
        "": "Πρόβλημα στη σύνδεση με Microsoft",
    },
}
_MORE: Final[Mapping[str, str]] = {"en": "What is known, and what to do:", "el": "Τι είναι γνωστό και τι να κάνετε:"}


def letter(language: str, what: str, organization: str, page: str, **words: str) -> tuple[str, str]:
    """Subject and text; in English for a language that is not there."""
    spoken = language if language in SENTENCES else "en"
    subject = _SUBJECTS[spoken].get(what, _SUBJECTS[spoken][""])
    sentence = SENTENCES[spoken][what].format(**words)
    return f"Pobuca: {subject}", f"{organization}\n\n{sentence}\n\n{_MORE[spoken]} {page}\n"
