"""Abuse: the rows behind the limits by sender."""
