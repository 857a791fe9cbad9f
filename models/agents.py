"""config/agents.yaml: who may ask what of ChartMogul, what needs a decision, and how much of it."""

import re
from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from models.base import ConfigRecord
from models.changes import Then

Scope = Literal[
    "metrics.read",
    "customers.read",
    "customers.write",
    "subscriptions.write",
    "customers.admin",
    "alerts.write",
]
"""Six. Of an identity provider they are the words in the token."""

NAME = re.compile(r"[\w.|:/+=*@-]{1,190}", re.ASCII)
"""Of a principal: it is looked for in Temporal, whose queries take no quotes."""

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _duration(value: Any) -> Any:
    """`30m`, `24h` or `3d`."""
    if isinstance(value, str) and value[:-1].isdecimal() and value[-1:] in _UNITS:
        return timedelta(**{_UNITS[value[-1]]: int(value[:-1])})
    return value


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    Field(
        gt=timedelta(0), le=timedelta(days=30), json_schema_extra={"type": "string", "pattern": r"^\d+[mhd]$"}
    ),
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Principal(ConfigRecord):
    """Somebody who asks, by tokens of ours (`mogulflow agents token NAME`)."""

    token_sha256: list[Sha256] = Field(
        default=[], max_length=2, description="SHA-256 of its tokens, not the tokens; two while rotating"
    )
    expires: date | None = Field(default=None, description="Its tokens are refused from that day on")
    scopes: list[Scope] = Field(default=[], description="What it may do")
    scopes_from: Literal["scope", "scp", "roles"] | None = Field(
        default=None, description="Claim of the identity provider's token that has the scopes"
    )
    accounts: list[str] = Field(default=["default"], description="ChartMogul accounts it may see")
    owner: str = Field(
        default="", description="E-mail of who answers for it, and never decides on what it asks"
    )


class When(ConfigRecord):
    """All must hold."""

    customer_mrr_cents_over: int | None = Field(default=None, ge=0, description="Of the customer concerned")
    changes_over: int | None = Field(default=None, ge=0, description="Fields, tags or events in one change")
    after_untrusted_read: bool | None = Field(
        default=None, description="Whether the same session has read text that strangers wrote"
    )


class PolicyLine(ConfigRecord):
    """The first line that matches decides."""

    tool: str = Field(description="Name of a tool, or * for all")
    action: str | None = Field(default=None, description="Of a tool that has several, such as delete")
    principal: str | None = Field(
        default=None, description="Who asks, as under principals; all where left out"
    )
    account: str | None = Field(default=None, description="ChartMogul account; all where left out")
    keys: list[str] = Field(
        default=[], description="Custom attributes or tags: all of the change are among them"
    )
    when: When | None = Field(default=None, description="Further conditions")
    then: Then = Field(description="allow, ask a person, or refuse")
    approvers: int = Field(default=1, ge=1, le=5, description="Different people who must agree")
    within: Duration = Field(
        default=timedelta(hours=24), description="How long it waits for them, such as 24h"
    )
    only_by: Literal["slack"] | None = Field(
        default=None,
        description="Where alone it is decided: slack knows who clicks, the command line what it is told",
    )


class Limits(ConfigRecord):
    """Of each principal."""

    calls_per_minute: int = Field(default=60, ge=1, le=10_000, description="Calls of tools")
    runs_per_hour: int = Field(default=30, ge=1, le=10_000, description="Changes begun")
    runs_waiting: int = Field(default=20, ge=1, le=1_000, description="Changes that wait for a decision")


class Approvers(ConfigRecord):
    """Who may decide. Slack and command name people by their e-mail."""

    emails: list[str] = Field(default=[], description="E-mail addresses of those who may decide")
    channel: str = Field(default="", description="Slack channel in which they are asked")
    only_by: Literal["slack"] | None = Field(
        default=None, description="Where alone all is decided that is asked, as in a line of the policy"
    )


class IdentityProvider(ConfigRecord):
    """Signs tokens of principals that are not listed by tokens of ours."""

    issuer: str = Field(pattern=r"^https?://", description="As in the tokens' claim iss")
    jwks_url: str = Field(pattern=r"^https?://", description="Where its public keys are")
    audience: str = Field(description="As in the tokens' claim aud: the address of our /mcp")
    client_claim: Literal["azp", "client_id"] = Field(
        default="azp", description="Claim that names the client"
    )


class Agents(ConfigRecord):
    """The whole file."""

    principals: dict[str, Principal] = Field(
        default={}, description="By name; `idp:*` stands for all whom the identity provider signs"
    )
    policy: list[PolicyLine] = Field(default=[], max_length=200, description="The first that matches decides")
    limits: Limits = Field(default=Limits(), description="Of each principal")
    approvers: Approvers = Field(default=Approvers(), description="Who decides")
    identity_provider: IdentityProvider | None = Field(
        default=None, description="OpenID Connect, by its keys"
    )
    public_url: str = Field(
        default="", pattern=r"^(https?://[^/]+)?$", description="Where agents reach the ingress, without /mcp"
    )
    replicas: bool = Field(
        default=False, description="Several ingresses behind a balancer: sessions are kept by none"
    )
    reason_attribute: str | None = Field(
        default=None, description="Custom attribute that has the reason of a cancellation"
    )

    @model_validator(mode="after")
    def _each_token_is_of_one_principal(self) -> Self:
        known: dict[str, str] = {}
        for name, each in self.principals.items():
            if not NAME.fullmatch(name):
                raise ValueError(f"principals: {name[:40]!r} cannot be used; take letters, digits, . _ and -")
            for digest in each.token_sha256:
                if known.setdefault(digest, name) != name:
                    raise ValueError(f"principals.{known[digest]} and principals.{name} have the same token")
        return self

    @model_validator(mode="after")
    def _somebody_can_decide(self) -> Self:
        if self.approvers.channel:
            return self
        if self.approvers.only_by or any(each.only_by for each in self.policy):
            raise ValueError("approvers.channel: where only Slack decides, name the channel that asks")
        return self

    @model_validator(mode="after")
    def _foreign_scopes_come_from_a_claim(self) -> Self:
        for name, each in self.principals.items():
            if name.startswith("idp:") and self.identity_provider is None:
                raise ValueError(f"principals.{name} needs `identity_provider`")
            if each.scopes_from and not name.startswith("idp:"):
                raise ValueError(f"principals.{name}: scopes_from is for principals `idp:…` alone")
        return self
