"""The two figures that are compared: ChartMogul's, of invoice lines, and billing's, of terms."""
