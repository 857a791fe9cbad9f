"""Records of one object by their own id: read, changed, deleted."""

from collections.abc import Iterable, Mapping
from typing import Any

from simple_salesforce.format import format_soql

from clients.kit.http import Call
from clients.salesforce.transport import Org, SalesforceTransport, api_name, json_value

ON_ACCOUNTS = ("Contact", "Opportunity")
"""Objects whose records are deleted with their account."""

MOST_LOOKED_AT = 200


class RecordsById:
    def __init__(self, transport: SalesforceTransport, object_name: str) -> None:
        self._transport, self.object = transport, api_name(object_name)

    async def find(self, key: str, fields: Iterable[str] = ()) -> dict[str, Any] | None:
        """Id and `fields` of the record with the id `key`. What is in the recycle bin is not there."""
        names = ", ".join(dict.fromkeys(["Id", *map(api_name, fields)]))
        asked = format_soql(f"SELECT {names} FROM {self.object} WHERE Id = {{}}", key)
        call = Call("salesforce", f"read {self.object} {key}")
        rows = await self._transport.run(call, lambda org: org.query(asked))
        return rows[0] if rows else None

    async def update(self, record_id: str, fields: Mapping[str, Any]) -> None:
        done = f"the {self.object} was changed"
        call = Call("salesforce", f"change {self.object} {record_id}", writes=True, done=done)
        values = {field: json_value(value) for field, value in fields.items()}
        await self._transport.run(call, lambda org: self._records(org).update(record_id, values))

    async def delete(self, record_id: str) -> None:
        """Into the recycle bin, from which people can bring it back for two weeks. Raises NotFound where it
        is there already."""
        done = f"the {self.object} was deleted"
        call = Call("salesforce", f"delete {self.object} {record_id}", writes=True, done=done)
        await self._transport.run(call, lambda org: self._records(org).delete(record_id))

    async def of_account(self, account_id: str) -> set[str]:
        """Ids of this object's records that are on the account, of 200 at most."""
        asked = f"SELECT Id FROM {self.object} WHERE AccountId = {{}} LIMIT {{}}"
        call = Call("salesforce", f"look what is on account {account_id}")
        soql = format_soql(asked, account_id, MOST_LOOKED_AT)
        rows = await self._transport.run(call, lambda org: org.query(soql))
        return {str(row["Id"]) for row in rows}

    def _records(self, org: Org) -> Any:
        return getattr(org.library, self.object)
