"""The deal."""
