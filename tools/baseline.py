"""Write the first migration from the modules' schema.sql files, from the ground up: `make baseline`.

Until the first release the baseline follows the schema, and databases of developers are made anew. After it, this tool
refuses, and a change of the schema is a new migration.
"""

import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src"
BASELINE = SOURCE / "steelyard" / "migrations" / "0001_the_house.sql"


def baseline() -> str:
    """All schema.sql files, one after the other."""
    sys.path.insert(0, str(SOURCE))
    from steelyard.kernel.modules import schema_files  # noqa: PLC0415  # from this checkout, not from an installation

    head = "-- Made from the modules' schema.sql by `make baseline`. Do not edit.\n"
    parts = [f"\n-- {module}\n\n{file.read_text('utf-8').strip()}\n" for module, file in schema_files()]
    return head + "".join(parts)


def main() -> None:
    released = sorted(file.name for file in BASELINE.parent.glob("0002_*.sql"))
    if released:
        sys.exit(f"the baseline is released ({released[0]} builds on it): write a new migration instead")
    wanted = baseline()
    if "--check" in sys.argv[1:]:
        if not BASELINE.exists() or BASELINE.read_text("utf-8") != wanted:
            sys.exit("migrations/0001_the_house.sql is behind the schema.sql files: run `make baseline`")
        return
    BASELINE.parent.mkdir(exist_ok=True)
    BASELINE.write_text(wanted, "utf-8")
    print(f"{BASELINE.relative_to(SOURCE.parent)}: {wanted.count('CREATE TABLE')} tables")


if __name__ == "__main__":
    main()
