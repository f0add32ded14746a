"""What the code under test logs, as a failed test shows it."""

import structlog


def logged_plainly() -> None:
    """Tracebacks without frames around them and without local variables: drawing those of one error that nobody waited for
    has taken a processor for a minute, in the middle of another test."""
    structlog.reset_defaults()
    *others, _ = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*others, plain])
