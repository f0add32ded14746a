"""Journeys share one house: it is made for the first of them, and gone after the last."""
