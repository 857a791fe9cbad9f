"""No model quotes in an error what it was made of: in workflows errors become part of the history."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from pydantic import BaseModel, ValidationError

import clients
import domains
import models
from clients.chartmogul.dates import Page
from clients.hubspot.batches import Found
from models.base import Record
from models.chartmogul import MovementWebhook
from models.effects import Effect
from models.events import MrrMovement
from models.hubspot import NewRow
from models.salesforce import SaveTask
from models.slack import Message
from models.warehouse import StreamMapping

SECRET = "Ann Example <ann@acme.example>"


def subclasses(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for each in model.__subclasses__():
        yield each
        yield from subclasses(each)


def known_models() -> set[type[BaseModel]]:
    packages = (models, clients, domains)
    for package in packages:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    rooms = tuple(f"{package.__name__}." for package in packages)
    return {each for each in subclasses(BaseModel) if each.__module__.startswith(rooms)}


def test_every_model_hides_its_input() -> None:
    found = known_models()
    assert {Record, Effect, Page, MovementWebhook} <= found
    assert [each for each in found if not each.model_config.get("hide_input_in_errors")] == []


@pytest.mark.parametrize(
    "model", [MovementWebhook, MrrMovement, Effect, Message, SaveTask, NewRow, StreamMapping, Page, Found]
)
def test_errors_name_fields_and_no_values(model: type[BaseModel]) -> None:
    given = {field.alias or name: {"secret": SECRET} for name, field in model.model_fields.items()}
    with pytest.raises(ValidationError) as caught:
        model.model_validate(given)
    assert model.__name__ in str(caught.value)
    assert "Ann" not in str(caught.value)


def test_records_do_not_change() -> None:
    row = NewRow(key="1", properties={})
    with pytest.raises(ValidationError, match="frozen"):
        row.key = "2"  # type: ignore[misc]  # that is what the test is about
