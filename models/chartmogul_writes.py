"""Writes to ChartMogul, each the argument of one step, which returns an Effect."""

from typing import Any

from pydantic import Field

from models.changes import (
    AttributeKey,
    AttributeValue,
    InvoiceUuid,
    LineFields,
    LineUuid,
    Scalar,
    SubscriptionEvent,
    Tag,
    Uuid,
)
from models.effects import Write


class ChartMogulWrite(Write):
    """`was` is the `before` of its preview: what was there before an earlier try may have written, which
    nobody can read any more."""

    account: str
    was: dict[str, Any] | None = None


class TagsWrite(ChartMogulWrite):
    """Sides of the effect: `{"tag NAME": whether it is there}`, of these tags alone."""

    customer_uuid: Uuid
    add: list[Tag] = []
    remove: list[Tag] = []


class AttributesWrite(ChartMogulWrite):
    """Sides of the effect: `{"custom.KEY": value}`, None where there is none."""

    customer_uuid: Uuid
    set: list[AttributeValue] = []
    remove: list[AttributeKey] = []


class CustomerWrite(ChartMogulWrite):
    """Without `customer_uuid` a new customer, found again by data source and external id. Sides of the effect
    are ChartMogul's fields."""

    customer_uuid: Uuid | None = None
    data_source_uuid: str | None = None
    external_id: str | None = None
    fields: dict[str, Scalar] = {}


class EventWrite(ChartMogulWrite):
    """One subscription event, found again by its external id and data source."""

    event: SubscriptionEvent


class MergeWrite(ChartMogulWrite):
    """Asynchronous at ChartMogul: done where the one is gone, or answers as the other. `before` of the effect
    has what is needed to take it back: uuid, data source, external id, name and MRR of the one that goes."""

    customer_uuid: Uuid
    into_uuid: Uuid


class DeletionWrite(ChartMogulWrite):
    """`before` of the effect is the customer with subscriptions, MRR and attributes: nothing brings them
    back."""

    customer_uuid: Uuid


class LineWrite(ChartMogulWrite):
    """Sides of the effect: those fields of the line that are set, under ChartMogul's names."""

    line_uuid: LineUuid
    fields: LineFields
    period: str = Field(description="Month that it corrects: once that is signed it is not taken back either")
    said: str = ""


class InvoiceWrite(ChartMogulWrite):
    """Takes the invoice out of the reckoning. Sides of the effect: `{"disabled": …}`."""

    invoice_uuid: InvoiceUuid
    period: str
    said: str = ""
