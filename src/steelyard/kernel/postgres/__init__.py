"""The PostgreSQL that Steelyard brings along: found, initialised, started, shared and stopped by us.

`Cluster(home).start()` gives a running server whether or not another process already runs it. The server lives as long
as any process holds it, and goes when the last holder goes, however that process ends. `create_database`,
`drop_database` and `clone_database` work on any server by URL, the embedded one or not.
"""

from steelyard.kernel.postgres.cluster import Cluster
from steelyard.kernel.postgres.databases import clone_database, create_database, drop_database, server_major
from steelyard.kernel.postgres.errors import (
    BinariesNotRunnable,
    ClusterError,
    DataFromNewerVersion,
    DataFromOlderVersion,
    DataGone,
    DiskFull,
    InUse,
    NoPermission,
    PortTaken,
    StartFailed,
    TimedOut,
)

__all__ = [
    "BinariesNotRunnable",
    "Cluster",
    "ClusterError",
    "DataFromNewerVersion",
    "DataFromOlderVersion",
    "DataGone",
    "DiskFull",
    "InUse",
    "NoPermission",
    "PortTaken",
    "StartFailed",
    "TimedOut",
    "clone_database",
    "create_database",
    "drop_database",
    "server_major",
]
