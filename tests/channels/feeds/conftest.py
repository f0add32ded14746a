"""Small made-up files of the shapes that feeds read, and the real ones where they are."""

import csv
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

UCI_COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
ROOT = Path(__file__).parents[3]
WriteCsv = Callable[..., Path]


@pytest.fixture
def write_csv(tmp_path: Path) -> WriteCsv:
    """Write rows under a header into a CSV file of this name."""

    def write(name: str, header: Iterable[str], rows: Iterable[Iterable[object]], encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        with path.open("w", encoding=encoding, newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(header)
            writer.writerows(rows)
        return path

    return write


@pytest.fixture(scope="session")
def online_retail() -> list[Path]:
    """The two files of Online Retail II, the older first."""
    data = Path(os.environ.get("STEELYARD_DATA", ROOT.parent / "shared" / "data"))
    files = [data / "online_retail" / f"online_retail_{years}.parquet" for years in ("2009_2010", "2010_2011")]
    for file in files:
        if not file.exists():
            pytest.skip(f"{file} is not there; set STEELYARD_DATA to where the data are")
    return files
