"""What the lake keeps, and what it refuses."""

from datetime import date

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_


class DatasetNameInvalid(Refusal):
    """The name of an imported set of events is 1 to 40 letters a–z, digits and hyphens."""

    code = "dataset_name_invalid"
    status = 422
    title = N_("This name cannot be used")
    detail = N_("{name}: take letters a–z, digits and hyphens, at most 40")


class DatasetUnknown(Refusal):
    """An imported set of events is asked for by its name."""

    code = "dataset_unknown"
    status = 404
    title = N_("There are no events of this name")
    detail = N_("{name} was not imported here. Known: {known}")


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """Events that were imported from files: `rows` of `users` from day `since` to `until`, amounts with so many `digits`, in
    `currency` for the most part, days counted `utc_offset_minutes` from UTC. `read` = rows + rejected + left_out."""

    name: str
    read: int
    rows: int
    rejected: int
    left_out: int
    users: int
    since: date
    until: date
    currency: str
    digits: int
    utc_offset_minutes: int
    files: dict[str, str]  # name → SHA-256
    map: str
    reasons: dict[str, int] = {}
    rejects: str | None = None

    def summary(self) -> str:
        """For a person at a terminal."""
        lines = [
            f"{self.rows:,} events of {self.users:,} users, {self.since} to {self.until}, as “{self.name}”",
            f"{self.read:,} rows read, {self.rejected:,} rejected, {self.left_out:,} left out because they name nobody",
        ]
        lines += [f"  {reason}: {count:,}" for reason, count in self.reasons.items()]
        if self.rejects:
            lines.append(f"Rejected rows: {self.rejects}")
        return "\n".join(lines)
