"""The sign form, for every page that shows it."""
