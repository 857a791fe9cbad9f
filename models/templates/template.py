"""What a template is: one business workflow, declared once.

Routes, dispatcher, doctor, the JSON Schema of config/routes.yaml, the README's table and tests read the
declarations, of which `models.templates.catalogue` has the list.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Self, Union, get_args, get_origin

from pydantic import AwareDatetime, Field

from models.base import ConfigRecord, Record
from models.connectors import Connector
from models.crm import CrmMapping
from models.effects import Mode
from models.event import Event
from models.events import DataSources
from models.zones import day_in


class Names(Enum):
    """What the value of an option names in a system; `doctor` looks whether it is there. An option is marked
    as `Annotated[str, Names.SLACK_CHANNEL]`."""

    SLACK_CHANNEL = "Slack channel, id or #name"
    SALESFORCE_USER = "e-mail of a Salesforce user"
    SALESFORCE_TASK_FIELD = "API name of a Task field: the keys of a mapping"
    MARKETO_LIST = "static list of Marketo, name or id"
    MARKETO_PROGRAM = "program of Marketo, name or id"
    MARKETO_CAMPAIGN = "smart campaign of Marketo that may be requested, name or id"
    MARKETO_OBJECT = "custom object of Marketo, API name"
    SALESFORCE_STAGE = "value of Stage of Salesforce's Opportunity"
    SALESFORCE_OPPORTUNITY_TYPE = "value of Type of Salesforce's Opportunity"
    HUBSPOT_PIPELINE = "pipeline of HubSpot's deals, by name or id"
    HUBSPOT_STAGE = "stage of HubSpot's deals, by name or id"
    HUBSPOT_USER = "e-mail of a HubSpot user"
    SALESFORCE_USER_FIELD = "look-up to User on Salesforce's Account, API name"
    SALESFORCE_ACCOUNT_FIELD = "field of Salesforce's Account by which accounts are found, API name"
    SALESFORCE_OPPORTUNITY_FIELD = "API name of an Opportunity field: the keys of a mapping"
    HUBSPOT_USER_PROPERTY = "property of HubSpot's companies and contacts that holds a user, internal name"
    HUBSPOT_DEAL_PROPERTY = "internal name of a property of deals: the keys of a mapping"
    MARKETO_LEAD_FIELD = "field of Marketo's leads, REST API name"
    SLACK_TELL = "whom Slack tells: `channel`, `person` or `both`"
    CRM = "CRM in which records are made, `salesforce` or `hubspot`"
    OPERATION = "operation of a connector, as in `my_product.create_account`"


class RouteOptions(ConfigRecord):
    """Base of each template's options, and of what they are made of. Unknown fields are refused when the file
    is read, and ignored in a run's input: an older worker must be able to take what a newer ingress gives."""

    def named(self, what: Names) -> list[str]:
        """Values of the options with that mark, in the order of the fields: of a mapping its keys, and an
        empty one where such an option is not set."""
        return list(_named(self, what))

    def needs(self) -> set[str]:
        """Those without which something of it is skipped, by their names in the settings."""
        inner = (getattr(self, name) for name in type(self).model_fields)
        return {system for each in inner if isinstance(each, RouteOptions) for system in each.needs()}


class EventInput(Record):
    """What the run of each event template is given: everything that it is explained by. A template's own
    input narrows `event` and `options`, and adds to it."""

    event: Event
    route: str
    route_why: str = ""
    options: RouteOptions
    received_at: AwareDatetime
    wait: bool = Field(default=False, description="What lies ahead is acted on on its day, not before")
    mode: Mode = Mode.LIVE
    web_ui_url: str = ""
    shadow: bool = Field(default=False, description="Its route is in preview: the event counts as taken")
    held_by: str | None = Field(default=None, description="Brake or pause whose end it awaits first")
    time_zone: str = Field(default="UTC", description="The ChartMogul account's: days are those there")

    @classmethod
    def of(cls, common: "EventInput", **own: Any) -> Self:
        """With the template's own fields."""
        return cls(**dict(common), **own)

    @property
    def scheduled(self) -> bool:
        """The source told of it before it takes effect."""
        return self.event.occurred_at > self.received_at

    @property
    def waits_until(self) -> datetime | None:
        return self.event.occurred_at if self.scheduled and self.wait else None

    @property
    def acts_at(self) -> datetime:
        return self.waits_until or self.received_at

    def day(self, instant: datetime) -> date:
        """As the account's people count days."""
        return day_in(self.time_zone, instant)


@dataclass(frozen=True)
class Installation:
    """What a run's input may take from this installation: time zones by account, config/crm.yaml, the files
    of config/connectors, and which data source of ChartMogul's a billing system is."""

    zones: Mapping[str, str] = field(default_factory=dict)
    crm: CrmMapping = field(default_factory=CrmMapping)
    connectors: Mapping[str, Connector] = field(default_factory=dict)
    data_sources: DataSources = field(default_factory=dict)


@dataclass(frozen=True)
class Template:
    """One event template. Its name is the workflow's, too, and never changes.

    `takes` are types of events, in the order in which they are named. `pause_above` is how many runs an hour
    of a route that says nothing of it may begin before its brake goes on, 0 for any number. `given` makes the
    run's input from what all runs are given, and the installation.
    """

    name: str
    sentence: str
    """What it does, as the README's table says it."""
    takes: tuple[str, ...]
    options: type[RouteOptions]
    input: type[EventInput]
    given: Callable[[EventInput, Installation], EventInput]
    systems: tuple[str, ...]
    """That it reads and writes."""
    pause_above: int = 0
    needs_crm_mapping: bool = False


def _named(options: RouteOptions, what: Names) -> Iterator[str]:
    for name, about in type(options).model_fields.items():
        value = getattr(options, name)
        if isinstance(value, RouteOptions):
            yield from value.named(what)
        elif what in (*about.metadata, *_marks(about.annotation)):
            yield from value if isinstance(value, Mapping | list) else [value or ""]


def _marks(annotation: Any) -> Iterator[Any]:
    """Of the parts of `Annotated[str, mark] | None` and of a list, too, where pydantic does not lift them."""
    if get_origin(annotation) is Annotated:
        yield from annotation.__metadata__
    if isinstance(annotation, UnionType) or get_origin(annotation) in (Annotated, Union, list):
        for each in get_args(annotation):
            yield from _marks(each)
