"""Messages: composing, queueing, a supporter's own ones, and the queue as staff see it."""
