"""Counts: the figures that public pages may show."""
