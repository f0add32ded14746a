"""Instructions, clearing and books."""
