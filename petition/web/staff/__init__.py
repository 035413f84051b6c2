"""The staff console: one gate, then its rooms."""
