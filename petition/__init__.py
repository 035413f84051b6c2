"""Petition: a petition and email-action backend."""

__version__ = "0.1.0"
