"""Abuse: limits by sender, with no address of the network kept."""
