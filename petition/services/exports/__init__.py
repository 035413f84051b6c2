"""Exports: signatures as files, each with its record."""
