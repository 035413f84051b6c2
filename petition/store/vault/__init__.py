"""Vault: sealing personal data, and checks of its keys."""
