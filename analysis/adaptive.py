"""Which comparison groups the next votes tell most about, when all conditions are to be put in order. Pure.

Each condition is taken to have tied once with one condition more, the average: abilities then exist whatever the votes
say, for groups that nothing connects and before the first vote as well. What a vote would tell is reckoned from the
curvature of the likelihood, as if votes were independent.

Sources  weighted (L-) optimal design for the logistic model, as in Atkinson, Donev & Tobias (2007), chapter 10;
         the variance after one vote more is Sherman & Morrison's (1950), Ann. Math. Stat. 21(1):124-127
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import expit, ndtr

from .bradley_terry_fit import Counts, NoConvergence, fit_bradley_terry

MOST_STEPS = 50
SAME = 1e-9


def choose_groups(
    groups: Sequence[tuple[str, str]],
    outcomes: np.ndarray,
    *,
    votes: int,
    seed: int,
    may_ask: Sequence[bool] | None = None,
) -> list[int]:
    """So many further votes shared out over the groups, so that the order of all conditions becomes clearest.

    groups    (treatment, control) each
    outcomes  int (groups, 3): votes for the control, ties, votes for the treatment; a tie is half a vote for each
    votes     0 or more; given out one after another, over 50 in equal parts: to the group whose vote shrinks the
              variances of all differences most, each weighed by the chance that its sign is wrong as things stand
    seed      decides between groups that are alike in this and in their number of votes
    may_ask   False for groups that get none
    Returns   votes of each group, in order; all 0 where none may be asked. Neither the order of groups nor which of
              two is the treatment changes a group's votes
    """
    allowed = [True] * len(groups) if may_ask is None else list(may_ask)
    order = _order(groups, allowed, seed)
    chosen = [0] * len(groups)
    if not order or not votes:
        return chosen
    names = sorted({name for group in groups for name in group})
    place = {name: number for number, name in enumerate(names)}
    first, second = np.array([sorted((place[a], place[b])) for a, b in groups]).T
    have = np.asarray(outcomes).sum(axis=1).astype(np.int64)
    try:
        abilities, covariance = _posterior(groups, outcomes, place)
    except NoConvergence:
        return _evenly(order, have, votes, len(groups))
    candidates = np.array(order)
    i, j = first[candidates], second[candidates]
    information = expit(abilities[i] - abilities[j]) * expit(abilities[j] - abilities[i])
    step = -(-votes // MOST_STEPS)
    while votes:
        part = min(step, votes)
        towards = covariance[:, i] - covariance[:, j]
        spread = (towards[i, np.arange(len(i))] - towards[j, np.arange(len(j))]).clip(min=0)
        share = part * information / (1 + part * information * spread)
        gain = share * ((_weights(abilities, covariance) @ towards) * towards).sum(axis=0)
        equal = np.flatnonzero(gain >= gain.max() * (1 - SAME))
        best = int(equal[np.argmin(have[candidates[equal]])])
        chosen[candidates[best]] += part
        have[candidates[best]] += part
        covariance = covariance - share[best] * np.outer(towards[:, best], towards[:, best])
        votes -= part
    return chosen


def _order(groups: Sequence[tuple[str, str]], allowed: Sequence[bool], seed: int) -> list[int]:
    """Places of the groups that may be asked, in an order that the seed draws over their names."""
    named = sorted((sorted(group), group, place) for place, group in enumerate(groups) if allowed[place])
    drawn = np.random.Generator(np.random.PCG64(seed)).permutation(len(named))
    return [named[number][2] for number in drawn.tolist()]


def _posterior(
    groups: Sequence[tuple[str, str]], outcomes: np.ndarray, place: dict[str, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Abilities float (k,) and their covariance (k, k), up to a shift of all. Raises NoConvergence."""
    k = len(place)
    table = np.zeros((k, k, 3), dtype=np.int64)
    for (one, other), row in zip(groups, np.asarray(outcomes, dtype=np.int64), strict=True):
        a, b = place[one], place[other]
        table[min(a, b), max(a, b)] += row if a < b else row[::-1]
    first, second = np.triu_indices(k, 1)
    tied_once = np.tile([0, 1, 0], (k, 1))
    counts = Counts(
        np.concatenate([first, np.arange(k)]),
        np.concatenate([second, np.full(k, k)]),
        np.concatenate([table[first, second], tied_once]),
    )
    fit = fit_bradley_terry(counts, conditions=k + 1)
    return fit.abilities[:k], fit.covariance[:k, :k]


def _weights(abilities: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """The Laplacian of all pairs' weights: the chance of a wrong sign, for each part of the difference's variance."""
    own = np.diag(covariance)
    variance = own[:, np.newaxis] + own - 2 * covariance
    np.fill_diagonal(variance, 1.0)
    distance = np.abs(abilities[:, np.newaxis] - abilities)
    weight = ndtr(-distance / np.sqrt(variance)) / variance
    np.fill_diagonal(weight, 0.0)
    return np.diag(weight.sum(axis=1)) - weight


def _evenly(order: Sequence[int], have: np.ndarray, votes: int, groups: int) -> list[int]:
    chosen = [0] * groups
    every, more = divmod(votes, len(order))
    for rank, place in enumerate(sorted(order, key=lambda place: int(have[place]))):
        chosen[place] = every + (rank < more)
    return chosen
