"""How often the headline and its rivals err: simulated studies with a known truth, printed as Markdown tables.

    python bench/analysis_calibration.py [--studies 4000] [--seed 1]

Each study has 30 speakers and 4 votes a speaker. A vote prefers the treatment with the probability
logistic(mu + speaker + evaluator), speaker effects of sd 1 and evaluator effects of sd 0.5 on the logit; mu is
set so that the share over all speakers and evaluators is the stated one. With 12 evaluators the votes lie as the
default study deals them: list s gives item i the pair (i + s) mod 6.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.optimize import brentq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from analysis.binomial import exact_binomial
from analysis.preference import robust_shares
from analysis.signflip import signflip_p

SPEAKERS, VOTES = 30, 4
SPEAKER_SD, EVALUATOR_SD = 1.0, 0.5
EVALUATORS = (4, 12, 30, 120)
TRUE_SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
LEVEL = 0.05


def evaluators_of(count: int) -> np.ndarray:
    """Who votes on each speaker: int (SPEAKERS * VOTES,), speaker by speaker."""
    if count == 12:
        lists = [[s for s in range(12) if (item + s) % 6 < 2] for item in range(SPEAKERS)]
        return np.array(lists).ravel()
    return np.arange(SPEAKERS * VOTES) % count


def mean_logit(share: float) -> float:
    """The mu at which the share over all speakers and evaluators is `share`."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    sd = np.hypot(SPEAKER_SD, EVALUATOR_SD)

    def off(mu: float) -> float:
        return float(weights @ (1 / (1 + np.exp(-(mu + sd * nodes)))) / weights.sum() - share)

    return brentq(off, -20, 20)


def simulate(evaluator: np.ndarray, *, share: float, studies: int, rng: np.random.Generator) -> np.ndarray:
    """Votes of so many studies of one design: bool (studies, SPEAKERS * VOTES)."""
    speaker = np.repeat(np.arange(SPEAKERS), VOTES)
    logit = mean_logit(share) + rng.normal(0, SPEAKER_SD, (studies, SPEAKERS))[:, speaker]
    logit += rng.normal(0, EVALUATOR_SD, (studies, evaluator.max() + 1))[:, evaluator]
    return rng.random(logit.shape) < 1 / (1 + np.exp(-logit))


def rejection_rates(votes: np.ndarray, evaluator: np.ndarray) -> dict[str, float]:
    """How often each test says p < .05, by name."""
    speaker = np.repeat(np.arange(SPEAKERS), VOTES)
    n = votes.shape[1]
    binomial = np.array([exact_binomial(k, n).p for k in range(n + 1)])
    sums = (2 * votes.reshape(len(votes), SPEAKERS, VOTES).sum(axis=2) - VOTES).tolist()
    p_of: dict[str, Callable[[], np.ndarray]] = {
        "exact binomial over the votes": lambda: binomial[votes.sum(axis=1)],
        "exact sign-flip over speakers": lambda: np.array([signflip_p(study) for study in sums]),
        "two-way robust (the headline)": lambda: (
            robust_shares(votes, speakers=speaker.tolist(), evaluators=evaluator.tolist()).p
        ),
    }
    return {name: float(np.mean(p() < LEVEL)) for name, p in p_of.items()}


def coverage_of(votes: np.ndarray, evaluator: np.ndarray, share: float) -> float:
    speaker = np.repeat(np.arange(SPEAKERS), VOTES)
    robust = robust_shares(votes, speakers=speaker.tolist(), evaluators=evaluator.tolist())
    return float(np.mean((robust.low <= share) & (robust.high >= share)))


def tables(*, studies: int, seed: int) -> str:
    rng = np.random.default_rng(seed)
    designs = {count: evaluators_of(count) for count in EVALUATORS}
    head = "".join(f" {count} evaluators |" for count in EVALUATORS)
    rule = "---|" * (len(EVALUATORS) + 1)
    rates = {
        count: rejection_rates(simulate(who, share=0.5, studies=studies, rng=rng), who)
        for count, who in designs.items()
    }
    lines = [f"| false positives at a true share of 50 % |{head}", f"|{rule}"]
    for test in rates[EVALUATORS[0]]:
        lines.append(f"| {test} |" + "".join(f" {rates[count][test]:.1%} |" for count in EVALUATORS))
    lines += ["", f"| coverage of the 95 % interval at a true share of |{head}", f"|{rule}"]
    for share in TRUE_SHARES:
        cells = (
            coverage_of(simulate(who, share=share, studies=studies, rng=rng), who, share) for who in designs.values()
        )
        lines.append(f"| {share:.0%} |" + "".join(f" {covered:.1%} |" for covered in cells))
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=4000, help="simulated studies a cell (default 4000)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(tables(studies=arguments.studies, seed=arguments.seed))  # noqa: T201 - the result
