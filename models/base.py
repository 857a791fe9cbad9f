"""What models have in common."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """It does not change, and no error quotes what it was made of: that may be personal, or a secret."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class ConfigRecord(Record):
    """A part of a file in config/, whose JSON Schema tells editors that there are no other fields."""

    model_config = ConfigDict(populate_by_name=True, json_schema_extra={"additionalProperties": False})
