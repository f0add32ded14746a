"""The demo marketplace: made from a seed, the same every time."""
