"""Partners: making, blocking and listing them."""
