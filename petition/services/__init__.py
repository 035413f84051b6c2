"""What the house does: one verb per function."""
