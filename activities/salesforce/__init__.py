"""Steps on Salesforce."""
