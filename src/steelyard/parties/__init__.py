"""Who is who, and how to reach them."""
