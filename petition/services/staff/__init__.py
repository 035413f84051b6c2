"""Staff: invitations, accounts and signing in."""
