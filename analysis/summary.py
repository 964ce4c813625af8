"""Everything the report says about one contrast, computed from its votes alone."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from . import wording
from .binomial import exact_binomial
from .preference import preference
from .signflip import cluster_sums, signflip_p, smallest_p

LARGE_PART = 0.2


@dataclass(frozen=True)
class ContrastVotes:
    """The votes of one contrast that count, column by column, in one order.

    preferred   1 treatment chosen, 0 control chosen, 0.5 tie
    items       the item (one speaker's clip) that each vote is on
    evaluators  who gave it
    sides       the side chosen: "left", "right" or "tie"
    people      who speaks in the item, where known; else the item again. For a warning only
    """

    treatment: str
    control: str
    preferred: Sequence[float]
    items: Sequence[Hashable]
    evaluators: Sequence[Hashable]
    sides: Sequence[str]
    people: Sequence[Hashable] = ()


@dataclass(frozen=True)
class Without:
    """The headline without one speaker or evaluator who has over a fifth of the votes."""

    kind: str
    name: str
    votes: int
    share: float | None
    interval: tuple[float, float] | None
    p: float | None


@dataclass(frozen=True)
class Summary:
    """One contrast's numbers. Shares 0 to 1; None where nothing can be said, and `note` says why.

    votes, wins, ties   votes that count, those for the treatment, ties; share = (wins + ties / 2) / votes
    interval, p, df     the headline: two-way robust
    binomial_p, clopper_pearson   "protocol replication"; they and the sign-flips leave ties out
    left_share          of the votes that chose a side, the share that chose left
    """

    treatment: str
    control: str
    votes: int
    ties: int
    wins: int
    share: float | None
    interval: tuple[float, float] | None
    p: float | None
    df: float | None
    effective_votes: float | None
    design_effect: float | None
    note: str | None
    signflip_speaker_p: float | None
    signflip_evaluator_p: float | None
    binomial_p: float | None
    clopper_pearson: tuple[float, float] | None
    speakers: int
    evaluators: int
    left_share: float | None
    warnings: tuple[str, ...]
    without: tuple[Without, ...]


def summarise(votes: ContrastVotes) -> Summary:
    """All numbers of one contrast, from n = 0 on; never NaN.

    Raises  ValueError where columns differ in length or hold other values than votes
    """
    headline = preference(votes.preferred, speakers=votes.items, evaluators=votes.evaluators)
    ties = sum(value == 0.5 for value in votes.preferred)
    wins = sum(value == 1 for value in votes.preferred)
    binomial = exact_binomial(wins, headline.votes - ties)
    by_evaluator = cluster_sums(votes.preferred, votes.evaluators)
    left, right = (sum(side == chosen for side in votes.sides) for chosen in ("left", "right"))
    items, people = len(set(votes.items)), len(set(votes.people or votes.items))
    warnings = (
        wording.evaluator_warning(headline.evaluators or 0, smallest_p(len(by_evaluator))),
        wording.shared_person_warning(items, people),
    )
    return Summary(
        treatment=votes.treatment,
        control=votes.control,
        votes=headline.votes,
        ties=ties,
        wins=wins,
        share=headline.share,
        interval=headline.interval,
        p=headline.p,
        df=headline.df,
        effective_votes=headline.effective_votes,
        design_effect=headline.design_effect,
        note=headline.note,
        signflip_speaker_p=signflip_p(cluster_sums(votes.preferred, votes.items)),
        signflip_evaluator_p=signflip_p(by_evaluator),
        binomial_p=binomial.p,
        clopper_pearson=binomial.interval,
        speakers=items,
        evaluators=headline.evaluators or 0,
        left_share=left / (left + right) if left + right else None,
        warnings=tuple(warning for warning in warnings if warning),
        without=_without_large_parts(votes),
    )


def _without_large_parts(votes: ContrastVotes) -> tuple[Without, ...]:
    lines = []
    for kind, labels in (("evaluator", votes.evaluators), ("speaker", votes.items)):
        counts: dict[Hashable, int] = {}
        for label in labels:
            counts[label] = counts.get(label, 0) + 1
        for left_out in sorted((x for x, n in counts.items() if n > LARGE_PART * len(labels)), key=str):
            kept = [i for i, label in enumerate(labels) if label != left_out]
            rest = preference(
                [votes.preferred[i] for i in kept],
                speakers=[votes.items[i] for i in kept],
                evaluators=[votes.evaluators[i] for i in kept],
            )
            lines.append(Without(kind, str(left_out), rest.votes, rest.share, rest.interval, rest.p))
    return tuple(lines)
