"""Routes: which events go to which template, with which options."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, Union

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from models.base import ConfigRecord
from models.bounds import LONGEST_ACT_WITHIN_DAYS
from models.effects import Mode
from models.event import Event
from models.events import MovementType
from models.templates.catalogue import TEMPLATES
from models.templates.template import Names, RouteOptions, Template

MOST_REASONS = 3
"""Routes that are named one by one where none takes a movement."""

if TYPE_CHECKING:
    TemplateName = str
    AnyOptions = RouteOptions
else:  # made of the catalogue, so that files are checked, and described in the JSON Schema, by it
    TemplateName = Literal[tuple(TEMPLATES)]
    AnyOptions = Union[tuple(each.options for each in TEMPLATES.values())]  # noqa: UP007

LIMITS = ", ".join(f"{each.pause_above or 'no limit'} for {each.name}" for each in TEMPLATES.values())

LONGEST_NAME = 240
"""Characters of the name of a route with a brake. `Brake of route NAME` is a search attribute of the brake's
run, and Temporal on SQL keeps 255 of one."""


OtherEvent = Literal["failed_payment"]
"""Types of events beside MRR movements."""


class Filter(ConfigRecord):
    """Which events a route takes: all conditions must hold."""

    needs_one_of: ClassVar[tuple[str, ...]] = ("movements", "events")

    movements: list[MovementType] = Field(
        default=[], description=f"Types of MRR movement: {', '.join(MovementType)}"
    )
    events: list[OtherEvent] = Field(default=[], description="Other events: failed_payment")
    minimum_mrr: Decimal = Field(
        default=Decimal(0),
        ge=0,
        description="Smallest change of MRR, in the account's currency; of a movement alone",
    )
    accounts: list[str] = Field(default=[], description="ChartMogul accounts; all where empty")

    @property
    def types(self) -> list[str]:
        """Of events that it takes, in the order of the file."""
        return [*(each.value for each in self.movements), *self.events]

    @model_validator(mode="after")
    def _takes_something(self) -> Self:
        if not self.types:
            raise ValueError(
                "needs `movements` or `events`, such as movements: [churn] or events: [failed_payment]"
            )
        return self

    def takes(self, event: Event) -> bool:
        return not self.why_not(event)

    def why_not(self, event: Event) -> str:
        """What it asks for that the event is not, in words; empty where it takes it."""
        if event.type not in self.types:
            return f"takes {', '.join(self.types)}"
        if self.accounts and event.account not in self.accounts:
            return f"is for account {', '.join(self.accounts)}"
        if event.mrr and Decimal(abs(event.mrr.cents)) / 100 < self.minimum_mrr:
            return f"takes {event.mrr.currency} {self.minimum_mrr:f} of MRR or more"
        return ""

    def why(self, event: Event) -> str:
        """Why it takes this event, in the words of the file."""
        least = f" of at least {self.minimum_mrr} MRR" if self.minimum_mrr and event.mrr else ""
        whose = f"accounts {', '.join(self.accounts)}" if self.accounts else "all accounts"
        return f"the first that takes {event.type}{least}, of {whose}"


class Route(ConfigRecord):
    name: str = Field(pattern="^[a-z0-9][a-z0-9-]*$", description="Unique, for people and logs")
    template: TemplateName = Field(description="What it starts")
    when: Filter = Field(description="Which events it takes, below")
    mode: Mode = Field(
        default=Mode.LIVE,
        description="`live`, or `preview`: its runs read everything and write nothing, and `mogulflow"
        " coverage` says what they would have done. What ran in preview is not acted on later",
    )
    scheduled: Literal["act", "wait"] = Field(
        default="act", description="A movement that lies ahead: `act` at once, or `wait` for its day"
    )
    act_within_days: float = Field(
        default=3,
        gt=0,
        le=LONGEST_ACT_WITHIN_DAYS,
        description="A movement that the poll or a backfill finds later than this is counted, no more",
    )
    pause_above: int | None = Field(
        default=None,
        ge=0,
        le=100_000,
        description=f"Runs an hour; what comes beyond waits for a person. 0: no limit. Left out: {LIMITS}",
    )
    options: AnyOptions = Field(description="The template's, below")

    @property
    def of(self) -> Template:
        """What its template declares."""
        return TEMPLATES[self.template]

    @property
    def brake_above(self) -> int:
        """Runs an hour, 0 for any number."""
        return self.of.pause_above if self.pause_above is None else self.pause_above

    @field_validator("options", mode="before")
    @classmethod
    def _of_its_template(cls, given: Any, info: ValidationInfo) -> Any:
        """Each template has its own; a route is read from its file, where unknown fields are refused."""
        template = TEMPLATES.get(info.data.get("template", ""))
        if template is None or isinstance(given, template.options):
            return given
        return template.options.model_validate(given, extra="forbid")

    @model_validator(mode="after")
    def _only_what_the_template_is_for(self) -> Self:
        if others := set(self.when.types) - set(self.of.takes):
            takes = ", ".join(self.of.takes)
            raise ValueError(f"{self.template} is not for {', '.join(sorted(others))}; it takes {takes}")
        return self

    @model_validator(mode="after")
    def _a_brake_can_be_named_after_it(self) -> Self:
        """Where no brake ever goes on, a longer name has always worked."""
        if self.brake_above and self.mode is Mode.LIVE and len(self.name) > LONGEST_NAME:
            raise ValueError(
                f"its name has {len(self.name)} characters, and {LONGEST_NAME} are the most: the run of its"
                f" brake is named after it, in a field of 255. Shorten it; pause_above: 0 means no brake"
            )
        return self


class Routes(ConfigRecord):
    """Several routes may match one event; for one template the first that matches counts."""

    routes: list[Route]

    @model_validator(mode="after")
    def _unique_names(self) -> Self:
        names = [route.name for route in self.routes]
        if twice := {name for name in names if names.count(name) > 1}:
            said = f"route names must be unique: {', '.join(sorted(twice))}"
            at = [("routes", number, "name") for number, name in enumerate(names) if name in twice]
            raise PydanticCustomError("twice", "{said}", {"said": said, "at": at})
        return self

    def why_none(self, event: Event) -> str:
        """Why no route takes the event, in words."""
        reasons = [
            f"route {route.name} {route.when.why_not(event)}"
            for route in self.routes
            if event.type in route.when.types
        ]
        if not reasons:
            return f"no route takes {event.type} {'movements' if event.mrr else 'events'}"
        more = [f"{len(reasons) - MOST_REASONS} more routes do not take it"] * (len(reasons) > MOST_REASONS)
        return "; ".join([*reasons[:MOST_REASONS], *more])

    def matching(self, event: Event) -> list[Route]:
        chosen = (self.for_template(template, event) for template in self.templates)
        return [route for route in chosen if route]

    def for_template(self, template: str, event: Event) -> Route | None:
        routes = (each for each in self.routes if each.template == template)
        return next((route for route in routes if route.when.takes(event)), None)

    def named(self, what: Names) -> set[str]:
        """What the options of all routes name."""
        return {name for route in self.routes for name in route.options.named(what)}

    def take(self, kind: str) -> bool:
        """Whether any of them takes events of that type."""
        return any(kind in route.when.types for route in self.routes)

    @property
    def templates(self) -> list[str]:
        return list(dict.fromkeys(route.template for route in self.routes))
