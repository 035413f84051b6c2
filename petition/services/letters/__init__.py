"""Letters: who gets one, and what is asked for with an address alone."""
