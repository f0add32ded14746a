"""Other doors to the same goods and stock."""
