"""Benchmarks: what the machine could do, what we do, and the ratio of the two, in one run."""
