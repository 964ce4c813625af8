"""How well a ranking is found with and without adaptive votes, and what becomes of shares: a Markdown table.

    python bench/adaptive.py [--studies 30] [--seed 1]

The same number of votes in every row, on all pairs of so many conditions: uniform, or a share of them adaptive, in
batches chosen by `analysis.adaptive` as a study chooses them. 20 speakers, 4 votes a comparison where all are uniform.
Conditions' abilities are normal on the logit, with the spread given as sd; on each speaker's clip each condition does
better or worse by chance, sd 0.5. tau is Kendall's, between true and estimated abilities; "best on top" is how often
the best condition has the highest ability; in brackets the difference to the row without adaptive votes, study by
study, with its standard error. Bias is how far shares lie from their true values, away from one half, in percentage
points: of the uniform votes, and of all votes as if nothing had been chosen.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.special import expit
from scipy.stats import kendalltau

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from analysis.adaptive import choose_groups
from analysis.bradley_terry_fit import Counts, fit_bradley_terry
from studies.adaptive_lists import BATCHES

SPEAKERS = 20
VOTES = 4
SPEAKER_SD = 0.5
COLUMNS = ("conditions", "spread", "adaptive, batches", "tau", "best on top", "bias, uniform votes", "bias, all votes")
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(41)


class Found(NamedTuple):
    """Of one simulated study: Kendall's tau, whether the best is on top, mean bias of shares in share points."""

    tau: float
    top: bool
    uniform_bias: float
    naive_bias: float


def simulate(conditions: int, ability_sd: float, *, uniform: int, batches: int, seed: int) -> Found:
    """One study with so many uniform votes a comparison, of VOTES; the rest adaptive."""
    random = np.random.Generator(np.random.PCG64(seed))
    groups = np.array(list(combinations(range(conditions), 2)))
    ability = random.normal(0, ability_sd, conditions)
    place = ability[:, np.newaxis] + random.normal(0, SPEAKER_SD, (conditions, SPEAKERS))
    share = expit(place[groups[:, 0]] - place[groups[:, 1]])
    order = random.permuted(np.tile(np.arange(SPEAKERS), (len(groups), 1)), axis=1)
    wins = random.binomial(uniform, share).sum(axis=1)
    asked = np.full(len(groups), uniform * SPEAKERS)
    uniform_share = wins / asked
    left = (VOTES - uniform) * SPEAKERS * len(groups)
    size = -(-left // batches) if left else 0
    names = [(f"c{i:02}", f"c{j:02}") for i, j in groups]
    while left:
        outcomes = np.stack([asked - wins, np.zeros_like(wins), wins], axis=1)
        chosen = np.array(choose_groups(names, outcomes, votes=min(size, left), seed=seed))
        for group in np.flatnonzero(chosen):
            # Spread over speakers, beginning where the last batch ended.
            at = order[group, (asked[group] + np.arange(chosen[group])) % SPEAKERS]
            wins[group] += random.binomial(1, share[group, at]).sum()
        asked += chosen
        left -= int(chosen.sum())
    true = _true_shares(ability[groups[:, 0]] - ability[groups[:, 1]])
    outwards = np.sign(true - 0.5)
    estimate = _abilities(groups, wins, asked, conditions)
    return Found(
        float(kendalltau(ability, estimate).statistic),
        bool(np.argmax(estimate) == np.argmax(ability)),
        float((outwards * (uniform_share - true)).mean()),
        float((outwards * (wins / asked - true)).mean()),
    )


def _true_shares(difference: np.ndarray) -> np.ndarray:
    """The mean over speakers of the chance to be preferred."""
    spread = SPEAKER_SD * 2**0.5
    return (expit(difference[:, np.newaxis] + spread * NODES) * WEIGHTS).sum(axis=1) / WEIGHTS.sum()


def _abilities(groups: np.ndarray, wins: np.ndarray, asked: np.ndarray, conditions: int) -> np.ndarray:
    """Bradley-Terry, one tie of each group added so that abilities exist in every simulated study."""
    outcomes = np.stack([asked - wins, np.ones_like(wins), wins], axis=1)
    return fit_bradley_terry(Counts(groups[:, 0], groups[:, 1], outcomes), conditions=conditions).abilities


def _rows(conditions: int, ability_sd: float, designs: Sequence[tuple[int, int]], seeds: range) -> Iterator[str]:
    """A line for each (uniform votes, batches); the first is what the others are compared with, study by study."""
    first = None
    for uniform, batches in designs:
        found = np.array(
            [simulate(conditions, ability_sd, uniform=uniform, batches=batches, seed=seed) for seed in seeds], float
        )
        found *= (1, 100, 100, 100)
        first = found if first is None else first
        means, gains, errors = found.mean(axis=0), found - first, _error(found)
        adaptive = uniform < VOTES
        yield _row(
            conditions,
            f"{ability_sd:g}",
            f"{100 - 100 * uniform / VOTES:.0f} % in {batches}" if adaptive else "none",
            f"{means[0]:.3f}" + (f" ({gains[:, 0].mean():+.3f} ± {_error(gains)[0]:.3f})" if adaptive else ""),
            f"{means[1]:.0f} %" + (f" ({gains[:, 1].mean():+.0f} ± {_error(gains)[1]:.0f})" if adaptive else ""),
            f"{means[2]:+.2f} ± {errors[2]:.2f}",
            f"{means[3]:+.2f} ± {errors[3]:.2f}",
        )


def _error(values: np.ndarray) -> np.ndarray:
    return values.std(axis=0, ddof=1) / len(values) ** 0.5


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--studies", type=int, default=30, help="simulated studies a row (default: 30)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began = time.perf_counter()
    sys.stdout.write(_row(*COLUMNS))
    sys.stdout.write(_row(*["---"] * len(COLUMNS)))
    seeds = range(arguments.seed, arguments.seed + arguments.studies)
    shares = ((4, 0), (3, BATCHES), (2, BATCHES), (1, BATCHES))
    for conditions, ability_sd in ((6, 0.4), (6, 1.0), (10, 0.4), (10, 1.0)):
        more = ((2, 1), (2, 20)) if (conditions, ability_sd) == (6, 1.0) else ()
        for line in _rows(conditions, ability_sd, (*shares, *more), seeds):
            sys.stdout.write(line)
            sys.stdout.flush()
    sys.stdout.write(f"\n{arguments.studies} studies a row, {time.perf_counter() - began:.0f} s\n")


if __name__ == "__main__":
    main()
