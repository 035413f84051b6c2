"""Vault: sealing every record anew under a new key."""
