"""The API for programs: public numbers and texts, and signing."""
