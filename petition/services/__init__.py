"""Business rules: one verb per function, each in its caller's transaction."""
