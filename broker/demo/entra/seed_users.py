"""The people, each of them there for a reason (entra-id reference 8.2)."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from broker.demo.entra.model import CONSUMER_TENANT_ID, HomeAccount, User
from broker.demo.entra.roles import ROLES
from broker.demo.entra.seed_groups import CRETE_SALES, NEWSLETTER, STAFF, TENANT_A, direct_groups

__all__ = ["ATTACKER", "CYCLADES", "TENANT_A", "TENANT_B", "USERS"]

TENANT_B: Final = "705bad33-ba4a-40ee-8ef9-2eb1e60b7b83"
ATTACKER: Final = "e0e7c1a5-8d0b-4a53-9f0e-6a1f6a3f5d11"
CYCLADES: Final = "b46f2a0d-7c1e-4d35-9a8e-1f60c2d7e953"

# When those who are deleted from the start were deleted.
_DELETED_AT: Final = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)

_A: Final = "aegeanfoods.example"
_B: Final = "helios-shipping.example"
_C: Final = "cyclades-ferries.example"
_E: Final = "evil-olives.example"


def _oid(upn: str) -> str:
    """The same at every start; nothing else follows from it."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"simulated user {upn}"))


def _a(name: str, display_name: str, purpose: str, *, oid: str | None = None) -> User:
    """A member of Aegean Foods with a mailbox and the two names."""
    given_name, _, surname = display_name.partition(" ")
    upn = f"{name}@{_A}"
    return User(
        TENANT_A,
        oid or _oid(upn),
        upn,
        display_name,
        purpose,
        given_name=given_name,
        surname=surname or None,
        mail=upn,
        groups=frozenset({STAFF}),
    )


def _admin(name: str, display_name: str, role: str, purpose: str) -> User:
    return replace(_a(name, display_name, purpose), directory_roles=(ROLES[role],))


def _elsewhere(tenant_id: str, upn: str, display_name: str, purpose: str, *roles: str) -> User:
    """A member of another tenant with a mailbox, the two names and these active roles."""
    given_name, _, surname = display_name.partition(" ")
    return User(
        tenant_id,
        _oid(upn),
        upn,
        display_name,
        purpose,
        given_name=given_name,
        surname=surname,
        mail=upn,
        directory_roles=tuple(ROLES[role] for role in roles),
    )


def _guest(tenant_id: str, initial_domain: str, account: User, oid: str, purpose: str) -> User:
    """The user object that an account of another tenant has as a guest."""
    name = account.user_principal_name.replace("@", "_")
    return User(
        tenant_id,
        oid,
        f"{name}#EXT#@{initial_domain}",
        account.display_name,
        purpose,
        mail=account.mail or account.user_principal_name,
        other_mails=(account.user_principal_name,),
        user_type="Guest",
        home=HomeAccount(account.tenant_id, account.oid, account.user_principal_name),
    )


ELENI: Final = replace(
    _a(
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
    f"tomas.weiss@{_B}",
    "Tomas Weiss",
    "At home here, and a guest of Aegean Foods: one person, two object ids, two subs.",
    given_name="Tomas",
    surname="Weiss",
    mail=f"tomas.weiss@{_B}",
    job_title="Fleet planner",
    country="Germany",
    preferred_language="de-DE",
)

IRINI: Final = _a(
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

GINA: Final = _elsewhere(
    TENANT_B,
    f"gina.guest@{_B}",
    "Gina Guest",
    "An ordinary member here; a guest of Aegean Foods who is Global Administrator there.",
)

_MANOS: Final = _a("manos.rigas", "Manos Rigas", "Deleted; somebody else has his name now, under another object id.")

USERS: Final = (
    ELENI,
    User(
        TENANT_A,
        "6e04f0f5-9b90-441b-91f5-c79656f22cce",
        f"maria.kosta@{_A}",
        "Maria Kosta",
        "Only a display name and a user principal name: no mail, no names, no telephone.",
    ),
    replace(
        _a("nikos.petrou", "Nikos Petrou", "In 217 groups: overage.", oid="91fab1d9-0e5f-4b25-8784-d678371b6f47"),
        groups=direct_groups(217),
    ),
    *(
        replace(
            _a(f"groups.{size}", f"Groups {size}", f"In exactly {size} groups, most of them nested."),
            groups=direct_groups(size),
        )
        for size in (150, 151, 200, 201)
    ),
    replace(
        _a("giorgos.papadopoulos", "Γιώργος Παπαδόπουλος", "A Greek name in Greek letters."),
        job_title="Υπεύθυνος αποθήκης",
        city="Ηράκλειο",
        preferred_language="el-GR",
    ),
    replace(
        _a("sofia.alexiou", "Sofia Alexiou", "HTML in the job title: it must be shown, never run."),
        job_title='<img src=x onerror=alert(1)><b>Director</b> & "Partner"',
    ),
    replace(
        _a("petros.makris", "Petros Makris", "A job title of 128 characters, the longest there is."),
        job_title=("Deputy assistant to the second vice president for olive oil, honey, herbs and export " * 2)[:128],
    ),
    replace(
        _a("ioanna.stathi", "Ioanna Stathi", "Rename her, or change her mail, between two sign-ins: the key stays."),
        groups=frozenset({STAFF, NEWSLETTER}),
    ),
    replace(_a("stavros.lekkas", "Stavros Lekkas", "Account disabled (50057)."), account_enabled=False),
    replace(_a("katerina.nomikou", "Katerina Nomikou", "Deleted (50034)."), deleted=True, deleted_at=_DELETED_AT),
    replace(_MANOS, deleted=True, deleted_at=_DELETED_AT),
    replace(
        _MANOS,
        oid=_oid(f"manos.rigas@{_A}, the second"),
        purpose="Has the user principal name of a deleted user, and an object id of his own.",
    ),
    replace(_a("anna.theodorou", "Anna Theodorou", "Not assigned to the application (50105)."), assigned=False),
    replace(_a("vasilis.kanaris", "Vasilis Kanaris", "Needs a second factor (50076 when silent)."), mfa_required=True),
    replace(_a("christos.dellas", "Christos Dellas", "Blocked by Conditional Access (53003)."), blocked_by_policy=True),
    replace(_a("olga.papa", "Olga Papa", "Password expired (50055)."), password_expired=True),
    _admin("global.admin", "Giota Global", "Global Administrator", "Global Administrator."),
    _admin("privileged.admin", "Pavlos Privileged", "Privileged Role Administrator", "Privileged Role Administrator."),
    _admin("app.admin", "Aris Application", "Application Administrator", "Application Administrator."),
    _admin("cloudapp.admin", "Klio Cloud", "Cloud Application Administrator", "Cloud Application Administrator."),
    _admin("security.admin", "Simos Security", "Security Administrator", "Security Administrator: may not consent."),
    _admin(
        "custom.admin",
        "Christina Custom",
        "Consent Manager (custom)",
        "Holds a custom role, which no well-known id in wids tells.",
    ),
    _admin("global.reader", "Rena Reader", "Global Reader", "Global Reader: may not consent."),
    _admin("user.admin", "Orestis User", "User Administrator", "User Administrator: may not consent."),
    _admin(
        "support.admin",
        "Sotiria Support",
        "Support Desk (custom)",
        "Holds a custom role without the right to consent.",
    ),
    replace(
        _a(
            "eligible.admin",
            "Elias Eligible",
            "Eligible for Global Administrator (PIM), which is not active: not in wids.",
        ),
        eligible_roles=(ROLES["Global Administrator"],),
    ),
    IRINI,
    _guest(
        TENANT_A,
        "aegeanfoods.onmicrosoft.com",
        TOMAS,
        "74c8b9be-c9a8-4094-b584-5e2035da8102",
        "Guest from Helios Shipping (acct 1, idp set).",
    ),
    _guest(
        TENANT_A,
        "aegeanfoods.onmicrosoft.com",
        ZOE,
        "b0a5bb2e-6d5a-4c0f-8f58-0d6b1b1f7c35",
        "Guest with a personal Microsoft account (idp live.com).",
    ),
    replace(
        _guest(
            TENANT_A,
            "aegeanfoods.onmicrosoft.com",
            GINA,
            _oid(f"gina.guest@{_B}, guest of {_A}"),
            "Guest from Helios Shipping who holds Global Administrator here.",
        ),
        directory_roles=(ROLES["Global Administrator"],),
    ),
    TOMAS,
    GINA,
    User(
        TENANT_B,
        _oid(f"petra.lang@{_B}"),
        f"petra.lang@{_B}",
        "Petra Lang",
        "An ordinary member of the other organization.",
        given_name="Petra",
        surname="Lang",
        mail=f"petra.lang@{_B}",
        job_title="Accountant",
        preferred_language="en-GB",
    ),
    User(
        TENANT_B,
        _oid(f"global.admin@{_B}"),
        f"global.admin@{_B}",
        "Gerd Global",
        "Global Administrator of the other organization.",
        given_name="Gerd",
        surname="Global",
        mail=f"global.admin@{_B}",
        directory_roles=(ROLES["Global Administrator"],),
    ),
    _guest(
        TENANT_B,
        "heliosshipping.onmicrosoft.com",
        IRINI,
        "2c1c2b8a-93d3-4b64-9a7a-0fb2a1d3a6c9",
        "Guest from Aegean Foods.",
    ),
    User(
        ATTACKER,
        _oid("mallory@evil-olives.example"),
        "mallory@evil-olives.example",
        "Eleni Markou",
        "Carries the mail address of Eleni Markou of Aegean Foods (nOAuth).",
        given_name="Eleni",
        surname="Markou",
        mail=f"eleni.markou@{_A}",
        directory_roles=(ROLES["Global Administrator"],),
    ),
    _elsewhere(
        ATTACKER,
        f"global.admin@{_E}",
        "Gordon Global",
        "Global Administrator of the stranger's tenant.",
        "Global Administrator",
    ),
    _elsewhere(
        CYCLADES,
        f"global.admin@{_C}",
        "Galini Global",
        "Global Administrator; nobody has consented here yet.",
        "Global Administrator",
    ),
    _elsewhere(
        CYCLADES, f"app.admin@{_C}", "Apollon Application", "Application Administrator.", "Application Administrator"
    ),
    _elsewhere(CYCLADES, f"security.admin@{_C}", "Sappho Security", "May not consent.", "Security Administrator"),
    _elsewhere(CYCLADES, f"nefeli.drakou@{_C}", "Nefeli Drakou", "An ordinary member."),
    _elsewhere(CYCLADES, f"markos.rossi@{_C}", "Markos Rossi", "Another ordinary member."),
    ZOE,
)
