"""Plain Python: no Flask, no SQL, no clock, no network."""
