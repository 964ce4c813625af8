"""The headline: how often the treatment was preferred, with an interval for further speakers and evaluators.

Votes are crossed (several evaluators a speaker, several votes an evaluator), so the variance is the two-way
robust one, its degrees of freedom Satterthwaite's, and the interval Wilson's on the votes' effective number.
It is a combination of published parts, validated by simulation (bench/analysis_calibration.py).
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from .binomial import CONFIDENCE, Z, wilson_interval

FEWEST_SPEAKERS = 10
FEWEST_EVALUATORS = 6


@dataclass(frozen=True)
class Preference:
    """The headline of one contrast. What cannot be said is None, and `note` says why in a sentence.

    share            share of votes for the treatment, a tie counting one half; in [0, 1]
    interval, p, df  95 % two-way robust interval, the level at which it touches one half, degrees of freedom
    effective_votes  as many independent votes would know as much
    design_effect    votes / effective_votes
    """

    votes: int
    speakers: int | None
    evaluators: int | None
    share: float | None
    interval: tuple[float, float] | None
    p: float | None
    df: float | None
    effective_votes: float | None
    design_effect: float | None
    note: str | None


@dataclass(frozen=True)
class RobustShares:
    """The two-way robust analysis of several studies of one design: float arrays of shape (studies,)."""

    share: np.ndarray
    variance: np.ndarray
    df: np.ndarray
    effective_votes: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray


def preference(
    preferred: Sequence[float],
    *,
    speakers: Sequence[Hashable] | None,
    evaluators: Sequence[Hashable] | None,
) -> Preference:
    """The two-way robust preference of one contrast's votes.

    preferred             1 treatment chosen, 0 control chosen, 0.5 tie; one a vote
    speakers, evaluators  labels, one a vote, in any order; None where votes carry no ids
    Returns               interval, p and df are None with a note: without ids, with one speaker or evaluator,
                          with under 10 speakers, and without votes
    Raises                ValueError where lengths differ or a vote is none of 0, 0.5 and 1
    Assumes               speakers and evaluators are draws from those one wants to speak about
    """
    votes = len(preferred)
    share = _halves(preferred).sum() / (2 * votes) if votes else None
    if speakers is None or evaluators is None:
        note = "The votes carry no speaker or evaluator ids, so only the binomial can be given."
        return _without_interval(votes, None, None, share, note)
    n_speakers, n_evaluators = len(set(speakers)), len(set(evaluators))
    note = _why_no_interval(votes, n_speakers, n_evaluators)
    if n_speakers < 2 or n_evaluators < 2:
        return _without_interval(votes, n_speakers, n_evaluators, share, note)
    robust = robust_shares([preferred], speakers=speakers, evaluators=evaluators)
    effective = float(robust.effective_votes[0])
    return Preference(
        votes=votes,
        speakers=n_speakers,
        evaluators=n_evaluators,
        share=float(robust.share[0]),
        interval=None if note else (float(robust.low[0]), float(robust.high[0])),
        p=None if note else float(robust.p[0]),
        df=None if note else float(robust.df[0]),
        effective_votes=effective,
        design_effect=votes / effective,
        note=note,
    )


def robust_shares(
    preferred: ArrayLike, *, speakers: Sequence[Hashable], evaluators: Sequence[Hashable]
) -> RobustShares:
    """The two-way robust share, interval and p of one study a row, all rows having the same design.

    preferred             float (studies, votes), values 0, 0.5 or 1
    speakers, evaluators  labels, one a column, at least two different ones each
    Returns               n_eff is capped at the votes, and is min(speakers, evaluators) where all votes agree
                          or the variance is 0; t is taken at 5 %, so p and interval agree at that level
    Raises                ValueError with fewer than two speakers or evaluators, or other values
    Source                variance: Cameron, Gelbach & Miller (2011), JBES 29(2):238-249
                          df: Satterthwaite (1946), Biometrics Bulletin 2(6):110-114
                          effective votes: Korn & Graubard (1998), Survey Methodology 24(2):193-201
                          interval: Wilson (1927), JASA 22(158):209-212
    """
    halves = _halves(preferred)
    speaker_codes, n_speakers = _codes(speakers)
    evaluator_codes, n_evaluators = _codes(evaluators)
    if n_speakers < 2 or n_evaluators < 2:
        raise ValueError("A two-way interval needs votes on two speakers and of two evaluators at the least.")
    cell_codes, n_cells = _codes((speaker_codes * n_evaluators + evaluator_codes).tolist())

    by_speaker = _clustered_variance(halves, speaker_codes)
    by_evaluator = _clustered_variance(halves, evaluator_codes)
    by_cell = _clustered_variance(halves, cell_codes)
    variance = np.maximum(by_speaker + by_evaluator - by_cell, np.maximum(by_speaker, by_evaluator))

    n = halves.shape[1]
    fewest = min(n_speakers, n_evaluators)
    share = halves.sum(axis=1) / (2 * n)
    agreed = (variance == 0) | (share == 0) | (share == 1)
    spread = by_speaker**2 / (n_speakers - 1) + by_evaluator**2 / (n_evaluators - 1) + by_cell**2 / (n_cells - 1)
    raw_df = np.divide(variance**2, spread, out=np.zeros_like(share), where=spread > 0)
    df = np.where(variance == 0, fewest - 1, np.clip(raw_df, fewest - 1, n_speakers + n_evaluators - 2))
    t = stdtrit(df, (1 + CONFIDENCE) / 2)
    shrunk = np.divide(share * (1 - share), variance, out=np.zeros_like(share), where=~agreed) * (Z / t) ** 2
    effective = np.where(agreed, fewest, np.minimum(n, shrunk))
    low, high = wilson_interval(share, effective)
    statistic = np.abs(share - 0.5) / np.sqrt(0.25 / effective) * t / Z
    return RobustShares(share, variance, df, effective, low, high, p=2 * stdtr(df, -statistic))


def _clustered_variance(halves: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """G/(G-1) times the sum of squared influence sums: float (studies,)."""
    n = halves.shape[1]
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    sizes = np.diff(starts, append=n)
    sums = np.add.reduceat(halves[:, order], starts, axis=1)
    # 2 n^2 times the influence sum, in whole numbers: what is 0 is exactly 0. Sorted, so that neither the
    # order of votes nor the names of clusters changes the last bit.
    influence = np.sort(np.abs(n * sums - sizes * halves.sum(axis=1, keepdims=True)), axis=1)
    clusters = len(starts)
    return clusters / (clusters - 1) * np.sum((influence / (2.0 * n * n)) ** 2, axis=1)


def _halves(preferred: ArrayLike) -> np.ndarray:
    """Twice the votes, as whole numbers, so that ties stay exact: int64, same shape."""
    values = 2 * np.asarray(preferred, dtype=float)
    if not np.isin(values, (0, 1, 2)).all():
        raise ValueError("A vote is 1 (treatment), 0 (control) or 0.5 (tie).")
    return values.astype(np.int64)


def _codes(labels: Sequence[Hashable]) -> tuple[np.ndarray, int]:
    codes: dict[Hashable, int] = {}
    numbered = [codes.setdefault(label, len(codes)) for label in labels]
    return np.array(numbered, dtype=np.int64), len(codes)


def _why_no_interval(votes: int, speakers: int, evaluators: int) -> str | None:
    if votes == 0:
        return "No votes yet."
    if speakers == 1 and evaluators == 1:
        return "One evaluator's votes on one speaker say nothing about other speakers or evaluators."
    if speakers == 1:
        return "The votes are on one speaker, so nothing can be said about other speakers."
    if evaluators == 1:
        return "The votes are one evaluator's, so nothing can be said about other evaluators."
    if speakers < FEWEST_SPEAKERS:
        return (
            f"The votes are on {speakers} speakers; under {FEWEST_SPEAKERS} no interval can be trusted, "
            "so only the sign-flip tests and the binomial are given."
        )
    return None


def _without_interval(
    votes: int, speakers: int | None, evaluators: int | None, share: float | None, note: str | None
) -> Preference:
    return Preference(
        votes=votes,
        speakers=speakers,
        evaluators=evaluators,
        share=None if share is None else float(share),
        interval=None,
        p=None,
        df=None,
        effective_votes=None,
        design_effect=None,
        note=note,
    )
