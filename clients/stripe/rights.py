"""The rights that Stripe's restricted keys have or lack."""

READ_INTENTS = "rak_payment_intent_read"
READ_CUSTOMERS = "rak_customer_read"
RIGHTS = {
    "rak_invoice_read": "Invoices: Read",
    "rak_event_read": "All events: Read",
    READ_INTENTS: "PaymentIntents: Read",
}
"""As the page of a restricted key calls them. What is not here is told as Stripe's answer has it."""

FOR_BOOKS = (
    "Customers, Subscriptions, Prices, Coupons, Tax Rates, Credit notes, Charges and Refunds, Disputes,"
    " Payouts and Balance transactions: Read"
)
"""What a month's reconciliation needs beside. UNVERIFIED: the names there. Stripe tells which one lacks."""
