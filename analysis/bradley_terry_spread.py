"""How far estimates from counts of votes vary over further speakers and evaluators: the two-way robust rule.

Votes that have the same outcome on the same pair of conditions are of one kind and have one influence value, so
the sums of squares over a million cells come from a table of kinds x kinds in whole numbers: which vote came first
and who is called what changes not one bit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .preference import FEWEST_SPEAKERS
from .robust import Clusters, TwoWay, two_way
from .robust_differences import ROUNDING

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SPARSE_IS_SLOWER_BY = 50
ROWS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Kinds:
    """Votes by kind in each cluster: sparse whole numbers (clusters, kinds), each cluster with a vote at least."""

    speakers: "csr_array"
    evaluators: "csr_array"
    cells: "csr_array"


@dataclass(frozen=True)
class Spread:
    """Of each estimate. `given` is False where too few speakers or evaluators bear on it: bool (estimates,)."""

    variance: np.ndarray
    df: np.ndarray
    given: np.ndarray


def kinds_of_votes(kind: np.ndarray, *, kinds: int, speaker: np.ndarray, evaluator: np.ndarray) -> Kinds:
    """Count votes by cluster and kind.

    kind                whole numbers (n,), 0 to kinds - 1
    speaker, evaluator  whole numbers (n,), any
    """
    speaker, evaluator = (np.unique(codes, return_inverse=True)[1].astype(np.int64) for codes in (speaker, evaluator))
    width = int(evaluator.max(initial=0)) + 1
    keys, votes = np.unique((speaker * width + evaluator) * kinds + kind, return_counts=True)
    pair, kind = keys // kinds, keys % kinds
    cell = np.cumsum(np.diff(pair, prepend=-1) > 0) - 1

    def table(codes: np.ndarray) -> "csr_array":
        from scipy.sparse import coo_array

        return coo_array((votes, (codes, kind)), shape=(int(codes.max(initial=-1)) + 1, kinds)).tocsr()

    return Kinds(table(pair // width), table(pair % width), table(cell))


def spread_of_estimates(influence: np.ndarray, kinds: Kinds, *, bears: np.ndarray) -> Spread:
    """The two-way variance and degrees of freedom of each estimate.

    influence  float (kinds, estimates): what one vote of a kind adds to the estimate
    bears      bool (kinds, estimates): whether a vote of a kind is about the estimate at all. Clusters without one that
               is are not counted for it, so that a comparison which stands alone is judged by its own speakers and
               evaluators; one that is, and adds nothing, is a cluster as any other
    """
    bears, of_estimate = np.unique(bears, axis=1, return_inverse=True)
    of_estimate = of_estimate.ravel()
    tables = kinds.speakers, kinds.evaluators, kinds.cells
    counts = [_bearing(table, bears)[of_estimate] for table in tables]
    given = (counts[0] >= FEWEST_SPEAKERS) & (counts[1] >= 2)
    variance, df = np.zeros(len(given)), np.ones(len(given))
    if given.any():
        squares = [_squares(influence[:, given], table) for table in tables]
        by = [Clusters(count[given].astype(float), square) for count, square in zip(counts, squares, strict=True)]
        two: TwoWay = two_way(speakers=by[0], evaluators=by[1], cells=by[2])
        variance[given], df[given] = two
    return Spread(variance, df, given)


def _bearing(table: "csr_array", bears: np.ndarray) -> np.ndarray:
    """How many clusters have a vote of a kind that bears: bool (kinds, patterns) -> int (patterns,)."""
    clusters = table.shape[0]
    return np.array([clusters if b.all() else np.count_nonzero(table @ b.astype(np.int64)) for b in bears.T])


def _squares(influence: np.ndarray, table: "csr_array") -> np.ndarray:
    """Sum over clusters of squared influence sums: float (estimates,)."""
    together = _gram(table)
    squares, size = (np.einsum("ke,ke->e", x, together @ x) for x in (influence, np.abs(influence)))
    return np.where(squares > ROUNDING * size, squares, 0.0)


def _gram(table: "csr_array") -> np.ndarray:
    """Votes of one kind times votes of another, summed over clusters: whole numbers (kinds, kinds), exact to 2^53."""
    clusters, kinds = table.shape
    in_row = np.diff(table.indptr).astype(float)
    if (in_row**2).sum() * SPARSE_IS_SLOWER_BY < clusters * float(kinds) ** 2:
        return (table.T @ table).toarray().astype(float)
    together = np.zeros((kinds, kinds))
    for start in range(0, clusters, ROWS_AT_ONCE):
        rows = table[start : start + ROWS_AT_ONCE].toarray().astype(float)
        together += rows.T @ rows
    return together
