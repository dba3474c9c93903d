"""The people of the role matrix: who may consent for a tenant, and who may not (entra-id reference 3.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from broker.demo.entra.model import User
from broker.demo.entra.roles import ROLES
from broker.demo.entra.seed_groups import TENANT_A
from broker.demo.entra.seed_making import (
    AEGEAN,
    ATTACKER,
    CYCLADES,
    CYCLADIC,
    EVIL,
    HELIOS,
    TENANT_B,
    aegean,
    aegean_administrator,
    elsewhere,
    guest,
    oid_of,
)

GINA: Final = elsewhere(
    TENANT_B,
    f"gina.guest@{HELIOS}",
    "Gina Guest",
    "An ordinary member here; a guest of Aegean Foods who is Global Administrator there.",
)

ADMINISTRATORS: Final[tuple[User, ...]] = (
    aegean_administrator("global.admin", "Giota Global", "Global Administrator", "Global Administrator."),
    aegean_administrator(
        "privileged.admin", "Pavlos Privileged", "Privileged Role Administrator", "Privileged Role Administrator."
    ),
    aegean_administrator("app.admin", "Aris Application", "Application Administrator", "Application Administrator."),
    aegean_administrator(
        "cloudapp.admin", "Klio Cloud", "Cloud Application Administrator", "Cloud Application Administrator."
    ),
    aegean_administrator(
        "security.admin", "Simos Security", "Security Administrator", "Security Administrator: may not consent."
    ),
    aegean_administrator(
        "custom.admin",
        "Christina Custom",
        "Consent Manager (custom)",
        "Holds a custom role, which no well-known id in wids tells.",
    ),
    aegean_administrator("global.reader", "Rena Reader", "Global Reader", "Global Reader: may not consent."),
    aegean_administrator("user.admin", "Orestis User", "User Administrator", "User Administrator: may not consent."),
    aegean_administrator(
        "support.admin",
        "Sotiria Support",
        "Support Desk (custom)",
        "Holds a custom role without the right to consent.",
    ),
    replace(
        aegean(
            "eligible.admin",
            "Elias Eligible",
            "Eligible for Global Administrator (PIM), which is not active: not in wids.",
        ),
        eligible_roles=(ROLES["Global Administrator"],),
    ),
    replace(
        guest(
            TENANT_A,
            "aegeanfoods.onmicrosoft.com",
            GINA,
            oid_of(f"gina.guest@{HELIOS}, guest of {AEGEAN}"),
            "Guest from Helios Shipping who holds Global Administrator here.",
        ),
        directory_roles=(ROLES["Global Administrator"],),
    ),
    GINA,
    User(
        TENANT_B,
        oid_of(f"global.admin@{HELIOS}"),
        f"global.admin@{HELIOS}",
        "Gerd Global",
        "Global Administrator of the other organization.",
        given_name="Gerd",
        surname="Global",
        mail=f"global.admin@{HELIOS}",
        directory_roles=(ROLES["Global Administrator"],),
    ),
    elsewhere(
        ATTACKER,
        f"global.admin@{EVIL}",
        "Gordon Global",
        "Global Administrator of the stranger's tenant.",
        "Global Administrator",
    ),
    elsewhere(
        CYCLADES,
        f"global.admin@{CYCLADIC}",
        "Galini Global",
        "Global Administrator; nobody has consented here yet.",
        "Global Administrator",
    ),
    elsewhere(
        CYCLADES,
        f"app.admin@{CYCLADIC}",
        "Apollon Application",
        "Application Administrator.",
        "Application Administrator",
    ),
    elsewhere(CYCLADES, f"security.admin@{CYCLADIC}", "Sappho Security", "May not consent.", "Security Administrator"),
)
