"""Staff: accounts, sessions and sign-ins."""
