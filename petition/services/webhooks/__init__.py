"""Webhooks: who gets them, what they say, and what becomes of each."""
