"""Partners: organisations that show a campaign's form on their own sites."""
