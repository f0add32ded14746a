"""Mapping files that ship with Steelyard; `--map NAME` finds them here."""
