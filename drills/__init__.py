"""Fault drills: they break a running Petition on purpose and count what its promises cost."""
