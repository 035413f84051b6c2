"""Counts: totals, the changes that they owe, and published snapshots."""
