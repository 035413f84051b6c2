"""Campaigns: the rows of campaigns, their texts and target domains."""
