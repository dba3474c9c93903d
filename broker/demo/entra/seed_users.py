"""The people, each of them there for a reason (entra-id reference 8.2)."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Final

from broker.demo.entra.model import CONSUMER_TENANT_ID, HomeAccount, User
from broker.demo.entra.seed_groups import CRETE_SALES, NEWSLETTER, STAFF, TENANT_A, direct_groups

__all__ = ["ATTACKER", "ROLES", "TENANT_A", "TENANT_B", "USERS"]

TENANT_B: Final = "705bad33-ba4a-40ee-8ef9-2eb1e60b7b83"
ATTACKER: Final = "e0e7c1a5-8d0b-4a53-9f0e-6a1f6a3f5d11"

# Template ids of directory roles, the same in every tenant (entra-id reference 3.2). The last one stands for a custom
# role, whose id is known to its own tenant only.
ROLES: Final = {
    "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
    "Privileged Role Administrator": "e8611ab8-c189-46e8-94e1-60213ab1f814",
    "Application Administrator": "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
    "Cloud Application Administrator": "158c047a-c907-4556-b7ef-446551a6b5f7",
    "Security Administrator": "194ae4cb-b126-40b2-bd5b-6091b380977d",
    "Global Reader": "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
    "User Administrator": "fe930be7-5e62-47db-91af-98c3a49a38b1",
    "Consent Manager (custom)": "3b1f2f4e-7a3c-4e0e-9d59-0c5a2f6b8e77",
}

_A: Final = "aegeanfoods.example"
_B: Final = "helios-shipping.example"


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
    replace(_a("katerina.nomikou", "Katerina Nomikou", "Deleted (50034)."), deleted=True),
    replace(_MANOS, deleted=True),
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
    TOMAS,
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
    ZOE,
)
