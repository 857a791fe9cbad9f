"""Cohorts, retention and churn, computed from MRR movements. Pure: no reading, no Temporal."""
