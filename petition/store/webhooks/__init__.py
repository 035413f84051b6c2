"""Webhooks: endpoints, and the deliveries that are owed to them."""
