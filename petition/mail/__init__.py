"""The door out: letters, their transport, and the worker that sends what is owed."""
