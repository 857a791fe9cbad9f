"""Marketo's objects as we use them."""

from typing import Literal

from pydantic import Field

from models.crm import FieldMapping
from models.crm_facts import CustomerFacts, FactName
from models.effects import Write

Value = str | int | float | bool
"""Of a field. Empty text clears it."""

Way = Literal["static_list", "program_status", "custom_object", "campaign"]


class LeadWrite(Write):
    """A lead by its e-mail address, made where it is missing. `fields` are by their REST API names; of
    `facts` those in `mapping` go to the fields that it says."""

    email: str
    fields: dict[str, Value] = {}
    facts: CustomerFacts | None = None
    mapping: dict[FactName, FieldMapping] = {}


class Enrolment(Write):
    """A lead is put where marketing goes on: in a list, in a program with a status, in a record of a custom
    object, or in a campaign that is requested."""

    lead_id: str | None = Field(
        default=None,
        coerce_numbers_to_str=True,
        pattern=r"^[0-9]{1,18}$",
        description="As the lead's effect has it; the lead is looked up by e-mail where there is none",
    )
    email: str = ""
    way: Way
    target: str = Field(
        min_length=1,
        description="Name or id of the list, program or campaign; API name of the custom object. Digits alone"
        " are an id",
    )
    status: str | None = Field(default=None, description="Of a program's member")
    key_field: str | None = Field(
        default=None,
        description="Dedupe field of the custom object that holds our key; not needed where it has one only",
    )
    fields: dict[str, Value] = Field(default={}, description="Of the custom object's record")
