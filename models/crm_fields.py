"""Fields that a mapping names, and that the CRM lacks or cannot take as they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.bounds import few
from models.crm import CrmName

PREPARE: dict[CrmName, str] = {
    "hubspot": "`mogulflow crm prepare hubspot` makes what is missing",
    "salesforce": "`mogulflow crm prepare salesforce` lists all that an admin must do",
}
CORRECT = "Correct the field, or take it out of config/crm.yaml"


@dataclass(frozen=True)
class Unfit:
    """`hint` is a name that is nearly the same, as `nearest` says it."""

    object: str
    name: str
    why: str
    missing: bool = False
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.object}.{self.name}: {self.why}{self.hint}"


def not_ready(system: CrmName, unfit: Sequence[Unfit]) -> str:
    to_do = PREPARE[system] if any(field.missing for field in unfit) else CORRECT
    return f"Fields are not ready: {few(unfit)}. {to_do}."
