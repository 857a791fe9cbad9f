"""BigQuery, by Google's library."""
