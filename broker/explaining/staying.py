"""What of a sign-in stays as it is in what is recorded, by name; everything else that is text is replaced.

The rule: what says where somebody belongs and how they came in stays, since rules decide on it. What says who they are
is replaced. A text claim that nobody here has heard of is replaced as well, unless the operator has named it
(``explain.keep_claims``), or the rule at hand has that very text written in it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import Enum
from functools import lru_cache
from typing import Final

_EXTENSION: Final = re.compile(r"^(extn\.|extension_[0-9a-f]{32}_)", re.IGNORECASE)
_BETWEEN: Final = re.compile(r"[_\-\s]")
# Variables of rules whose every member is written in the configuration.
_OF_THE_CONFIGURATION: Final = ("organization.", "application.")


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# How they came in: words of protocols, of the directory and of our own configuration (entra-id reference, 1.8).
TECHNICAL: Final = _names("""
    accountenabled acct acr acrs amr application approles aud authtime azp connection ctry domain emaildomain
    emailverified exp groups iat idp isguest iss issuer language locale nbf organization phonenumberverified
    preferredlanguage role roles scope scopes signinstate tenantctry tenantid tenantregionscope tid updatedat usertype
    ver wids xmsedov xmspl xmstpl zoneinfo
""")
# Where they belong: words of the organisation.
ORGANIZATIONAL: Final = _names("""
    city company companyname costcenter costcentre country department division employeetype jobtitle locality office
    officelocation region state team unit workcity workcountry workstate
""")
# Who they are. Said although the rest is replaced anyway, so that no literal in a rule and no setting makes it stay.
PERSONAL: Final = _names("""
    address birthdate businessphones displayname email employeeid familyname faxnumber firstname formatted givenname
    ipaddr jti lastname loginhint loginnames mail mailnickname middlename mobile mobilephone name nickname objectid oid
    onpremisesimmutableid onpremisessamaccountname onpremsid othermails phone phonenumber postalcode preferredname
    preferredusername profile proxyaddresses puid sid street streetaddress sub subject surname telephonenumber uid
    uniquename upn userprincipalname verifiedprimaryemail verifiedsecondaryemail website workphone workpostalcode
    workstreet
""")
# Never there, in no form.
_LEFT_OUT: Final = re.compile("token|secret|passw|assertion|cookie|nonce|photo|picture|verifier|hash", re.IGNORECASE)
# Names that are remembered; a directory may send any number of others.
_MOST_NAMES: Final = 4096


class Fate(Enum):
    """What becomes of a value by its name."""

    TECHNICAL = 0
    ORGANIZATIONAL = 1
    UNKNOWN = 2
    PERSONAL = 3
    LEFT_OUT = 4


class Names:
    """Decides by the name. ``kept_claims``: those that the operator wants to stay."""

    def __init__(self, kept_claims: Collection[str] = ()) -> None:
        self._kept = frozenset(canonical(name) for name in kept_claims) - PERSONAL
        self._fates: dict[str, Fate] = {}

    def fate(self, name: str) -> Fate:
        """Of a value with this name, such as ``claims.department`` or ``fields.first_name``."""
        found = self._fates.get(name)
        if found is None:
            found = self._decide(name)
            if len(self._fates) < _MOST_NAMES:
                self._fates[name] = found
        return found

    def _decide(self, name: str) -> Fate:
        if _LEFT_OUT.search(name.rpartition(".")[2]):
            return Fate.LEFT_OUT
        bare = canonical(name)
        if bare in TECHNICAL or bare in self._kept or name.startswith(_OF_THE_CONFIGURATION):
            return Fate.TECHNICAL
        if bare in ORGANIZATIONAL:
            return Fate.ORGANIZATIONAL
        return Fate.PERSONAL if bare in PERSONAL else Fate.UNKNOWN


@lru_cache(_MOST_NAMES)
def canonical(name: str) -> str:
    """The last part of a name without what is written in several ways: ``extn.costCenter`` is ``costcenter``."""
    bare = _EXTENSION.sub("", name.rpartition("claims.")[2])
    return _BETWEEN.sub("", bare.rpartition(".")[2]).lower()
