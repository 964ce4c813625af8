"""The Bradley-Terry matrix: how often the model lets each condition win against each other one."""

from dataclasses import replace
from math import exp
from typing import TYPE_CHECKING

from analysis import wording
from analysis.report_parts import Report

from .drawing import Figure, Mark, Row, VotesOf, box, shortened, words

if TYPE_CHECKING:
    from analysis.bradley_terry import BradleyTerry, Difference

WIDTH, LEFT = 720, 190
LARGEST, SMALLEST_WITH_TEXT, MOST_WITH_NAMES = 96.0, 40.0, 40
LETTERS_ACROSS, LETTERS_UP = 13, 12
CAPTION = (
    "How often the condition of the row is chosen over that of the column, as the Bradley-Terry model has it, ties "
    "left out. Blue: the row is chosen in over 55 % (strong: over 75 %); orange: in under 45 % (strong: under 25 %); "
    "grey: between. Conditions stand in order of ability. Intervals and p are in the table."
)


def ranking_matrix(report: Report) -> Figure | None:
    """None under three conditions, or where the model cannot be estimated."""
    ranking = report.bradley_terry
    if ranking is None or not ranking.estimable or len(ranking.abilities) < 3:
        return None
    names = sorted(ranking.abilities, key=lambda name: (-ranking.abilities[name], name))
    cell = min(LARGEST, (WIDTH - LEFT) / len(names))
    head = 46 if cell >= LARGEST else 104
    marks = [mark for i, name in enumerate(names) for mark in _row(ranking, names, name, head + cell * i, cell)]
    if len(names) <= MOST_WITH_NAMES:
        for i, name in enumerate(names):
            marks += _column(name, LEFT + cell * (i + 0.5), head, cell)
    return Figure(
        name="ranking",
        title="Bradley-Terry model: how often the row’s condition is chosen over the column’s",
        description="; ".join(f"{_rank(ranking, name)}{name}" for name in names) + ".",
        caption=CAPTION,
        width=LEFT + cell * len(names),
        height=head + cell * len(names) + 6,
        marks=tuple(marks),
        columns=("Pair", "Chosen over the other", "95 % interval", "p", "p, Holm"),
        rows=tuple(_pair(oriented(pair), {row.key for row in report.contrasts}) for pair in ranking.differences),
    )


def oriented(pair: "Difference") -> "Difference":
    """The better one first, so that no difference is negative."""
    if pair.difference >= 0:
        return pair
    ends = (-pair.interval[1], -pair.interval[0]) if pair.interval else None
    return replace(pair, a=pair.b, b=pair.a, difference=-pair.difference, interval=ends)


def _pair(pair: "Difference", contrasts: set[str]) -> Row:
    shares = None if pair.interval is None else (chosen_share(pair.interval[0]), chosen_share(pair.interval[1]))
    cells = (
        f"{pair.a} : {pair.b}",
        wording.percent(chosen_share(pair.difference)),
        wording.percent_range(shares),
        wording.p_text(pair.p),
        wording.p_text(pair.holm_p),
    )
    compared = next((key for key in (f"{pair.a}:{pair.b}", f"{pair.b}:{pair.a}") if key in contrasts), None)
    return Row(cells, VotesOf(compared) if compared else None)


def chosen_share(difference: float) -> float:
    """The model's share for a difference of abilities on the logit scale."""
    return 1 / (1 + exp(-difference)) if difference > -700 else 0.0


def kind_of(share: float) -> str:
    if share > 0.75:
        return "for-all"
    if share > 0.55:
        return "for-most"
    if share >= 0.45:
        return "even"
    return "against-most" if share >= 0.25 else "against-all"


def _row(ranking: "BradleyTerry", names: list[str], name: str, y: float, cell: float) -> list[Mark]:
    marks = [words(LEFT - 10, y + cell / 2 + 5, _rank(ranking, name) + shortened(name, 20), "text", anchor="end")]
    for j, other in enumerate(names):
        if other == name:
            continue
        share = chosen_share(ranking.abilities[name] - ranking.abilities[other])
        kind = kind_of(share)
        hint = f"{name} over {other}: {wording.percent(share)}"
        marks.append(box(LEFT + cell * j, y, cell, cell, kind, hint=hint))
        if cell >= SMALLEST_WITH_TEXT:
            text = f"{100 * share:.0f} %"
            marks.append(words(LEFT + cell * (j + 0.5), y + cell / 2 + 5, text, f"on-{kind}", anchor="middle"))
    return marks


def _column(name: str, x: float, head: float, cell: float) -> list[Mark]:
    if cell >= LARGEST:
        first, second = two_lines(name)
        lines = ((first, head - 26), (second, head - 10)) if second else ((first, head - 10),)
        return [words(x, y, text, "text", anchor="middle") for text, y in lines]
    return [words(x + 5, head - 8, shortened(name, LETTERS_UP), "text", upright=True)]


def two_lines(name: str) -> tuple[str, str]:
    """A name over a column, broken after its last sign that parts words, or in its middle."""
    if len(name) <= LETTERS_ACROSS:
        return name, ""
    parts = [i + 1 for i in range(LETTERS_ACROSS) if name[i] in "_-. /" and len(name) - i - 1 <= LETTERS_ACROSS]
    at = parts[-1] if parts else min(LETTERS_ACROSS, (len(name) + 1) // 2)
    return name[:at], shortened(name[at:], LETTERS_ACROSS)


def _rank(ranking: "BradleyTerry", name: str) -> str:
    rank = ranking.ranks.get(name)
    return "" if rank is None else f"{rank}. "
