"""Customer sync: what its route can say and what a run is given."""

from pydantic import Field

from models.crm import CrmMapping, CrmName
from models.events import MovementType, MrrMovement
from models.templates.template import EventInput, Installation, RouteOptions, Template


class CustomerSyncOptions(RouteOptions):
    systems: list[CrmName] = Field(
        default=["hubspot", "salesforce"],
        min_length=1,
        description="CRMs to write to; which fact goes to which field says `config/crm.yaml`",
    )
    settling_seconds: float = Field(
        default=20,
        ge=0,
        le=3600,
        allow_inf_nan=False,
        description="How long ChartMogul may not show the movement yet, before we write what it shows",
    )


class CustomerSyncInput(EventInput):
    event: MrrMovement
    options: CustomerSyncOptions
    mapping: CrmMapping


def _given(common: EventInput, installation: Installation) -> CustomerSyncInput:
    return CustomerSyncInput.of(common, mapping=installation.crm)


CUSTOMER_SYNC = Template(
    name="customer_sync",
    sentence="writes what the customer pays now to its records in the CRM, within seconds",
    takes=tuple(MovementType),
    options=CustomerSyncOptions,
    input=CustomerSyncInput,
    given=_given,
    systems=("chartmogul", "hubspot", "salesforce"),
    needs_crm_mapping=True,
)
