"""Judgements as the votes that the report is computed from, in an order that the file does not decide. Pure."""

from collections.abc import Sequence

import numpy as np

from analysis.votes import ContrastName, Labels, Votes, strengths
from retrieval.csv_lines import unquoted

from .choices import Choices
from .judgements import Judgements
from .problems import Problems, many, shown
from .tables import Column

LARGEST_KEY = 2**62


def votes_of(judged: Judgements, choices: Choices, problems: Problems, notes: list[str]) -> Votes:
    """The votes, contrasts by name and rows by what they say, so that the order of the file changes nothing.

    Raises  VoteFileError with everything that was found wrong
    """
    problems.raise_if_any()
    _tell_unknown_treatments(judged, choices, problems)
    flipped = _turned_round(judged, choices, problems, notes) if judged.directed else _flipped(judged, choices)
    treatment = np.where(flipped, judged.second, judged.first).astype(np.int64)
    control = np.where(flipped, judged.first, judged.second).astype(np.int64)
    halves = np.where(flipped, 2 - judged.outcome, judged.outcome).astype(np.int8)
    pairs, contrast = np.unique(treatment * len(judged.names) + control, return_inverse=True)
    contrasts = tuple(
        _contrast(judged.names[pair // len(judged.names)], judged.names[pair % len(judged.names)], choices)
        for pair in pairs.tolist()
    )
    _tell_unclear_contrasts(contrasts, choices, problems)
    problems.raise_if_any()
    votes = Votes(
        contrasts=contrasts,
        contrast=contrast.astype(np.int32),
        halves=halves,
        items=_labels(judged.items),
        evaluators=_labels(judged.evaluators),
        people=_labels(judged.people),
        side=judged.side,
        position=judged.position,
        rt_ms=judged.rt_ms,
        counted=judged.counted,
        reason=None if judged.reason is None else Labels(judged.reason.values, judged.reason.codes),
        adaptive=judged.adaptive,
        strength=None if judged.strength is None else strengths(judged.strength),
    )
    order = _order(votes)
    _tell_repeats(votes, order, choices, problems, notes)
    problems.raise_if_any()
    return votes.select(order)


def _tell_unknown_treatments(judged: Judgements, choices: Choices, problems: Problems) -> None:
    for name in choices.treatments:
        if len(judged.names) and name not in judged.names:
            problems.of_file(f"--treatment: no vote names {shown(name)}; the names are {', '.join(judged.names[:20])}.")


def _flipped(judged: Judgements, choices: Choices) -> np.ndarray:
    """Whether the second of the pair is the treatment: the one named earlier with --treatment, else in the alphabet."""
    rank = {name: place for place, name in enumerate(choices.treatments)}
    order = sorted(range(len(judged.names)), key=lambda place: (rank.get(judged.names[place], len(rank)), place))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return ranks[judged.second] < ranks[judged.first] if len(order) else np.zeros(0, bool)


def _turned_round(judged: Judgements, choices: Choices, problems: Problems, notes: list[str]) -> np.ndarray:
    """The same of a file that names its treatment: only where it names either of one pair, and --treatment says which.

    Such a pair is one comparison group: as two, it would be tested twice, each time on half of its votes.
    """
    names = judged.names
    pairs = judged.first.astype(np.int64) * len(names) + judged.second
    reverse = judged.second.astype(np.int64) * len(names) + judged.first
    both_ways = np.isin(pairs, reverse)
    told = np.isin(np.array(names, dtype=object), choices.treatments) if names else np.zeros(0, bool)
    open_pairs = both_ways & ~(told[judged.first] | told[judged.second])
    lower = np.minimum(pairs, reverse)
    for pair in np.unique(lower[open_pairs]).tolist():
        one, other = names[pair // len(names)], names[pair % len(names)]
        problems.of_file(
            f"it names {one} as treatment of {other} in some rows and as its control in others: say with --treatment "
            f"{one} or --treatment {other} whose share to report, and they are read as one comparison group."
        )
    flipped = both_ways & _flipped(judged, choices)
    if choices.treatments and not both_ways.any():
        notes.append("The file itself says which of two is the treatment, so --treatment changes nothing.")
    if flipped.any():
        notes.append(f"Turned round, as --treatment says: {many(int(flipped.sum()), 'row')}.")
    return flipped


def _contrast(treatment: str, control: str, choices: Choices) -> ContrastName:
    return ContrastName(treatment, control, f"{treatment}:{control}" not in choices.exploratory)


def _tell_unclear_contrasts(contrasts: Sequence[ContrastName], choices: Choices, problems: Problems) -> None:
    there = [contrast.key for contrast in contrasts]
    for key in sorted({key for key in there if there.count(key) > 1}):
        problems.of_file(f"two comparison groups are called {shown(key)}: write the names of conditions without ':'.")
    for key in choices.exploratory:
        if key not in there:
            problems.of_file(f"--exploratory: there is no {shown(key)}; the contrasts are {', '.join(there[:20])}.")


def _labels(column: Column | None) -> Labels | None:
    if column is None:
        return None
    texts = [unquoted(value) for value in column.values]
    names = tuple(sorted(set(texts)))
    number = {name: place for place, name in enumerate(names)}
    table = np.array([number[text] for text in texts], np.int32)
    return Labels(names, table[column.codes] if len(table) else column.codes)


def _order(votes: Votes) -> np.ndarray:
    """Rows by contrast, item, evaluator and whatever else tells them apart."""
    labels = [found for found in (votes.items, votes.evaluators, votes.people, votes.reason) if found is not None]
    keys = [(votes.contrast, len(votes.contrasts)), *((found.codes, len(found.names)) for found in labels)]
    keys += [(votes.halves, 3), (votes.side + 1, 4)]
    packed, span, columns = np.zeros(len(votes), np.int64), 1, []
    for codes, size in keys:
        # As many columns as one whole number holds are sorted as one: three times as fast as one by one.
        if span * max(size, 1) >= LARGEST_KEY:
            columns, packed, span = [*columns, packed], np.zeros(len(votes), np.int64), 1
        packed, span = packed * max(size, 1) + codes, span * max(size, 1)
    return np.lexsort([votes.rt_ms, votes.position, packed, *reversed(columns)])


def _tell_repeats(
    votes: Votes, order: np.ndarray, choices: Choices, problems: Problems, notes: list[str]
) -> None:
    """Counted votes of one evaluator on one pair and item, beyond the first: kept and told, or refused."""
    if votes.items is None or votes.evaluators is None:
        return
    counted = order[votes.counted[order]]
    keys = [column[counted] for column in (votes.contrast, votes.items.codes, votes.evaluators.codes)]
    again = np.logical_and.reduce([key[1:] == key[:-1] for key in keys]) if len(counted) else np.zeros(0, bool)
    repeats = int(again.sum())
    if not repeats:
        return
    place = counted[1:][again][0]
    example = (
        f"{votes.evaluators.names[votes.evaluators.codes[place]]} on {votes.items.names[votes.items.codes[place]]}, "
        f"{votes.contrasts[votes.contrast[place]].key}"
    )
    if choices.refuse_repeats:
        problems.of_file(
            f"an evaluator judged the same pair on the same item again, {many(repeats, 'time')} (as {example}): remove "
            "these rows, or read the file without --refuse-repeats."
        )
    else:
        notes.append(
            f"An evaluator judged the same pair on the same item again, {many(repeats, 'time')} (as {example}); every "
            "vote counts. Where rows were copied by mistake, remove them: --refuse-repeats refuses such a file."
        )
