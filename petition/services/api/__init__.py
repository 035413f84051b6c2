"""The API: making and using tokens, and doing a request once."""
