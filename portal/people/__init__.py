"""Organizations, teams, users, roles, invitations and sign-in."""
