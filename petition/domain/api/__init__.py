"""The API: tokens, what they open, and keys of requests that must be done once."""
