"""A Salesforce metadata package with the fields that the mapping needs, for `sf project deploy start`.

deploy/salesforce is made of the mapping that we come with; an admin deploys it in the place of 32 forms.
"""

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

from models.crm import CrmMapping, Format, ObjectMapping
from models.crm_facts import FactName, attribute_of, title_of

API_VERSION = "62.0"
KEY = "Mogulflow_Key__c"
KEYED = {"Activity": "Task", "Opportunity": "Opportunity"}
"""Objects on which our key is a field, and what the rights to it are given on."""

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"

_LABELS = {"external_id": "External ID", "mrr": "MRR", "arr": "ARR"}
_KINDS: dict[Format, str] = {
    "number": "<type>Currency</type><precision>18</precision><scale>2</scale>",
    "date": "<type>Date</type>",
    "datetime": "<type>DateTime</type>",
    "text": "<type>Text</type><length>255</length>",
    "boolean": "<type>Checkbox</type><defaultValue>false</defaultValue>",
}
_PLAIN_NUMBER = "<type>Number</type><precision>18</precision><scale>2</scale>"
_LONGEST_LABEL = 40


def package(mapping: CrmMapping) -> dict[str, str]:
    """Files by their path within the package."""
    objects = mapping.objects("salesforce")
    files = {f"objects/{name}.object": _object(_fields(each)) for name, each in objects.items()}
    files |= {f"objects/{name}.object": _object({KEY: _key(KEY, "Mogulflow Key", 255)}) for name in KEYED}
    names = [f"{name}.{field}" for name, each in objects.items() for field in _fields(each)]
    granted = [*(f"{name}.{KEY}" for name in KEYED.values()), *names]
    files["permissionsets/Mogulflow.permissionset"] = _permissions(granted)
    files["package.xml"] = _manifest([*(f"{name}.{KEY}" for name in KEYED), *names])
    return files


def _fields(mapping: ObjectMapping) -> dict[str, str]:
    """By API name. Standard fields are there."""
    key = mapping.key
    found = {key: _key(key, "ChartMogul Customer UUID", 64)} if key else {}
    for fact, target in mapping.fields.items():
        found[target.to] = _field(target.to, fact, mapping.formats[fact])
    return {name: text for name, text in found.items() if name.endswith("__c")}


def _field(name: str, fact: FactName, form: Format) -> str:
    label = f"ChartMogul {_LABELS.get(fact, title_of(fact))}"[:_LONGEST_LABEL]
    kind = _PLAIN_NUMBER if form == "number" and attribute_of(fact) else _KINDS[form]
    return _element("fields", f"<fullName>{name}</fullName><label>{escape(label)}</label>{kind}")


def _key(name: str, label: str, length: int) -> str:
    kind = f"<type>Text</type><length>{length}</length>"
    unique = "<caseSensitive>true</caseSensitive><externalId>true</externalId><unique>true</unique>"
    return _element("fields", f"<fullName>{name}</fullName><label>{label}</label>{kind}{unique}")


def _object(fields: Mapping[str, str]) -> str:
    return _file("CustomObject", fields.values())


def _permissions(names: list[str]) -> str:
    rights = "<readable>true</readable><editable>true</editable>"
    fields = [_element("fieldPermissions", f"<field>{name}</field>{rights}") for name in names]
    return _file("PermissionSet", [*fields, "    <label>Mogulflow</label>\n"])


def _manifest(names: list[str]) -> str:
    def of(kind: str, members: list[str]) -> str:
        listed = "".join(f"<members>{name}</members>" for name in members)
        return _element("types", f"{listed}<name>{kind}</name>")

    parts = [of("CustomField", names), of("PermissionSet", ["Mogulflow"])]
    return _file("Package", [*parts, f"    <version>{API_VERSION}</version>\n"])


def _element(name: str, inside: str) -> str:
    lines = "".join(f"        {line}\n" for line in inside.replace("><", ">\n<").split("\n"))
    return f"    <{name}>\n{lines}    </{name}>\n"


def _file(kind: str, parts: Iterable[str]) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{kind} xmlns="{NAMESPACE}">\n{"".join(parts)}</{kind}>\n'
    )
