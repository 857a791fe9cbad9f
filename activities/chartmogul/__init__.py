"""ChartMogul: reading a customer back, and changing it, each change once and so that it can be undone."""

from activities.chartmogul.reading import CustomerQuery, PayerQuery, client_of
from activities.chartmogul.steps import ChartMogulActivities

__all__ = ["ChartMogulActivities", "CustomerQuery", "PayerQuery", "client_of"]
