"""What comes and goes at the API, as closed models: unknown members are refused, nothing is coerced (threats PR-06)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from broker.store.federations import Stage

# A name that could be one of ours at all (RFC 9562 for ids): what does not fit need not be looked up.
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9-]*$")]
Text = Annotated[str, Field(max_length=256)]
Address = Annotated[str, Field(min_length=3, max_length=254)]


class Shape(BaseModel):
    """Closed and strict."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Problem(Shape):
    """A refusal (RFC 9457). ``code`` is fixed for programs; ``reference`` is what the log knows it by."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    reference: str


class Limit(Shape):
    """Something that a federated organisation does in its directory and not here, and the sentence that says so."""

    code: str
    sentence: str


class FederationState(Shape):
    """How the people of an organisation sign in. ``enforced``: with Microsoft, and in no other way."""

    organization: str
    display_name: str
    plan: str
    enforced: bool
    stage: Stage | Literal["none"]
    tenant_id: str | None
    domains: list[str]
    enforced_at: datetime | None
    limits: list[Limit]


class FieldOrigin(Shape):
    """Where a field has its value from: ``source`` is where it stood, ``by`` who put it there (None: it is as the
    account was made), ``at`` when.
    """

    source: str
    by: str | None
    at: datetime


class CoWorker(Shape):
    """One account of the organisation. ``origins`` is by the name of the field, also of one that was emptied."""

    id: str
    display_name: str
    first_name: str
    last_name: str
    email: str | None
    role: str
    active: bool
    created_at: datetime
    attributes: dict[str, str]
    origins: dict[str, FieldOrigin]


class CoWorkers(Shape):
    """A page of accounts by display name; ``next`` is the cursor of the following page."""

    co_workers: list[CoWorker]
    next: str | None


class CoWorkerChange(Shape):
    """What an administrator (``acting``: an account id) changes; what is left out stays."""

    acting: Name
    first_name: Text | None = None
    last_name: Text | None = None
    role: Text | None = None
    job_title: Text | None = None
    department: Text | None = None
    work_phone: Text | None = None
    mobile_phone: Text | None = None
    active: bool | None = None


class NewInvitation(Shape):
    """Whom an administrator (``acting``: an account id) invites; the role of an external person is fixed."""

    acting: Name
    address: Address
    role: Literal["administrator", "editor", "contributor"] = "editor"


class Invitation(Shape):
    """An open invitation. ``sent``: whether its letter could be handed over; None when that is not known any more."""

    id: str
    address: str
    role: str
    external: bool
    created_at: datetime
    expires_at: datetime
    sent: bool | None = None


class Invitations(Shape):
    """All open invitations, newest first."""

    invitations: list[Invitation]


class AppPasswordCheck(Shape):
    """What a CardDAV client sent to its server. ``client_address``: the address it came from, for the rate limits."""

    address: Address
    password: Annotated[str, Field(min_length=1, max_length=256)]
    client_address: Annotated[str, Field(max_length=64)] | None = None


class AppPasswordHolder(Shape):
    """Whose app password it was."""

    account_id: str
    organization: str
    display_name: str
    email: str | None
    role: str
