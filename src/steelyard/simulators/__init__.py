"""The outside world on one machine: programs that play payment channel, carriers, bank and mail server.

Each is a package or module with the same two doors: `app(settings) -> Litestar` and `async serve(settings)`.
They share nothing with the marketplace: what they know of it is the URLs that its requests carry. Each keeps its
state in one SQLite file under `settings.home`, so that it goes on after a restart. `programs.serve` runs several
of them in one process.
"""
