"""CRM sync: once a day, all customers."""
