"""Months whose differences are known. Neither side's figure is computed by the product."""
