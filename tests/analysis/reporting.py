"""Reports of votes made up for a test: people and clips who differ, through the real computation."""

from datetime import UTC, datetime

import numpy as np

from analysis.report_parts import About, PlanFacts, Report
from analysis.results import compute_report
from analysis.votes import ContrastName, Labels, Votes

MADE_AT = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)


def made_up_votes(
    *,
    contrasts: tuple[ContrastName, ...] = (ContrastName("social", "random"), ContrastName("social", "rude")),
    speakers: int = 12,
    evaluators: int = 8,
    votes_per_item: int = 4,
    share: float = 0.7,
    ties: float = 0.0,
    set_aside: int = 0,
    adaptive: int = 0,
    strength: bool = False,
    names: str = "{kind}{number:03d}",
    seed: int = 0,
) -> Votes:
    """Votes of each evaluator on so many of the items of each contrast, `share` of them for the treatment.

    ties, set_aside  share of ties among them; how many, the first ones, do not count ("failed_catch")
    adaptive         how many, the last ones, are on a contrast that earlier votes chose
    strength         whether answers say how clear they are
    """
    random = np.random.Generator(np.random.PCG64(seed))
    rows = [
        (contrast, item, (item * votes_per_item + vote + contrast) % evaluators)
        for contrast in range(len(contrasts))
        for item in range(speakers)
        for vote in range(votes_per_item)
    ]
    n = len(rows)
    contrast, item, evaluator = np.array(rows, dtype=np.int32).reshape(n, 3).T
    halves = np.where(random.random(n) < share, 2, 0).astype(np.int8)
    halves[random.random(n) < ties] = 1
    side = np.where(halves == 1, 2, random.integers(0, 2, n)).astype(np.int8)
    items = Labels(tuple(names.format(kind="speaker", number=i) for i in range(speakers)), item)
    counted = np.arange(n) >= set_aside
    clear = random.permutation(n) % 2 + 1
    return Votes(
        contrasts=contrasts,
        contrast=contrast,
        halves=halves,
        items=items,
        evaluators=Labels(tuple(names.format(kind="E", number=i) for i in range(evaluators)), evaluator),
        people=items,
        side=side,
        position=random.permutation(n).astype(float) % 10 + 1,
        rt_ms=random.gamma(3.0, 2000.0, n),
        counted=counted,
        reason=Labels(("", "failed_catch"), (~counted).astype(np.int32)),
        adaptive=np.arange(n) >= n - adaptive if adaptive else None,
        strength=np.where(halves == 1, 0, clear).astype(np.int8) if strength else None,
    )


def made_up_report(*, plan: PlanFacts | None = None, about: About | None = None, **votes) -> Report:
    about = about or About(
        study="s", title="How do people listen?", state="closed", question="appropriate",
        question_text="Which listener reacts better?", generated_at=MADE_AT, code_version="0.1.0",
    )  # fmt: skip
    return compute_report(made_up_votes(**votes), plan=plan or PlanFacts(), about=about)
