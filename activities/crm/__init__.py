"""The steps of the CRM sync: all customers of an account, and one within seconds of a movement."""
