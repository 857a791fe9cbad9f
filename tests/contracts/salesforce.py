"""Salesforce's client, as its tests make it, and what several of them say to it."""

from typing import Any

from pydantic import SecretStr

from clients.salesforce.client import SalesforceClient
from clients.salesforce.settings import Salesforce
from simulators.kit.shapes import SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET
from tests.contracts.scripted import Reply

FALLBACK = "revops@mogulflow.example"

TOKEN = Reply({"access_token": "t1"})

QUERY = "/query"


def client_of(url: str, secret: str = SALESFORCE_CLIENT_SECRET, **options: Any) -> SalesforceClient:
    settings = Salesforce(instance_url=url, client_id=SALESFORCE_CLIENT_ID, client_secret=SecretStr(secret))
    return SalesforceClient(settings, **options)
