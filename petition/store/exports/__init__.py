"""Exports: the ledger of exports, and which signature left in which."""
