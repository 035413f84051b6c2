"""Campaigns: loading them from files, opening, closing, the target's mail domains."""
