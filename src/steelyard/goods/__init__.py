"""What is sold, how many there are and for how much."""
