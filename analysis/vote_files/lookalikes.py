"""Names that a reader takes for one and a program for two: by case, blanks, composed or full-width letters. Pure."""

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from .judgements import Judgements
from .problems import Problems, many, shown


def tell_lookalikes(judged: Judgements, problems: Problems, notes: list[str]) -> None:
    """Conditions that look alike are a problem. Items and evaluators are a note: ids may differ by case alone."""
    like = _like_another(judged.names)
    for codes in (judged.first, judged.second):
        problems.of_rows(
            np.isin(codes, list(like)),
            codes,
            lambda code: (
                f"the condition {_told(judged.names[code])} looks like {_told(judged.names[like[code]])}, which other "
                "rows name: write them alike, or so that they can be told apart."
            ),
        )
    for role, column in (("item", judged.items), ("evaluator", judged.evaluators)):
        like = {} if column is None else _like_another(column.values)
        if column is not None and like:
            code, first = min(like.items())
            line = problems.line_of(int(np.flatnonzero(column.codes == code)[0]))
            more = f", and {many(len(like) - 1, 'more name')}" if len(like) > 1 else ""
            notes.append(
                f"{role.capitalize()}s whose names look alike are taken for different ones: "
                f"{_told(column.values[code])} (line {line}) and {_told(column.values[first])}{more}."
            )


def _like_another(names: Sequence[str]) -> Mapping[int, int]:
    """The place of each name that looks like an earlier one, and the place of that one."""
    alike: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        alike[_look(name)].append(place)
    return {place: places[0] for places in alike.values() for place in places[1:]}


def _look(name: str) -> str:
    if name.isascii():
        return " ".join(name.casefold().split())
    seen = unicodedata.normalize("NFKC", name).casefold()
    # Joiners and marks of direction have no width.
    return " ".join("".join(letter for letter in seen if unicodedata.category(letter) != "Cf").split())


def _told(name: str) -> str:
    """So that the two are told apart on the page too."""
    return shown(name) if name.isascii() else ascii(name)
