"""ChartMogul's client, as its tests make it."""

from typing import Any

from pydantic import SecretStr

from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.settings import ChartMogulAccount
from simulators.kit.shapes import CHARTMOGUL_KEY


def client_of(url: str, key: str = CHARTMOGUL_KEY, **options: Any) -> ChartMogulClient:
    return ChartMogulClient(ChartMogulAccount(api_key=SecretStr(key), base_url=url), **options)
