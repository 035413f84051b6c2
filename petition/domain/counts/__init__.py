"""Counts: which numbers may be published."""
