"""The server's settings. An operator's own go into `ALTER SYSTEM`, which wins over these."""

# Right for a small laptop and for a machine with 24 GB alike: what depends on memory is modest or only an estimate.
_SETTINGS = {
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    # Whatever of it was touched once is kept; the system's own cache of files is behind it.
    "shared_buffers": "128MB",
    "effective_cache_size": "2GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "fsync": "on",
    "synchronous_commit": "on",
    # Statement errors belong to the application's log; the server's holds what concerns the server.
    "log_min_messages": "log",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    "lc_messages": "C",
}

# For tests: a database that nobody needs after a power cut.
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "1h",
    "checkpoint_timeout": "1h",
    "shared_buffers": "128MB",
}


def render(*, fast: bool) -> str:
    """The text of `settings.conf`; `fast` trades safety for speed."""
    settings = _SETTINGS | (_FAST if fast else {})
    lines = [f"{name} = '{value}'" for name, value in settings.items()]
    return "# Written at every start. Your own settings: ALTER SYSTEM SET …\n" + "\n".join(lines) + "\n"
