"""Staff: their roles, and the rights that these give."""
