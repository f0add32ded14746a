"""The process that owns the server: it starts PostgreSQL, and ends it when nobody holds the lease any more.

Run as a program by `Cluster`, with the interpreter's bare standard library and nothing of ours, so that it is small,
starts at once, and runs as root while the server runs as somebody else. It takes one argument, JSON: `{"command":
[...], "directory": "...", "uid": null or int, "gid": null or int}`.

Every process that uses the server holds a shared lock on `lease`. We wait for an exclusive one: the kernel grants it
when the last user has let go or has died, by whatever signal. That needs no pipe, no list of process ids, and works
alike on Linux and macOS. Should we ourselves be killed, Linux tells the server to shut down; elsewhere the next start
finds and ends it.
"""

import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time

FAST_SHUTDOWN_SECONDS = 60
WATCH_TRIES_MAX = 250
WATCH_PAUSE_SECONDS = 0.02
PR_SET_PDEATHSIG = 1


def main(argument: str) -> int:
    plan = json.loads(argument)
    directory = plan["directory"]
    watch = os.open(os.path.join(directory, "watch"), os.O_RDWR | os.O_CREAT, 0o600)  # noqa: PTH118  # pathlib would slow its start
    if not _lock(watch):
        return 1  # another watchdog is at work
    # The lock is inherited by the fork; our starter waits for the first process and never has to reap the second.
    if os.fork():
        return 0
    lease = os.open(os.path.join(directory, "lease"), os.O_RDWR | os.O_CREAT, 0o600)  # noqa: PTH118  # pathlib would slow its start
    server = subprocess.Popen(  # noqa: S603  # programs of ours, no shell
        plan["command"],
        stdin=subprocess.DEVNULL,
        cwd=directory,
        user=plan["uid"],
        group=plan["gid"],
        extra_groups=None if plan["uid"] is None else [],
        preexec_fn=_shut_down_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  # one system call
    )
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: server.send_signal(signal.SIGINT))
    threading.Thread(target=_end_when_unused, args=(lease, server, ended), daemon=True).start()
    server.wait()
    ended.set()
    return 0


def _lock(descriptor: int) -> bool:
    for _ in range(WATCH_TRIES_MAX):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:  # somebody looks whether a watchdog is there; that takes no time
            time.sleep(WATCH_PAUSE_SECONDS)
    return False


def _end_when_unused(lease: int, server: "subprocess.Popen[bytes]", ended: threading.Event) -> None:
    fcntl.flock(lease, fcntl.LOCK_EX)  # held until we exit: whoever wants to start waits for the end of this server
    server.send_signal(signal.SIGINT)
    if not ended.wait(FAST_SHUTDOWN_SECONDS):
        server.send_signal(signal.SIGQUIT)


def _shut_down_with_parent() -> None:
    # After the change of user, which would clear it.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
