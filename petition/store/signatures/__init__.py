"""Signatures: writing them in groups, their states, and moderation."""
