"""Privacy: a supporter's rights, and retention."""
