"""What developers run now and then, to make files that are kept in the project."""
