"""Letters: the outbox, its limits, and the mailbox folder."""
