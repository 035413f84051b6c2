"""Petition: a petition and email-action backend."""
