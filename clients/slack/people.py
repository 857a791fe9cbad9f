"""Who somebody is, by this workspace's own word: members of other organisations may bear any address."""

from collections.abc import Mapping
from typing import Any

from models.base import Record
from models.slack import Person

NO_SCOPE = "Slack does not tell the e-mail address: the app needs the scope users:read.email"


class _Profile(Record):
    email: str | None = None


class _Enterprise(Record):
    enterprise_id: str = ""


class Someone(Record):
    """As `users.info` tells. What is left out is taken for well, as Slack leaves out what does not apply."""

    id: str
    name: str = ""
    real_name: str | None = None
    deleted: bool = False
    team_id: str | None = None
    enterprise_user: _Enterprise | None = None
    is_bot: bool = False
    is_stranger: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_email_confirmed: bool = True
    profile: _Profile = _Profile()

    def to(self, identity: Mapping[str, Any]) -> Person:
        """`identity` is what `auth.test` says of our workspace."""
        email, why = self.profile.email or None, self._why_not_trusted(identity)
        why = why or ("" if email else NO_SCOPE)
        return Person(
            id=self.id, name=self.real_name or self.name, email=None if why else email, why_none=why
        )

    def _why_not_trusted(self, identity: Mapping[str, Any]) -> str:
        """Why its address says nothing of who it is. That the members of an organisation with several
        workspaces have its id is UNVERIFIED."""
        ours = {identity.get("team_id"), identity.get("enterprise_id")} - {None, ""}
        theirs = {self.team_id, self.enterprise_user.enterprise_id if self.enterprise_user else None}
        theirs -= {None, ""}
        if self.deleted or self.is_bot:
            return "the account was closed" if self.deleted else "it is a bot"
        if self.is_stranger or (ours and theirs and not ours & theirs):
            return "it is somebody of another organisation"
        if self.is_restricted or self.is_ultra_restricted:
            return "it is a guest of the workspace"
        return "" if self.is_email_confirmed else "the e-mail address was not confirmed"
