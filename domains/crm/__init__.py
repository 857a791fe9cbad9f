"""The CRM sync: what we know of a customer, which record that is, and what there is to write."""
