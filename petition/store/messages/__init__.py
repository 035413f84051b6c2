"""Messages in the database: targets, the messages themselves, caps and counts."""
