"""Exports: what a spreadsheet makes of a file's cells."""
