"""The rights that Stripe's restricted keys have or lack."""

READ_INTENTS = "rak_payment_intent_read"
RIGHTS = {
    "rak_invoice_read": "Invoices: Read",
    "rak_event_read": "All events: Read",
    READ_INTENTS: "PaymentIntents: Read",
}
"""As the page of a restricted key calls them. What is not here is told as Stripe's answer has it."""
