"""Abuse: what one sender is, and how much of anything one sender may do."""
