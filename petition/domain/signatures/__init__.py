"""Signatures: their states, and what people type into the form."""
