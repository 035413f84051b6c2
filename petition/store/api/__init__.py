"""The API's tokens, and the keys of requests that must be done once."""
