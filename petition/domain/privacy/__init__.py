"""Privacy: until when signatures are kept."""
