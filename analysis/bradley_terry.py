"""More than two conditions on one scale: Bradley-Terry abilities, their differences and ranks."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .bradley_terry_fit import (
    Counts,
    Fit,
    NoConvergence,
    beaten_by,
    fit_bradley_terry,
    fit_davidson,
    has_davidson,
)
from .bradley_terry_spread import Spread, kinds_of_votes, spread_of_estimates
from .multiplicity import holm
from .preference import FEWEST_SPEAKERS, NO_IDS
from .robust_differences import t_interval, t_p
from .votes import TIE, Votes

LEVEL = 0.05
MOST_CONDITIONS = 100
SAME = 1e-12
NO_INFLUENCE = 1e-12
NO_VOTES = "No votes yet."
HALF_TIES = (
    "Preferences go one way wherever there are ties besides, so the odds of a tie cannot be estimated with the "
    "abilities: a tie counts one half to each."
)
TOO_FEW = (
    f"Under {FEWEST_SPEAKERS} speakers or 2 evaluators bear on some differences, or their votes are spread too evenly: "
    "those have no standard error and no p, and no rank comes of them."
)


@dataclass(frozen=True)
class Difference:
    """Ability of a less that of b, on the logit: log odds that a is preferred to b where neither ties.

    se, df, p, interval   two-way robust, 95 %; None where the note says why
    holm_p                over all pairs that have a p
    """

    a: str
    b: str
    difference: float
    se: float | None
    df: float | None
    p: float | None
    holm_p: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class BradleyTerry:
    """All conditions that have votes, on one scale; empty and with a note where there is none.

    abilities    by name, on the logit, mean 0
    intervals    95 % of each ability against the mean of all; None where there is none
    log_nu       Davidson's: log odds of a tie between equals, against either winning; None without ties
    differences  all pairs, by name
    ranks        1 + how many are better with a Holm p under .05; empty where no pair has a p
    intransitive triples of which each is preferred to the next by most of their votes, and the last to the first
    """

    estimable: bool
    note: str | None
    abilities: dict[str, float]
    intervals: dict[str, tuple[float, float] | None]
    log_nu: float | None
    differences: tuple[Difference, ...]
    ranks: dict[str, int]
    intransitive: tuple[tuple[str, str, str], ...]


def bradley_terry(votes: Votes) -> BradleyTerry:
    """Abilities of all conditions from votes of all contrasts; Davidson's model where there are ties.

    votes    every one given counts
    Returns  not estimable, with a note that names the groups, where some never lost to or never won against the rest:
             the likelihood then has no maximum. By maximum likelihood from counts; two-way robust as the headline
    Source   analysis/bradley_terry_fit.py, analysis/robust.py
    """
    names, kind_of_contrast, turned = _conditions(votes)
    if not names:
        return _without(NO_VOTES, ())
    kind, counts = _counts(votes, kind_of_contrast, turned, len(names))
    cycles = _intransitive(counts, names)
    if len(names) > MOST_CONDITIONS:
        return _without(f"Over {MOST_CONDITIONS} conditions are not put on one scale.", cycles)
    graph = beaten_by(counts, conditions=len(names))
    if reason := _why_not(graph, names):
        return _without(reason, cycles)
    try:
        fit, note = _fitted(counts, len(names))
    except NoConvergence as unsettled:
        return _without(str(unsettled), cycles)
    return _report(names, fit, note, _spread(votes, kind, fit), cycles)


def _without(note: str, cycles: tuple[tuple[str, str, str], ...]) -> BradleyTerry:
    return BradleyTerry(False, note, {}, {}, None, (), {}, cycles)


def _conditions(votes: Votes) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Names of conditions with votes, sorted; for each contrast the first x conditions + second condition of its pair
    (-1: no pair), and whether its treatment is the second."""
    used = np.bincount(votes.contrast, minlength=len(votes.contrasts)) > 0
    compared = [
        contrast if has_votes and contrast.treatment != contrast.control else None
        for contrast, has_votes in zip(votes.contrasts, used, strict=True)
    ]
    names = tuple(sorted({name for contrast in compared if contrast for name in contrast[:2]}))
    place = {name: i for i, name in enumerate(names)}
    pair, turned = np.full(len(compared), -1, dtype=np.int64), np.zeros(len(compared), dtype=bool)
    for number, contrast in enumerate(compared):
        if contrast:
            one, other = place[contrast.treatment], place[contrast.control]
            pair[number], turned[number] = min(one, other) * len(names) + max(one, other), one > other
    return names, pair, turned


def _counts(
    votes: Votes, pair_of_contrast: np.ndarray, turned: np.ndarray, conditions: int
) -> tuple[np.ndarray, Counts]:
    """The kind of each vote, pair x 3 + outcome (-1: none), and the counts: a pair's place is its number there."""
    pairs = np.unique(pair_of_contrast[pair_of_contrast >= 0])
    place = np.where(pair_of_contrast >= 0, np.searchsorted(pairs, pair_of_contrast), -1)[votes.contrast]
    outcome = np.where(turned[votes.contrast], 2 - votes.halves, votes.halves)
    kind = np.where(place >= 0, place * 3 + outcome, -1)
    outcomes = np.bincount(kind[kind >= 0], minlength=3 * len(pairs)).reshape(-1, 3)
    return kind, Counts(pairs // conditions, pairs % conditions, outcomes)


def _fitted(counts: Counts, conditions: int) -> tuple[Fit, str | None]:
    if not counts.outcomes[:, TIE].any():
        return fit_bradley_terry(counts, conditions=conditions), None
    if has_davidson(counts, conditions=conditions):
        return fit_davidson(counts, conditions=conditions), None
    return fit_bradley_terry(counts, conditions=conditions), HALF_TIES


def _spread(votes: Votes, kind: np.ndarray, fit: Fit) -> Spread | None:
    """Of all pairs' differences, then of all abilities; None where votes carry no ids."""
    if votes.items is None or votes.evaluators is None:
        return None
    influence = fit.influence.reshape(-1, len(fit.abilities))
    first, second = np.triu_indices(len(fit.abilities), 1)
    estimates = np.hstack([influence[:, first] - influence[:, second], influence])
    estimates[np.abs(estimates) <= NO_INFLUENCE * np.abs(estimates).max()] = 0.0
    # A vote bears on an estimate where another answer to its pair would move it: a tie between equals too.
    bears = np.repeat((estimates != 0).reshape(-1, 3, estimates.shape[1]).any(axis=1), 3, axis=0)
    rows = kind >= 0
    kinds, kind = np.unique(kind[rows], return_inverse=True)
    table = kinds_of_votes(
        kind, kinds=len(kinds), speaker=votes.items.codes[rows], evaluator=votes.evaluators.codes[rows]
    )
    return spread_of_estimates(estimates[kinds], table, bears=bears[kinds])


def _report(
    names: tuple[str, ...], fit: Fit, note: str | None, spread: Spread | None, cycles: tuple[tuple[str, str, str], ...]
) -> BradleyTerry:
    pairs = list(combinations(range(len(names)), 2))
    estimates = [_difference(fit, i, j) for i, j in pairs] + fit.abilities.tolist()
    found = [_inference(estimate, spread, number) for number, estimate in enumerate(estimates)]
    adjusted = holm([p for _, _, p, _ in found[: len(pairs)]])
    differences = tuple(
        Difference(names[i], names[j], estimates[number], se, df, p, adjusted[number], interval)
        for number, ((i, j), (se, df, p, interval)) in enumerate(zip(pairs, found[: len(pairs)], strict=True))
    )
    few = NO_IDS if spread is None else TOO_FEW if any(line.p is None for line in differences) else None
    return BradleyTerry(
        estimable=True,
        note=" ".join(part for part in (note, few) if part) or None,
        abilities=dict(zip(names, fit.abilities.tolist(), strict=True)),
        intervals={name: interval for name, (_, _, _, interval) in zip(names, found[len(pairs) :], strict=True)},
        log_nu=fit.log_nu,
        differences=differences,
        ranks=_ranks(names, differences),
        intransitive=cycles,
    )


def _difference(fit: Fit, i: int, j: int) -> float:
    difference = float(fit.abilities[i] - fit.abilities[j])
    return difference if abs(difference) > SAME else 0.0


def _inference(
    estimate: float, spread: Spread | None, number: int
) -> tuple[float | None, float | None, float | None, tuple[float, float] | None]:
    """Standard error, degrees of freedom, p and interval of one estimate."""
    if spread is None or not spread.given[number]:
        return None, None, None, None
    variance, df = float(spread.variance[number]), float(spread.df[number])
    if variance == 0:
        return 0.0, df, t_p(estimate, variance=variance, df=df), None
    return variance**0.5, df, t_p(estimate, variance=variance, df=df), t_interval(estimate, variance=variance, df=df)


def _ranks(names: tuple[str, ...], differences: Iterable[Difference]) -> dict[str, int]:
    tested = [line for line in differences if line.holm_p is not None]
    ranks = dict.fromkeys(names, 1) if tested else {}
    for line in tested:
        if line.holm_p is not None and line.holm_p < LEVEL and line.difference:
            ranks[line.b if line.difference > 0 else line.a] += 1
    return ranks


def _intransitive(counts: Counts, names: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
    """Each starts with its first by name. A tie counts one half, and as many votes for either is no preference."""
    over = counts.outcomes[:, 2] - counts.outcomes[:, 0]
    preferred = np.zeros((len(names), len(names)), dtype=bool)
    preferred[counts.first, counts.second] = over > 0
    preferred[counts.second, counts.first] = over < 0
    found = []
    for a in range(len(names)):
        # a over b over c over a, with b and c both later than a.
        later = np.arange(len(names)) > a
        b, c = np.nonzero(preferred & (preferred[a] & later)[:, np.newaxis] & (preferred[:, a] & later))
        found += [(names[a], names[i], names[j]) for i, j in zip(b.tolist(), c.tolist(), strict=True)]
    return tuple(found)


def _why_not(graph: np.ndarray, names: tuple[str, ...]) -> str | None:
    """Why abilities do not exist, naming the groups; None where every group has both won and lost."""
    from scipy.sparse.csgraph import connected_components

    apart, group = connected_components(graph, directed=True, connection="weak")
    if apart > 1:
        groups = "; ".join(_listed(names, group == number) for number in range(apart))
        return f"Not on one scale: no votes connect these groups, not even through others: {groups}."
    number, group = connected_components(graph, directed=True, connection="strong")
    if number == 1:
        return None
    members = [group == g for g in range(number)]
    never_lost = [_listed(names, rows) for rows in members if not graph[~rows][:, rows].any()]
    never_won = [_listed(names, rows) for rows in members if not graph[rows][:, ~rows].any()]
    lost = "; ".join(f"{who} never lost to any other" for who in sorted(never_lost))
    won = "; ".join(f"{who} never won against any other" for who in sorted(never_won))
    return f"Abilities cannot be estimated, because they would be infinitely far apart: {lost}; {won}."


def _listed(names: tuple[str, ...], rows: np.ndarray) -> str:
    return ", ".join(name for name, chosen in zip(names, rows, strict=True) if chosen)
