"""Webhooks: events of a campaign, sent to programs of the organiser by Standard Webhooks."""
