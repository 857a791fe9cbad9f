"""Subscriptions of one customer, or of the whole account."""

from models.reads.answer import Paged
from models.reads.customers import SubscriptionFacts


class Subscriptions(Paged):
    """Sums are None for the whole account, whose subscriptions ChartMogul lists customer by customer."""

    subscriptions: list[SubscriptionFacts]
    count: int | None = None
    mrr_cents: int | None = None
