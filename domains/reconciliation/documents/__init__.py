"""Invoices, credit notes and cash of a month: billing, ChartMogul and the books. Pure: no reading."""
