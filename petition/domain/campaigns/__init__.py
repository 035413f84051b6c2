"""Campaigns: the public call's content, its milestones and the target's mail domains."""
