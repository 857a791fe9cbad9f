"""Connectors: what a file in config/connectors says of a REST API, and what a step asks of one.

A connector is one API: where it is, how to sign in, and its operations. Secrets stand in variables of the
environment, whose names the file holds.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from models.base import ConfigRecord, Record
from models.effects import Effect, Write
from models.expressions import Place, Text, Texts

MOST_ANSWER_BYTES = 4 * 1024 * 1024
MOST_PAGES = 1_000

VARIABLE = "name of a variable of the environment"

Variable = Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]*$", max_length=200), VARIABLE]

Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$", max_length=60)]
Header = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", max_length=100)]
BaseUrl = Annotated[str, Field(pattern=r"^https?://[^\s/?#@{}\\]+(/[^\s?#{}\\]*)?$", max_length=500)]
MOST_KEPT_BYTES = 64 * 1024
"""Of an answer, for later operations: it is a part of the run's history."""

MOST_UNDO_BYTES = 16 * 1024
"""Of the values that an undo may need: they are a part of the effect."""

Status = Annotated[int, Field(ge=100, le=599)]
Json = Any


class NoAuth(ConfigRecord):
    kind: Literal["none"] = "none"


class Bearer(ConfigRecord):
    kind: Literal["bearer"]
    token: Variable


class Basic(ConfigRecord):
    """Many APIs take a key as the user and no password."""

    kind: Literal["basic"]
    user: Variable
    password: Variable | None = None


class HeaderKey(ConfigRecord):
    kind: Literal["header"]
    header: Header
    value: Variable


class QueryKey(ConfigRecord):
    kind: Literal["query"]
    parameter: str = Field(min_length=1, max_length=100)
    value: Variable


class ClientCredentials(ConfigRecord):
    kind: Literal["client_credentials"]
    token_url: BaseUrl
    client_id: Variable
    client_secret: Variable
    scope: str = ""
    sends: Literal["basic", "form"] = Field(default="basic", description="Where id and secret go")


class RefreshToken(ConfigRecord):
    """Of the authorization code flow, after a person has signed in once. A vendor may give a new refresh
    token with each access token: the latest is kept in a file of CONNECTOR__STATE_DIR, for its owner."""

    kind: Literal["refresh_token"]
    token_url: BaseUrl
    client_id: Variable
    client_secret: Variable
    refresh_token: Variable = Field(description="The first one; later ones are kept by us")
    sends: Literal["basic", "form"] = Field(default="basic", description="Where id and secret go")


class Signature(ConfigRecord):
    """An HMAC of the body, in a header."""

    kind: Literal["hmac"]
    secret: Variable
    header: Header
    algorithm: Literal["sha256", "sha512", "sha1"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = Field(default="", max_length=100, description="Before the digest, such as `sha256=`")
    timestamp_header: Header | None = Field(
        default=None, description="Seconds since 1970 go there, and are signed: `{seconds}.{body}`"
    )


Auth = Annotated[
    NoAuth | Bearer | Basic | HeaderKey | QueryKey | ClientCredentials | RefreshToken | Signature,
    Field(discriminator="kind"),
]


class Body(ConfigRecord):
    """One of the three. A field whose value is not there is left out, and the effect names it."""

    json_value: Texts = Field(default=None, alias="json", description="Texts in it may hold {{ … }}")
    form: dict[str, Texts] | None = Field(
        default=None, description="Form-encoded; nested keys become `a[b][0]`"
    )
    text: Text | None = None
    content_type: str | None = Field(default=None, description="Of a text")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(each is not None for each in (self.json_value, self.form, self.text)) > 1:
            raise ValueError("has one of json, form and text")
        return self


class Success(ConfigRecord):
    """When a call has worked. Some APIs answer 200 with an error inside."""

    statuses: list[Status] = Field(default=[200, 201, 202, 204], min_length=1)
    where: Place | None = Field(
        default=None, description="Must be there and true in the answer as well, such as `ok`"
    )
    done: list[Status] = Field(
        default=[], description="It was there already, which is as good: 409 of many APIs"
    )


class Retries(ConfigRecord):
    """Which failures pass by themselves."""

    statuses: list[Status] = Field(default=[408, 425, 429, 500, 502, 503, 504])
    where: Place | None = Field(default=None, description="Also where this is true in the answer")
    wait_seconds: float | None = Field(
        default=None, gt=0, le=86_400, description="Before the next try, where the answer names no time"
    )
    reset_header: Header | None = Field(
        default=None, description="Seconds since 1970, or to wait, until calls are allowed again"
    )


class LookUp(ConfigRecord):
    """Ask before writing: where it is found, nothing is written."""

    operation: Name = Field(description="A read of the same connector")
    found: Place = Field(description="What must be there in its answer, such as `items[0]`")


class Once(ConfigRecord):
    """How a write that is made again has no second effect. One of these; without any, PUT, PATCH and DELETE
    may be repeated, and POST is made at most once: where nobody knows whether it was done, a person is
    told."""

    header: Header | None = Field(default=None, description="Our key goes there: `Idempotency-Key`")
    field: str | None = Field(default=None, description="Our key goes there, in the body")
    look_up: LookUp | None = None
    repeatable: bool | None = Field(default=None, description="Whether it may simply be sent again")

    @property
    def is_guarded(self) -> bool:
        return bool(self.header or self.field or self.look_up)


class PageBy(StrEnum):
    BODY_CURSOR = "body_cursor"
    QUERY_CURSOR = "query_cursor"
    NEXT_LINK = "next_link"
    OFFSET = "offset"
    PAGE = "page"
    LAST_ID = "last_id"


class Pages(ConfigRecord):
    """How a list goes on. All rows of it are what the operation answers with."""

    by: PageBy
    rows: Place = Field(description="Where the rows stand in each answer")
    next: Place | None = Field(
        default=None, description="Where the next cursor or link stands; of last_id, the id within a row"
    )
    parameter: str | None = Field(default=None, description="What says where to go on: `starting_after`")
    first: int = Field(default=1, ge=0, description="Number of the first page")
    size: int = Field(
        default=100, ge=1, le=10_000, description="Rows of a full page: a shorter one is the last"
    )
    most: int = Field(default=20, ge=1, le=MOST_PAGES, description="Pages at most; more is an error")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needs_next = self.by in (PageBy.BODY_CURSOR, PageBy.QUERY_CURSOR, PageBy.NEXT_LINK, PageBy.LAST_ID)
        if needs_next and self.next is None:
            raise ValueError(f"{self.by} needs `next`")
        if self.by is not PageBy.NEXT_LINK and not self.parameter:
            raise ValueError(f"{self.by} needs `parameter`")
        return self


class Shown(ConfigRecord):
    """What of the answer people see in the effect."""

    object_type: str = Field(default="", max_length=60, description="What it is, such as `account`")
    id: Place | None = None
    link: Text | None = Field(
        default=None, description="May hold {{ answer.… }}, {{ request.… }} and what the request may"
    )
    before: dict[str, Place] = Field(default={}, description="From the answer of the look-up")
    after: dict[str, Place] = Field(default={}, description="From the answer; what was sent where left out")


class Operation(ConfigRecord):
    """One call. Texts may hold {{ event.… }}, {{ facts.… }}, {{ answers.NAME.… }} and {{ key }}."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    path: Text = Field(pattern="^/", max_length=2_000)
    query: dict[str, Texts] = {}
    headers: dict[Header, Text] = {}
    body: Body | None = None
    success: Success = Success()
    retries: Retries = Retries()
    once: Once = Once()
    pages: Pages | None = None
    shown: Shown = Shown()
    keeps: dict[str, Place] = Field(
        default={}, description="What of the answer later operations may use; all of it where left out"
    )
    reads: bool | None = Field(default=None, description="Whether it only reads; true of GET and HEAD")
    undo: Name | None = Field(
        default=None,
        description="Operation that takes it back. Its texts may hold {{ effect.id }}, {{ effect.before.… }},"
        " {{ effect.after.… }} and {{ answer.… }}, which are this one's",
    )
    summary: str = Field(default="", max_length=100, description="For lists and timelines")

    @property
    def is_read(self) -> bool:
        return self.method in ("GET", "HEAD") if self.reads is None else self.reads

    @property
    def may_repeat(self) -> bool:
        """Whether it may be sent again where nobody knows what became of it."""
        if self.once.repeatable is not None:
            return self.once.repeatable
        return self.is_read or self.once.is_guarded or self.method in ("PUT", "PATCH", "DELETE")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.pages and not self.is_read:
            raise ValueError("only a read has pages")
        if self.once.field and (self.body is None or self.body.text is not None):
            raise ValueError("once.field needs a body of json or form")
        if self.method in ("GET", "HEAD") and self.body is not None:
            raise ValueError(f"{self.method} has no body")
        return self


class Rate(ConfigRecord):
    calls: float = Field(gt=0, le=10_000)
    seconds: float = Field(default=1, gt=0, le=3_600)


class Connector(ConfigRecord):
    """One API: a file of config/connectors, whose name is the connector's."""

    base_url: BaseUrl
    title: str = Field(default="", max_length=60, description="How people write its name")
    auth: Auth = NoAuth()
    headers: dict[Header, Text] = Field(default={}, description="Of every call, such as a version")
    rate: Rate = Rate(calls=10)
    calls_at_once: int = Field(default=5, ge=1, le=100)
    timeout_seconds: float = Field(default=10, gt=0, le=30)
    most_bytes: int = Field(default=1024 * 1024, ge=1, le=MOST_ANSWER_BYTES, description="Of one answer")
    operations: dict[Name, Operation] = Field(min_length=1)

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @model_validator(mode="after")
    def _look_ups_are_reads(self) -> Self:
        for name, each in self.operations.items():
            if (look_up := each.once.look_up) is None:
                continue
            asked = self.operations.get(look_up.operation)
            if asked is None or not asked.is_read:
                raise ValueError(
                    f"operation {name} looks up by {look_up.operation}, which is no read of this file"
                )
        return self

    @model_validator(mode="after")
    def _what_takes_back_can_be_repeated(self) -> Self:
        """After an undo without an answer one could not tell whether it was done."""
        for name, each in self.operations.items():
            if each.undo is None:
                continue
            asked = self.operations.get(each.undo)
            if each.is_read or asked is None or asked.is_read:
                raise ValueError(f"operation {name} is undone by {each.undo}: both are writes of this file")
            if not asked.may_repeat:
                raise ValueError(
                    f"operation {name} is undone by {each.undo}, which is made at most once: say in its"
                    " `once` how a repeat is known"
                )
        return self

    def with_all_of(self, operation: str) -> Self:
        """With that one alone, and those that it needs: to look up, and to be undone."""
        kept, waiting = dict[Name, Operation](), [operation]
        while waiting:
            name = waiting.pop()
            if name not in kept:
                kept[name] = each = self.operations[name]
                look_up = [each.once.look_up.operation] if each.once.look_up else []
                waiting += [*look_up, *([each.undo] if each.undo else [])]
        return self.model_copy(update={"operations": kept})


class ConnectorCall(Write):
    """One operation, with all it may be filled in with. What the file said travels along."""

    connector: str
    operation: str
    content: Connector
    values: dict[str, Any] = Field(default={}, description="`event`, `facts`, `answers`")

    @property
    def asked(self) -> Operation:
        return self.content.operations[self.operation]


class Inverse(Record):
    """What taking a write back needs, beside the two sides of its effect: which `operation` it was, the file
    as it was then, and what its inverse may be filled in with. Its secrets are names of variables."""

    operation: str
    content: Connector
    values: dict[str, Any] = {}

    @property
    def done(self) -> Operation:
        return self.content.operations[self.operation]


class Called(Record):
    """What an operation came to. `answer` is for later ones: what `keeps` names of it, or all where that is
    little."""

    answer: Json = None
    effect: Effect | None = Field(default=None, description="None of a read")


class Answer(Record):
    """What a call came to: `body` is JSON, or a text where it is none."""

    status: int
    body: Json = None
