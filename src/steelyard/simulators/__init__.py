"""The outside world on one machine: programs that play the payment channel, the carrier, the bank and the mail server."""
