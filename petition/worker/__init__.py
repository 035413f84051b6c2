"""Worker: sends what is owed, and does what comes round."""
