"""Privacy: what is held about a person, erasing it, and retention."""
