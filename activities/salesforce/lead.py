"""Is there a lead of a new customer still? It is told of, and never converted: that is a person's to do."""

from clients.salesforce.client import SalesforceClient
from models.salesforce import LeadQuery, LeadsFound


async def find_leads(client: SalesforceClient, query: LeadQuery) -> LeadsFound:
    found = await client.leads_with(query.email)
    newest = next(iter(found.records), None)
    return LeadsFound(
        number=len(found.records),
        name=newest.name or "" if newest else "",
        link=client.link("Lead", newest.id) if newest else None,
        left_out=found.left_out,
    )
