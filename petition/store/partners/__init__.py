"""Partners in the database."""
