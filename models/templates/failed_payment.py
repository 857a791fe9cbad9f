"""Failed payment: what its route can say and what a run is given."""

from typing import Annotated

from pydantic import AfterValidator, Field

from models.events import FailedPayment
from models.templates.blocks import Seconds, SlackChannel, TagOptions, fillable
from models.templates.template import EventInput, Installation, RouteOptions, Template


class InAppOptions(RouteOptions):
    text: Annotated[
        str, Field(min_length=1, max_length=5000), AfterValidator(fillable("customer", "amount", "link"))
    ] = Field(
        default="Hello {customer}, we could not collect {amount}. Please update your payment details: {link}",
        description="What the person in Intercom reads, with `{customer}`, `{amount}` and `{link}`",
    )
    link: str | None = Field(
        default=None,
        pattern="^https://",
        max_length=1000,
        description="Where billing details are updated; left out, the page of the invoice",
    )
    remind_after_days: float | None = Field(
        default=None, gt=0, le=60, description="Once more after so many days, where it is still unpaid"
    )

    def needs(self) -> set[str]:
        return {"intercom"}


class FailedPaymentOptions(RouteOptions):
    channel: SlackChannel = Field(min_length=1, description="Slack channel, id (safest) or #name")
    message: InAppOptions | None = Field(
        default=None, description="In-app message by Intercom, at most once; none where it is left out"
    )
    tag: TagOptions | None = Field(default=None, description="On the customer for as long as it is unpaid")
    check_every_hours: float = Field(
        default=12, gt=0, le=168, description="How often we look whether it is paid"
    )
    watch_days: float = Field(
        default=45, gt=0, le=120, description="After so many days without an end we say so, and stop looking"
    )
    reread_after_seconds: Seconds = Field(
        default=300, description="A message held up for longer goes out only after the invoice was read again"
    )


class FailedPaymentInput(EventInput):
    event: FailedPayment
    options: FailedPaymentOptions


def _given(common: EventInput, _: Installation) -> FailedPaymentInput:
    return FailedPaymentInput.of(common)


FAILED_PAYMENT = Template(
    name="failed_payment",
    sentence="reads the invoice back, writes to the person in Intercom at most once, tells the billing"
    " channel what is at risk, follows every further attempt in the thread, and says whether it was recovered"
    " or lost",
    takes=("failed_payment",),
    options=FailedPaymentOptions,
    input=FailedPaymentInput,
    given=_given,
    systems=("chartmogul", "stripe", "chargebee", "recurly", "intercom", "slack"),
    pause_above=50,
)
