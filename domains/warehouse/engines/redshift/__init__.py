"""Redshift, by the PostgreSQL protocol and S3."""
