"""The people, each of them there for a reason (entra-id reference 8.2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from broker.demo.entra.model import CONSUMER_TENANT_ID, User
from broker.demo.entra.roles import ROLES
from broker.demo.entra.seed_administrators import ADMINISTRATORS
from broker.demo.entra.seed_groups import CRETE_SALES, NEWSLETTER, STAFF, TENANT_A, direct_groups
from broker.demo.entra.seed_making import (
    AEGEAN,
    ATTACKER,
    CYCLADES,
    CYCLADIC,
    HELIOS,
    TENANT_B,
    aegean,
    elsewhere,
    guest,
    oid_of,
)

__all__ = ["ATTACKER", "CYCLADES", "TENANT_A", "TENANT_B", "USERS"]

# When those who are deleted from the start were deleted.
_DELETED_AT: Final = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)

ELENI: Final = replace(
    aegean(
        "eleni.markou",
        "Eleni Markou",
        "Everything filled in: the happy path.",
        oid="ddf3fc9b-9383-4d9f-bb1c-122bf6d836c8",
    ),
    job_title="Sales manager",
    department="Sales",
    company_name="Aegean Foods S.A.",
    office_location="Heraklion, 2nd floor",
    business_phones=("+30 2810 555 0101",),
    mobile_phone="+30 694 555 0102",
    fax_number="+30 2810 555 0103",
    street_address="25 Avgoustou 12",
    city="Heraklion",
    state="Crete",
    postal_code="71202",
    country="Greece",
    preferred_language="el-GR",
    employee_id="AF-0042",
    usage_location="GR",
    has_photo=True,
    groups=frozenset({CRETE_SALES}),
    app_roles=("PobucaUser",),
)

TOMAS: Final = User(
    TENANT_B,
    "5d0c9e0a-1f1b-4d6e-8a39-4d1c3a7be2f4",
    f"tomas.weiss@{HELIOS}",
    "Tomas Weiss",
    "At home here, and a guest of Aegean Foods: one person, two object ids, two subs.",
    given_name="Tomas",
    surname="Weiss",
    mail=f"tomas.weiss@{HELIOS}",
    job_title="Fleet planner",
    country="Germany",
    preferred_language="de-DE",
)

IRINI: Final = aegean(
    "irini.vlachou", "Irini Vlachou", "A member here and a guest of Helios Shipping: the same person in two tenants."
)

ZOE: Final = User(
    CONSUMER_TENANT_ID,
    "00000000-0000-0000-66f3-3332eca7ea81",
    "zoe.hart@outlook.example",
    "Zoe Hart",
    "A personal Microsoft account; also a guest of Aegean Foods.",
    given_name="Zoe",
    surname="Hart",
    mail="zoe.hart@outlook.example",
    user_type="Member",
)

_MANOS: Final = aegean(
    "manos.rigas", "Manos Rigas", "Deleted; somebody else has his name now, under another object id."
)

USERS: Final = (
    ELENI,
    User(
        TENANT_A,
        "6e04f0f5-9b90-441b-91f5-c79656f22cce",
        f"maria.kosta@{AEGEAN}",
        "Maria Kosta",
        "Only a display name and a user principal name: no mail, no names, no telephone.",
    ),
    replace(
        aegean("nikos.petrou", "Nikos Petrou", "In 217 groups: overage.", oid="91fab1d9-0e5f-4b25-8784-d678371b6f47"),
        groups=direct_groups(217),
    ),
    *(
        replace(
            aegean(f"groups.{size}", f"Groups {size}", f"In exactly {size} groups, most of them nested."),
            groups=direct_groups(size),
        )
        for size in (150, 151, 200, 201)
    ),
    replace(
        aegean("giorgos.papadopoulos", "Γιώργος Παπαδόπουλος", "A Greek name in Greek letters."),
        job_title="Υπεύθυνος αποθήκης",
        city="Ηράκλειο",
        preferred_language="el-GR",
    ),
    replace(
        aegean("sofia.alexiou", "Sofia Alexiou", "HTML in the job title: it must be shown, never run."),
        job_title='<img src=x onerror=alert(1)><b>Director</b> & "Partner"',
    ),
    replace(
        aegean("petros.makris", "Petros Makris", "A job title of 128 characters, the longest there is."),
        job_title=("Deputy assistant to the second vice president for olive oil, honey, herbs and export " * 2)[:128],
    ),
    replace(
        aegean(
            "ioanna.stathi", "Ioanna Stathi", "Rename her, or change her mail, between two sign-ins: the key stays."
        ),
        groups=frozenset({STAFF, NEWSLETTER}),
    ),
    replace(aegean("stavros.lekkas", "Stavros Lekkas", "Account disabled (50057)."), account_enabled=False),
    replace(aegean("katerina.nomikou", "Katerina Nomikou", "Deleted (50034)."), deleted=True, deleted_at=_DELETED_AT),
    replace(_MANOS, deleted=True, deleted_at=_DELETED_AT),
    replace(
        _MANOS,
        oid=oid_of(f"manos.rigas@{AEGEAN}, the second"),
        purpose="Has the user principal name of a deleted user, and an object id of his own.",
    ),
    replace(aegean("anna.theodorou", "Anna Theodorou", "Not assigned to the application (50105)."), assigned=False),
    replace(
        aegean("vasilis.kanaris", "Vasilis Kanaris", "Needs a second factor (50076 when silent)."), mfa_required=True
    ),
    replace(
        aegean("christos.dellas", "Christos Dellas", "Blocked by Conditional Access (53003)."), blocked_by_policy=True
    ),
    replace(aegean("olga.papa", "Olga Papa", "Password expired (50055)."), password_expired=True),
    IRINI,
    guest(
        TENANT_A,
        "aegeanfoods.onmicrosoft.com",
        TOMAS,
        "74c8b9be-c9a8-4094-b584-5e2035da8102",
        "Guest from Helios Shipping (acct 1, idp set).",
    ),
    guest(
        TENANT_A,
        "aegeanfoods.onmicrosoft.com",
        ZOE,
        "b0a5bb2e-6d5a-4c0f-8f58-0d6b1b1f7c35",
        "Guest with a personal Microsoft account (idp live.com).",
    ),
    TOMAS,
    User(
        TENANT_B,
        oid_of(f"petra.lang@{HELIOS}"),
        f"petra.lang@{HELIOS}",
        "Petra Lang",
        "An ordinary member of the other organization.",
        given_name="Petra",
        surname="Lang",
        mail=f"petra.lang@{HELIOS}",
        job_title="Accountant",
        preferred_language="en-GB",
    ),
    guest(
        TENANT_B,
        "heliosshipping.onmicrosoft.com",
        IRINI,
        "2c1c2b8a-93d3-4b64-9a7a-0fb2a1d3a6c9",
        "Guest from Aegean Foods.",
    ),
    User(
        ATTACKER,
        oid_of("mallory@evil-olives.example"),
        "mallory@evil-olives.example",
        "Eleni Markou",
        "Carries the mail address of Eleni Markou of Aegean Foods (nOAuth).",
        given_name="Eleni",
        surname="Markou",
        mail=f"eleni.markou@{AEGEAN}",
        directory_roles=(ROLES["Global Administrator"],),
    ),
    elsewhere(CYCLADES, f"nefeli.drakou@{CYCLADIC}", "Nefeli Drakou", "An ordinary member."),
    elsewhere(CYCLADES, f"markos.rossi@{CYCLADIC}", "Markos Rossi", "Another ordinary member."),
    ZOE,
    *ADMINISTRATORS,
)
