"""How the people who run it work."""
