"""Whether groups answer differently: tables of counts against chance, pure. docs/algorithms/surveys.md has worked examples."""

from collections.abc import Sequence
from math import erfc, nan, sqrt
from typing import Any

import numpy as np
from scipy import stats

from steelyard.operations.research.statistics import Difference, holm

# Below so many expected in a cell the chi-square distribution is no good likeness (Cochran 1954).
EXPECTED_LEAST = 5.0
DRAWS = 9_999
SEED = 20_141_114


def difference(counts: Sequence[Sequence[int]]) -> Difference | None:
    """Rows are answers, columns are groups. None where there are not two of each with anybody in them."""
    table = np.asarray(counts, dtype=float)
    if table.ndim != 2 or table.size == 0:
        return None
    kept_rows, kept_columns = table.sum(axis=1) > 0, table.sum(axis=0) > 0
    inner = table[kept_rows][:, kept_columns]
    if min(inner.shape) < 2:
        return None
    found: Any = stats.chi2_contingency(inner, correction=False)
    statistic, p, expected = float(found.statistic), float(found.pvalue), np.asarray(found.expected_freq)
    small = bool((expected < EXPECTED_LEAST).any())
    method = "chi2"
    if small:
        method, p = _exact(inner, statistic)
    residuals = _residuals(inner, expected)
    corrected = holm([erfc(abs(each) / sqrt(2)) for each in residuals.ravel()])
    cells = np.full(table.shape, nan)
    signs = np.zeros(table.shape, dtype=int)
    place = np.ix_(kept_rows, kept_columns)
    cells[place] = np.asarray(corrected).reshape(inner.shape)
    signs[place] = np.sign(residuals).astype(int)
    return Difference(p=p, method=method, statistic=statistic, small=small, cells=cells.tolist(), signs=signs.tolist())


def _exact(table: np.ndarray, statistic: float) -> tuple[str, float]:
    """Fisher's exact test of four cells; of more, how often chance gives a table that is as uneven."""
    if table.shape == (2, 2):
        exact: Any = stats.fisher_exact(table.astype(int))
        return "fisher", float(exact.pvalue)
    chance = stats.random_table(table.sum(axis=1).astype(int), table.sum(axis=0).astype(int), seed=SEED)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    drawn = chance.rvs(size=DRAWS)
    uneven = ((drawn - expected) ** 2 / expected).sum(axis=(1, 2))
    return "chance", float((1 + (uneven >= statistic - 1e-9).sum()) / (DRAWS + 1))


def _residuals(table: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """How far each cell is from what was to be expected, in standard deviations (adjusted residuals, Haberman 1973)."""
    total = table.sum()
    rows = 1 - table.sum(axis=1, keepdims=True) / total
    columns = 1 - table.sum(axis=0, keepdims=True) / total
    return (table - expected) / np.sqrt(expected * rows * columns)
