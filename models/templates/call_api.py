"""Call API: what its route can say and what a run is given."""

from typing import Annotated

from pydantic import Field

from models.connectors import Connector
from models.events import MovementType, MrrMovement
from models.templates.template import EventInput, Installation, Names, RouteOptions, Template

OperationName = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$", max_length=130), Names.OPERATION
]


class CallApiOptions(RouteOptions):
    calls: list[OperationName] = Field(
        min_length=1,
        max_length=20,
        description="Operations of connectors, one after the other, as in `my_product.create_account`; later"
        " ones may use {{ answers.create_account.… }}. Where one fails for good, the others are made",
    )


class CallApiInput(EventInput):
    event: MrrMovement
    options: CallApiOptions
    connectors: dict[str, Connector] = Field(default={}, description="Their files, as they are now")


def _given(common: EventInput, installation: Installation) -> CallApiInput:
    options = common.options
    assert isinstance(options, CallApiOptions)
    names = {call.partition(".")[0] for call in options.calls}
    used = {name: each for name, each in installation.connectors.items() if name in names}
    return CallApiInput.of(common, connectors=used)


CALL_API = Template(
    name="call_api",
    sentence="calls operations of any REST API that a file in `config/connectors` describes",
    takes=tuple(MovementType),
    options=CallApiOptions,
    input=CallApiInput,
    given=_given,
    systems=("chartmogul", "connector"),
    pause_above=50,
)
