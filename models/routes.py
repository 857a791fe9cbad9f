"""Routes: which events go to which template, with which options."""

from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from models.effects import Mode
from models.events import MovementType, MrrMovement
from models.movements import LONGEST_ACT_WITHIN_DAYS
from models.templates.churn_save import ChurnSaveOptions
from models.templates.crm_sync import CustomerSyncOptions

Template = Literal["churn_save", "customer_sync"]

MOST_REASONS = 3
"""Routes that are named one by one where none takes a movement."""

TAKES: dict[Template, set[MovementType]] = {
    "churn_save": {MovementType.CHURN},
    "customer_sync": set(MovementType),
}
OPTIONS: dict[Template, type[ChurnSaveOptions] | type[CustomerSyncOptions]] = {
    "churn_save": ChurnSaveOptions,
    "customer_sync": CustomerSyncOptions,
}

LONGEST_NAME = 240
"""Characters of the name of a route with a brake. `Brake of route NAME` is a search attribute of the brake's
run, and Temporal on SQL keeps 255 of one."""

PAUSE_ABOVE: dict[Template, int] = {"churn_save": 50, "customer_sync": 0}
"""Runs an hour of a route that says nothing of it. Fifty customers who cancel within an hour are a
migration or a mistake, and fifty tasks a person's week. A sync writes what is true anyway, without telling
anybody, and the next daily one would write the same."""


class _Config(BaseModel):
    model_config = ConfigDict(
        frozen=True, hide_input_in_errors=True, json_schema_extra={"additionalProperties": False}
    )


class Filter(_Config):
    """Which movements a route takes: all conditions must hold."""

    movements: list[MovementType] = Field(min_length=1, description="Types of MRR movement")
    minimum_mrr: Decimal = Field(
        default=Decimal(0), ge=0, description="Smallest change of MRR, in the account's currency"
    )
    accounts: list[str] = Field(default=[], description="ChartMogul accounts; all where empty")

    def takes(self, event: MrrMovement) -> bool:
        return not self.why_not(event)

    def why_not(self, event: MrrMovement) -> str:
        """What it asks for that the movement is not, in words; empty where it takes it."""
        if event.movement_type not in self.movements:
            return f"takes {', '.join(self.movements)}"
        if self.accounts and event.account not in self.accounts:
            return f"is for account {', '.join(self.accounts)}"
        if Decimal(abs(event.amount.cents)) / 100 < self.minimum_mrr:
            return f"takes {event.amount.currency} {self.minimum_mrr:f} of MRR or more"
        return ""

    def why(self, event: MrrMovement) -> str:
        """Why it takes this event, in the words of the file."""
        least = f" of at least {self.minimum_mrr} MRR" if self.minimum_mrr else ""
        whose = f"accounts {', '.join(self.accounts)}" if self.accounts else "all accounts"
        return f"the first that takes {event.movement_type}{least}, of {whose}"


class Route(_Config):
    name: str = Field(pattern="^[a-z0-9][a-z0-9-]*$", description="Unique, for people and logs")
    template: Template
    when: Filter
    mode: Mode = Field(
        default=Mode.LIVE,
        description="preview: its runs read everything and write nothing; `mogulflow coverage` says what they"
        " would have done. What ran in preview is not acted on later",
    )
    scheduled: Literal["act", "wait"] = Field(
        default="act", description="A movement that lies ahead: act at once, or wait for its day"
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
        description="Runs an hour; what comes beyond waits for a person. 0: no limit."
        " Left out: 50 for churn_save, no limit for customer_sync",
    )
    options: ChurnSaveOptions | CustomerSyncOptions

    @property
    def brake_above(self) -> int:
        """Runs an hour, 0 for any number."""
        return PAUSE_ABOVE[self.template] if self.pause_above is None else self.pause_above

    @field_validator("options", mode="before")
    @classmethod
    def _of_its_template(cls, given: Any, info: ValidationInfo) -> Any:
        """Each template has its own; a route is read from its file, where unknown fields are refused."""
        options = OPTIONS.get(info.data.get("template", ""))
        if options is None or isinstance(given, options):
            return given
        return options.model_validate(given, extra="forbid")

    @model_validator(mode="after")
    def _only_what_the_template_is_for(self) -> Self:
        if others := set(self.when.movements) - TAKES[self.template]:
            raise ValueError(f"{self.template} is not for {', '.join(sorted(others))}")
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


class Routes(_Config):
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

    def why_none(self, event: MrrMovement) -> str:
        """Why no route takes the movement, in words."""
        reasons = [
            f"route {route.name} {route.when.why_not(event)}"
            for route in self.routes
            if event.movement_type in route.when.movements
        ]
        if not reasons:
            return f"no route takes {event.movement_type.value} movements"
        more = [f"{len(reasons) - MOST_REASONS} more routes do not take it"] * (len(reasons) > MOST_REASONS)
        return "; ".join([*reasons[:MOST_REASONS], *more])

    def matching(self, event: MrrMovement) -> list[Route]:
        chosen = (self.for_template(template, event) for template in self.templates)
        return [route for route in chosen if route]

    def for_template(self, template: str, event: MrrMovement) -> Route | None:
        routes = (each for each in self.routes if each.template == template)
        return next((route for route in routes if route.when.takes(event)), None)

    @property
    def churn_saves(self) -> list[ChurnSaveOptions]:
        """Options of the routes of that template."""
        return [route.options for route in self.routes if isinstance(route.options, ChurnSaveOptions)]

    @property
    def templates(self) -> list[str]:
        return list(dict.fromkeys(route.template for route in self.routes))
