"""A month of the demo marketplace, played in minutes: buyers pay and change their minds, shops send, the channel and the bank
misbehave, and every evening the books are laid beside their statements. What `steelyard simulate month` runs.

The house is a new one that is thrown away afterwards, with a clock that can be wound (`clock`). The channel and the bank are
the simulators, served on loopback (`outside`). What people do is in `people`, what a day brings in `days`, what came of it
all in `telling`.
"""

from steelyard.demo.month.days import Plan, play
from steelyard.demo.month.running import run
from steelyard.demo.month.telling import Caught, Left, Report, Sums, by_currency, lines

__all__ = ["Caught", "Left", "Plan", "Report", "Sums", "by_currency", "lines", "play", "run"]
