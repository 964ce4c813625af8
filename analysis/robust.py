"""The two-way robust variance of a share of crossed votes, and the interval that follows from it.

Votes are crossed (several evaluators a speaker, several votes an evaluator), so the variance is the two-way
robust one, its degrees of freedom Satterthwaite's, and the interval Wilson's on the votes' effective number.
It is a combination of published parts, validated by simulation (bench/analysis_calibration.py).

Sources  variance: Cameron, Gelbach & Miller (2011), JBES 29(2):238-249
         df: Satterthwaite (1946), Biometrics Bulletin 2(6):110-114
         effective votes: Korn & Graubard (1998), Survey Methodology 24(2):193-201
         interval: Wilson (1927), JASA 22(158):209-212
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtr, stdtrit

from .binomial import CONFIDENCE, wilson_interval


class Clusters(NamedTuple):
    """How many clusters there are, and the sum of their squared influence sums: both of shape (studies,)."""

    count: np.ndarray
    squares: np.ndarray

    @property
    def variance(self) -> np.ndarray:
        """The clustered variance of the share, with the factor G/(G-1)."""
        return self.count / (self.count - 1) * self.squares


@dataclass(frozen=True)
class Spread:
    """What an interval needs to know of each of several studies: float arrays of shape (studies,).

    share    a tie counting one half; exactly 0 or 1 where all votes agree
    votes    their number
    """

    share: np.ndarray
    votes: np.ndarray
    speakers: Clusters
    evaluators: Clusters
    cells: Clusters


@dataclass(frozen=True)
class RobustShares:
    """The two-way robust analysis of several studies: float arrays of shape (studies,)."""

    share: np.ndarray
    variance: np.ndarray
    df: np.ndarray
    effective_votes: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray


class TwoWay(NamedTuple):
    """Variance and Satterthwaite degrees of freedom: float (estimates,) each."""

    variance: np.ndarray
    df: np.ndarray


class Cells(NamedTuple):
    """One study's votes added up by speaker and evaluator, each pair that has votes once: int64 (cells,).

    speaker, evaluator  codes 0 to G - 1, each of them used
    """

    speaker: np.ndarray
    evaluator: np.ndarray
    votes: np.ndarray
    halves: np.ndarray


def two_way(*, speakers: Clusters, evaluators: Clusters, cells: Clusters) -> TwoWay:
    """The variance of estimates from the sums of their influence values a speaker, an evaluator and a cell.

    speakers, evaluators, cells   number of clusters (two at the least), and the sum over them of squared influence
                                  sums: float (estimates,) each
    Returns   variance max(V_s + V_e - V_c, V_s, V_e), so never negative; df between min(S, E) - 1 and S + E - 2,
              and min(S, E) - 1 where the variance is 0
    """
    by = speakers, evaluators, cells
    by_speaker, by_evaluator, by_cell = (clusters.variance for clusters in by)
    variance = np.maximum(by_speaker + by_evaluator - by_cell, np.maximum(by_speaker, by_evaluator))
    fewest = np.minimum(speakers.count, evaluators.count) - 1
    noise = sum(clusters.variance**2 / (clusters.count - 1) for clusters in by)
    raw = np.divide(variance**2, noise, out=np.zeros_like(variance), where=noise > 0)
    df = np.where(variance == 0, fewest, np.clip(raw, fewest, speakers.count + evaluators.count - 2))
    return TwoWay(variance, df)


def robust_interval(spread: Spread, *, confidence: float = CONFIDENCE) -> RobustShares:
    """The interval of each study, and the p at which it touches one half, with t taken at this confidence.

    spread      every study with at least two speakers and two evaluators
    confidence  two-sided; .90 gives the interval of two one-sided tests at 5 %
    Returns     n_eff is capped at the votes, and is min(speakers, evaluators) where all votes agree or the
                variance is 0; p and interval agree at 1 - confidence
    """
    variance, df = two_way(speakers=spread.speakers, evaluators=spread.evaluators, cells=spread.cells)
    share = spread.share
    fewest = np.minimum(spread.speakers.count, spread.evaluators.count)
    agreed = (variance == 0) | (share == 0) | (share == 1)
    z, t = ndtri((1 + confidence) / 2), stdtrit(df, (1 + confidence) / 2)
    shrunk = np.divide(share * (1 - share), variance, out=np.zeros_like(share), where=~agreed) * (z / t) ** 2
    effective = np.where(agreed, fewest, np.minimum(spread.votes, shrunk))
    low, high = wilson_interval(share, effective, confidence=confidence)
    statistic = np.abs(share - 0.5) / np.sqrt(0.25 / effective) * t / z
    return RobustShares(share, variance, df, effective, low, high, p=2 * stdtr(df, -statistic))


def robust_shares(
    preferred: ArrayLike,
    *,
    speakers: Sequence[Hashable] | np.ndarray,
    evaluators: Sequence[Hashable] | np.ndarray,
) -> RobustShares:
    """The two-way robust share, interval and p of one study a row, all rows having the same design.

    preferred             float (studies, votes), values 0, 0.5 or 1
    speakers, evaluators  labels, one a column, at least two different ones each
    Raises                ValueError with fewer than two speakers or evaluators, or other values
    """
    halves = halves_of(preferred)
    speaker, evaluator = codes_of(speakers), codes_of(evaluators)
    if min(len(np.unique(speaker)), len(np.unique(evaluator))) < 2:
        raise ValueError("A two-way interval needs votes on two speakers and of two evaluators at the least.")
    cell = speaker * (evaluator.max() + 1) + evaluator
    return robust_interval(
        Spread(
            share=halves.sum(axis=1) / (2 * halves.shape[1]),
            votes=np.full(len(halves), float(halves.shape[1])),
            speakers=_clusters_of(halves, speaker),
            evaluators=_clusters_of(halves, evaluator),
            cells=_clusters_of(halves, cell),
        )
    )


def cells_of(halves: np.ndarray, speaker: np.ndarray, evaluator: np.ndarray) -> Cells:
    """Add up one study's votes by speaker and evaluator.

    halves              whole numbers 0, 1, 2: int (votes,)
    speaker, evaluator  codes 0 to G - 1, each of them used
    """
    width = int(evaluator.max()) + 1 if len(evaluator) else 1
    pair, cell = np.unique(speaker.astype(np.int64) * width + evaluator, return_inverse=True)
    votes = np.bincount(cell, minlength=len(pair))
    sums = np.bincount(cell, weights=halves, minlength=len(pair)).astype(np.int64)
    return Cells(pair // width, pair % width, votes, sums)


def spread_of(cells: Cells) -> Spread:
    """One study's spread: arrays of shape (1,)."""
    n, total = int(cells.votes.sum()), int(cells.halves.sum())

    def clusters(votes: np.ndarray, halves: np.ndarray) -> Clusters:
        return Clusters(np.array([float(len(votes))]), _squares(n * halves - total * votes, n)[np.newaxis])

    return Spread(
        share=np.array([total / (2 * n)]),
        votes=np.array([float(n)]),
        speakers=clusters(*sums_by(cells, cells.speaker)),
        evaluators=clusters(*sums_by(cells, cells.evaluator)),
        cells=clusters(cells.votes, cells.halves),
    )


def sums_by(cells: Cells, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Votes and halves of each cluster, by its code: int64 (clusters,)."""
    votes = np.bincount(codes, weights=cells.votes).astype(np.int64)
    return votes, np.bincount(codes, weights=cells.halves).astype(np.int64)


def halves_of(preferred: ArrayLike) -> np.ndarray:
    """Twice the votes, as whole numbers, so that ties stay exact: int64, same shape.

    Raises  ValueError where a vote is none of 0, 0.5 and 1
    """
    values = 2 * np.asarray(preferred, dtype=float)
    if not np.isin(values, (0, 1, 2)).all():
        raise ValueError("A vote is 1 (treatment), 0 (control) or 0.5 (tie).")
    return values.astype(np.int64)


def codes_of(labels: Sequence[Hashable] | np.ndarray) -> np.ndarray:
    """Labels of any kind as numbers 0 to G - 1: int64, same length."""
    if isinstance(labels, np.ndarray):
        return np.unique(labels, return_inverse=True)[1].astype(np.int64)
    codes: dict[Hashable, int] = {}
    return np.array([codes.setdefault(label, len(codes)) for label in labels], dtype=np.int64)


def _clusters_of(halves: np.ndarray, codes: np.ndarray) -> Clusters:
    studies, n = halves.shape
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    sizes = np.diff(starts, append=n)
    sums = np.add.reduceat(halves[:, order], starts, axis=1)
    influence = n * sums - sizes * halves.sum(axis=1, keepdims=True)
    return Clusters(np.full(studies, float(len(starts))), _squares(influence, n))


def _squares(influence: np.ndarray, n: int) -> np.ndarray:
    """Sum of squares of influence sums over the last axis, given 2 n^2 times them in whole numbers.

    What is 0 is exactly 0. Sorted, so that neither the order of votes nor the names of clusters changes a bit.
    """
    return np.sum((np.sort(np.abs(influence), axis=-1) / (2.0 * n * n)) ** 2, axis=-1)
