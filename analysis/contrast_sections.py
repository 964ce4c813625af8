"""All sections of the report that are about one contrast alone."""

from collections.abc import Callable, Iterator

import numpy as np

from .binomial import jeffreys_interval, wilson_interval
from .clarity import clarity
from .equivalence import Equivalence, equivalence
from .influence import Influence, evaluator_influence, speaker_influence
from .patterns import vote_patterns
from .remarks import Added, moments, reasons
from .report_parts import About, AllVotes, ContrastReport, PlanFacts, Tally
from .response_times import response_times
from .robust import Cells
from .side_order import order_effect, side_bias
from .summary import Summary, cells_of_votes, headline_of, summary_of, with_used_names
from .votes import TIE, TREATMENT, ContrastVotes, Labels, Votes

NEVER_EARLY = ("", "fixed")
MOST_ROWS = 2000
MOST_ROWS_IN_ALL = 20_000


def rows_by_contrast(votes: Votes) -> list[np.ndarray]:
    """The rows of each contrast, in the order of `votes.contrasts`; int (n of it,), ascending."""
    order = np.argsort(votes.contrast, kind="stable")
    bounds = np.searchsorted(votes.contrast[order], np.arange(1, len(votes.contrasts)))
    return np.split(order, bounds) if votes.contrasts else []


def contrast_report(votes: Votes, rows: np.ndarray, number: int, *, plan: PlanFacts, about: About) -> ContrastReport:
    """One contrast's report, but for what needs the other contrasts: adjusted p and sentences.

    votes  with names of ids in order
    rows   of all its answers, counted or not
    """
    counted_rows = rows[votes.counted[rows]]
    everything = votes.of_rows(rows, number)
    counted = with_used_names(votes.of_rows(counted_rows, number))
    cells = cells_of_votes(counted)
    summary = summary_of(counted, cells)
    wins, decided = summary.wins, summary.votes - summary.ties
    group = summary.treatment, summary.control
    fill, added = about.fill.get(group), about.added.get(group, Added())
    most = most_rows(len(votes.contrasts))
    items, evaluators = _codes(counted.items), _codes(counted.evaluators)
    per_speaker, per_evaluator = (tallies(counted, labels, most=most) for labels in (counted.items, counted.evaluators))
    return ContrastReport(
        summary=summary,
        target=fill.target if fill else None,
        valid=fill.valid if fill else None,
        live=fill.live if fill else None,
        sentences=(),
        planned=votes.contrasts[number].planned,
        wilson=_wilson(wins, decided),
        jeffreys=jeffreys_interval(wins, decided),
        side=side_bias(counted.side, evaluators),
        order=order_effect(counted.halves, votes.position[counted_rows], items, evaluators),
        evaluator_influence=_influence_of(cells, counted.evaluators, evaluator_influence),
        speaker_influence=_influence_of(cells, counted.items, speaker_influence),
        equivalence=_equivalence(cells, plan),
        clarity=None
        if votes.strength is None
        else clarity(counted.halves, votes.strength[counted_rows], items, evaluators),
        patterns=vote_patterns(counted.halves, items),
        reasons=reasons(added, wins=wins, ties=summary.ties, votes=summary.votes),
        moments=moments(added),
        rt=response_times(votes.rt_ms[counted_rows], counted.evaluators),
        all_votes=_all_votes(everything, summary),
        per_speaker=per_speaker,
        per_evaluator=per_evaluator,
        notes=(*_stopping_note(plan), *_notes(counted, per_speaker, per_evaluator)),
    )


def most_rows(contrasts: int) -> int:
    """How many speakers, or evaluators, a contrast may have for a row each, in a report of so many contrasts."""
    return min(MOST_ROWS, MOST_ROWS_IN_ALL // max(contrasts, 1))


def tallies(votes: ContrastVotes, labels: Labels | None, *, most: int) -> tuple[Tally, ...] | None:
    """One row a name, in the order of names; None without ids, and for too many rows: see `most_rows`."""
    if labels is None or len(labels.names) > most:
        return None
    count, wins, ties = (
        np.bincount(labels.codes[chosen], minlength=len(labels.names))
        for chosen in (slice(None), votes.halves == TREATMENT, votes.halves == TIE)
    )
    shares = (2 * wins + ties) / (2 * count)
    columns = (column.tolist() for column in (count, wins, ties, shares))
    return tuple(map(Tally._make, zip(labels.names, *columns, strict=True)))


def _codes(labels: Labels | None) -> np.ndarray | None:
    return None if labels is None else labels.codes


def _wilson(wins: int, n: int) -> tuple[float, float] | None:
    if n == 0:
        return None
    low, high = wilson_interval(wins / n, n)
    return float(low), float(high)


def _influence_of(
    cells: Cells | None, labels: Labels | None, influence: Callable[..., Influence | None]
) -> Influence | None:
    return None if cells is None or labels is None else influence(cells, names=labels.names)


def _equivalence(cells: Cells | None, plan: PlanFacts) -> Equivalence | None:
    if plan.equivalence_margin is None:
        return None
    return equivalence(cells, margin=plan.equivalence_margin, changed_at=plan.changed_at.get("equivalence_margin"))


def _all_votes(votes: ContrastVotes, summary: Summary) -> AllVotes:
    if len(votes) == summary.votes:
        return AllVotes(summary.votes, summary.wins, summary.ties, summary.share, summary.interval, summary.p)
    headline = headline_of(votes, cells_of_votes(votes))
    wins, ties = (int(np.count_nonzero(votes.halves == value)) for value in (TREATMENT, TIE))
    return AllVotes(len(votes), wins, ties, headline.share, headline.interval, headline.p)


def _stopping_note(plan: PlanFacts) -> Iterator[str]:
    if plan.stopping_rule not in NEVER_EARLY:
        yield (
            "The plan lets this study stop early, by looking at the votes: interval and p here are computed as if "
            "their number had been fixed beforehand, and after an early stop they claim too much."
        )


def _notes(votes: ContrastVotes, per_speaker: object, per_evaluator: object) -> Iterator[str]:
    for what, labels, rows in (("speaker", votes.items, per_speaker), ("evaluator", votes.evaluators, per_evaluator)):
        if labels is None:
            yield f"The votes carry no {what} ids, so there is no row for each {what}."
        elif rows is None:
            yield f"{len(labels.names)} {what}s are too many for a row each: see the votes."
