"""The outside world on one machine: programs that play the payment channel, carrier, bank and mail server."""
