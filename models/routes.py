"""Routes: which events go to which template, with which options."""

from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from models.churn_save import ChurnSaveOptions
from models.crm_sync import CustomerSyncOptions
from models.events import MovementType, MrrMovement
from models.movements import LONGEST_ACT_WITHIN_DAYS

Template = Literal["churn_save", "customer_sync"]

TAKES: dict[Template, set[MovementType]] = {
    "churn_save": {MovementType.CHURN},
    "customer_sync": set(MovementType),
}
OPTIONS: dict[Template, type[ChurnSaveOptions] | type[CustomerSyncOptions]] = {
    "churn_save": ChurnSaveOptions,
    "customer_sync": CustomerSyncOptions,
}


class _Config(BaseModel):
    model_config = ConfigDict(frozen=True, json_schema_extra={"additionalProperties": False})


class Filter(_Config):
    """Which movements a route takes: all conditions must hold."""

    movements: list[MovementType] = Field(min_length=1, description="Types of MRR movement")
    minimum_mrr: Decimal = Field(
        default=Decimal(0), ge=0, description="Smallest change of MRR, in the account's currency"
    )
    accounts: list[str] = Field(default=[], description="ChartMogul accounts; all where empty")

    def takes(self, event: MrrMovement) -> bool:
        return (
            event.movement_type in self.movements
            and Decimal(abs(event.amount.cents)) / 100 >= self.minimum_mrr
            and (not self.accounts or event.account in self.accounts)
        )

    def why(self, event: MrrMovement) -> str:
        """Why it takes this event, in the words of the file."""
        least = f" of at least {self.minimum_mrr} MRR" if self.minimum_mrr else ""
        whose = f"accounts {', '.join(self.accounts)}" if self.accounts else "all accounts"
        return f"the first that takes {event.movement_type}{least}, of {whose}"


class Route(_Config):
    name: str = Field(pattern="^[a-z0-9][a-z0-9-]*$", description="Unique, for people and logs")
    template: Template
    when: Filter
    scheduled: Literal["act", "wait"] = Field(
        default="act", description="A movement that lies ahead: act at once, or wait for its day"
    )
    act_within_days: float = Field(
        default=3,
        gt=0,
        le=LONGEST_ACT_WITHIN_DAYS,
        description="A movement that the poll or a backfill finds later than this is counted, no more",
    )
    options: ChurnSaveOptions | CustomerSyncOptions

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


class Routes(_Config):
    """Several routes may match one event; for one template the first that matches counts."""

    routes: list[Route]

    @model_validator(mode="after")
    def _unique_names(self) -> Self:
        names = [route.name for route in self.routes]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"route names must be unique: {', '.join(sorted(twice))}")
        return self

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
