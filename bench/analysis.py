"""What a report of a million votes costs. Run: `python -m bench.analysis [--votes 1000000] [--resamples 20]`.

20 methods, all 190 comparison groups, 100 speakers' clips, 1,000 and then 10,000 evaluators, one vote in ten a tie, one
in fifty set aside. In one run, on the same votes:

- ours: `compute_report` with all default sections, from columns in memory;
- ours as JSON: the same, and the text of the JSON;
- evalica.bootstrap on raw votes: Bradley-Terry abilities with percentile intervals, so many resamples;
- a naive pandas group-by: votes and mean share of each comparison group, and nothing else.

Each line is a process of its own, so that its peak of memory is its own: the votes it holds are in it, and what it
imports. Seconds are of the computation, imports and reading left out: by the clock, and of one core, which a busy
machine does not lengthen as much.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np

METHODS, ITEMS, EVALUATORS = 20, 100, (1000, 10_000)
TIES, SET_ASIDE = 0.1, 0.02
AIM_S, AIM_MIB = 10, 1024


class Took(NamedTuple):
    """Seconds by the clock and of the processor, and the process's peak of memory in MiB."""

    wall_s: float
    cpu_s: float
    peak_mib: float


class Clock:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def took(self) -> Took:
        """Linux counts the peak in KiB, macOS in bytes."""
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return Took(wall, cpu, peak / 2**20 if sys.platform == "darwin" else peak / 2**10)


def write_votes(path: Path, *, votes: int, evaluators: int, seed: int) -> None:
    """Simulated votes as columns: abilities, speakers and evaluators differ on the logit."""
    rng = np.random.Generator(np.random.PCG64(seed))
    pairs = np.array(list(itertools.combinations(range(METHODS), 2)))
    contrast = rng.integers(0, len(pairs), votes)
    item, evaluator = rng.integers(0, ITEMS, votes), rng.integers(0, evaluators, votes)
    ability = np.linspace(0.5, -0.5, METHODS)
    logit = ability[pairs[contrast, 0]] - ability[pairs[contrast, 1]]
    logit = logit + rng.normal(0, 1, (len(pairs), ITEMS))[contrast, item] + rng.normal(0, 0.5, evaluators)[evaluator]
    won = rng.random(votes) < 1 / (1 + np.exp(-logit))
    np.savez(
        path,
        contrast=contrast.astype(np.int32),
        halves=np.where(rng.random(votes) < TIES, 1, 2 * won).astype(np.int8),
        item=item.astype(np.int32),
        evaluator=evaluator.astype(np.int32),
        side=rng.integers(0, 2, votes).astype(np.int8),
        position=rng.integers(0, 100, votes).astype(float),
        rt_ms=rng.gamma(4, 1500, votes),
        counted=rng.random(votes) >= SET_ASIDE,
    )


def ours(path: Path, *, as_json: bool) -> Took:
    from analysis.report_json import report_as_json
    from analysis.report_parts import About, PlanFacts
    from analysis.results import compute_report

    votes = _as_votes(path)
    clock = Clock()
    report = compute_report(votes, plan=PlanFacts(equivalence_margin=0.05), about=About())
    if as_json:
        report_as_json(report)
    return clock.took()


def _as_votes(path: Path):
    from analysis.votes import ContrastName, Labels, Votes

    columns = np.load(path)
    counted = columns["counted"]
    items = Labels(tuple(f"item{i:03}" for i in range(ITEMS)), columns["item"])
    who = columns["evaluator"]
    return Votes(
        contrasts=tuple(ContrastName(f"m{a:02}", f"m{b:02}") for a, b in itertools.combinations(range(METHODS), 2)),
        contrast=columns["contrast"],
        halves=columns["halves"],
        items=items,
        evaluators=Labels(tuple(f"evaluator{i:05}" for i in range(int(who.max()) + 1)), who),
        people=items,
        side=columns["side"],
        position=columns["position"],
        rt_ms=columns["rt_ms"],
        counted=counted,
        reason=Labels(("", "too_fast"), (~counted).astype(np.int32)),
    )


def evalica_bootstrap(path: Path, *, resamples: int) -> Took:
    import evalica

    columns = np.load(path)
    kept = columns["counted"]
    pairs = np.array(list(itertools.combinations([f"m{i:02}" for i in range(METHODS)], 2)))
    first, second = pairs[columns["contrast"][kept]].T.tolist()
    winner = np.array([evalica.Winner.Y, evalica.Winner.Draw, evalica.Winner.X])[columns["halves"][kept]].tolist()
    clock = Clock()
    evalica.bootstrap(
        evalica.bradley_terry, first, second, winner, n_resamples=resamples, bootstrap_method="percentile",
        random_state=1,
    )  # fmt: skip
    return clock.took()


def naive_group_by(path: Path) -> Took:
    import pandas as pd

    columns = np.load(path)
    table = pd.DataFrame({name: columns[name] for name in ("contrast", "halves", "counted")})
    clock = Clock()
    table[table["counted"]].groupby("contrast")["halves"].agg(["count", "mean"])
    return clock.took()


def table(*, votes: int, resamples: int, seed: int) -> str:
    runs: dict[str, tuple[Callable[..., Took], dict[str, object]]] = {
        "ours: the report": (ours, {"as_json": False}),
        "ours: the report as JSON": (ours, {"as_json": True}),
        f"evalica.bootstrap on raw votes, {resamples} resamples": (evalica_bootstrap, {"resamples": resamples}),
        "pandas group-by: count and mean": (naive_group_by, {}),
    }
    head = "".join(f" {count:,} evaluators: s | CPU s | MiB |" for count in EVALUATORS)
    lines = [f"| {votes:,} votes, {METHODS} methods |{head}", "|---|" + "---|---|---|" * len(EVALUATORS)]
    cells: dict[str, str] = dict.fromkeys(runs, "")
    for count in EVALUATORS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "votes.npz"
            write_votes(path, votes=votes, evaluators=count, seed=seed)
            for name, (run, settings) in runs.items():
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
                    took = alone.submit(run, path, **settings).result()
                cells[name] += f" {took.wall_s:.2f} | {took.cpu_s:.2f} | {took.peak_mib:.0f} |"
    lines += [f"| {name} |{row}" for name, row in cells.items()]
    return "\n".join([*lines, "", f"The aim: the report in under {AIM_S} s and {AIM_MIB} MiB."])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--votes", type=int, default=1_000_000)
    parser.add_argument("--resamples", type=int, default=20, help="of evalica.bootstrap (default 20; 100 are usual)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(table(votes=arguments.votes, resamples=arguments.resamples, seed=arguments.seed))  # noqa: T201 - the result
