"""Behaviour that is not known for certain, or that costs time, and can therefore be set while the simulator runs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Settings(BaseModel):
    """As they are at the start."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)

    # Whether the front-channel logout call carries iss beside sid; most reports say that it does not.
    front_channel_iss: bool = False
    # How a refused admin consent looks: as in a capture of 2023, or as in the documents (entra-id reference 3.1).
    admin_consent_failure: Literal["observed", "documented"] = "observed"
    # What a watcher is told when a person goes to the recycle bin. The documents say updated, and deleted only when
    # the person is deleted for good.
    soft_delete_notifies: Literal["updated", "deleted"] = "updated"
    # People on one page of a delta query.
    delta_page_size: Annotated[int, Field(ge=1, le=999)] = 100
    # How long a delta token is good, in seconds.
    delta_lifetime_seconds: Annotated[int, Field(ge=0)] = 7 * 86400
    # Between a change and its notification.
    notification_delay_seconds: Annotated[float, Field(ge=0, le=600)] = 0
    # Before the second attempt; each further pause is twice as long.
    notification_retry_seconds: Annotated[float, Field(gt=0, le=600)] = 1
    # PEM file of the authority to trust when a notification address is called; None: the usual ones.
    ca_file: str | None = None

    def at_reset(self) -> Settings:
        """The start again; whom to trust is a property of the machine and stays."""
        return Settings(ca_file=self.ca_file)
