"""Messages: their states, what is looked at in one, when they go, and the mailbox of their own."""
